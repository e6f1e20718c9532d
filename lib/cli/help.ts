import type { Command } from './command.js';
import type { FlagSpec } from './flags.js';
import { examplesOf, shownFlags } from './manual.js';

/** The help of one command, as docker lays it out. */
export function commandHelp(command: Command, globals: readonly FlagSpec[]): string {
  const sections = [
    `Usage:  shale ${command.name} [OPTIONS]${command.operands === '' ? '' : ` ${command.operands}`}`,
    command.summary,
  ];
  if (command.aliases?.length)
    sections.push(
      `Aliases:\n  ${[command.name, ...command.aliases].map(name => `shale ${name}`).join(', ')}`,
    );
  if (command.flags.length > 0) sections.push(`Options:\n${flagTable(command.flags)}`);
  const examples = examplesOf(command);
  if (examples.length > 0) sections.push(`Examples:\n${examples.map(line => `  ${line}`).join('\n')}`);
  sections.push(`Global options (before the command):\n${flagTable(globals)}`);
  return `${sections.join('\n\n')}\n`;
}

/** The help of the program: every command with its one line. */
export function programHelp(
  commands: readonly Pick<Command, 'name' | 'summary'>[],
  globals: readonly FlagSpec[],
): string {
  const width = Math.max(...commands.map(command => command.name.length));
  const rows = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    'Usage:  shale [OPTIONS] COMMAND',
    'Builds OCI container images from Dockerfiles: no root, no daemon',
    `Commands:\n${rows.join('\n')}`,
    `Options:\n${flagTable(globals)}`,
    "Run 'shale COMMAND --help' for more information on a command.\n",
  ].join('\n\n');
}

function flagTable(flags: readonly FlagSpec[]): string {
  const shown = shownFlags(flags);
  const left = shown.map(flag => {
    const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
    const value = flag.kind === 'bool' ? '' : ` ${flag.value ?? 'string'}`;
    return `  ${short}--${flag.name}${flag.kind === 'optional' ? '' : value}`;
  });
  const width = Math.max(...left.map(text => text.length));
  return shown.map((flag, at) => `${(left[at] ?? '').padEnd(width)}   ${flag.help}`).join('\n');
}
