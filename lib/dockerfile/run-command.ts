import { heredocText, isHeredocWord } from './heredoc.js';
import type { RunInstruction } from './types.js';

/** What a RUN executes. */
export interface RunCommand {
  args: string[];
  /** an executable file that must be there, in a read-only directory that is not committed */
  script?: { path: string; content: string };
}

/** Where docker puts the script of a here-document that begins with `#!`. */
const SCRIPTS = '/dev/pipes/';

/**
 * The arguments that a RUN instruction executes.
 *
 * A here-document alone is the script itself: run by the shell, or, if it begins with `#!`, as a program. In any other
 * place it is put back behind the command, for the shell to read.
 *
 * @param shell what SHELL says, or the default `/bin/sh -c`
 */
export function runCommand(run: RunInstruction, shell: readonly string[]): RunCommand {
  if (run.form === 'exec') return { args: run.command };
  const text = run.command.join(' ');
  const [first] = run.heredocs;
  if (first === undefined) return { args: [...shell, text] };
  if (!isHeredocWord(text)) {
    const bodies = run.heredocs.map(({ content, name }) => `\n${content}${name}`);
    return { args: [...shell, text + bodies.join('')] };
  }
  const content = heredocText(first);
  if (!content.startsWith('#!')) return { args: [...shell, content] };
  // The name is a delimiter that somebody wrote; as a file name it must stay in its directory.
  const path = SCRIPTS + (first.name.replace(/[/\0]/g, '_').replace(/^\.+$/, '_') || '_');
  return { args: [...shell, path], script: { path, content } };
}
