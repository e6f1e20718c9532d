import type { Command } from './command.js';

interface Listed {
  name: string;
  aliases?: string[];
  summary: string;
  load: () => Promise<Command>;
}

/**
 * All commands. Each is loaded when it is typed: a cached build must not pay for the code of the others.
 */
export const COMMANDS: readonly Listed[] = [
  {
    name: 'build',
    aliases: ['image build', 'builder build', 'buildx build'],
    summary: 'Build an image from a Dockerfile',
    load: async () => (await import('./commands/build.js')).build,
  },
];

export interface FoundCommand {
  command: Command;
  /** what follows the command's name */
  rest: string[];
}

/** Finds the command that a line begins with: two words (`image ls`) before one (`images`). */
export async function findCommand(words: readonly string[]): Promise<FoundCommand | undefined> {
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(' ');
    const listed = COMMANDS.find(command => command.name === name || command.aliases?.includes(name));
    if (listed !== undefined && words.length >= length) {
      return { command: await listed.load(), rest: words.slice(length) };
    }
  }
  return undefined;
}

/** The commands that begin with a group's name: `image` gives `image inspect`, … */
export function commandsOf(group: string): { name: string; summary: string }[] {
  return COMMANDS.flatMap(({ name, aliases = [], summary }) => {
    const typed = [name, ...aliases].find(candidate => candidate.startsWith(`${group} `));
    return typed === undefined ? [] : [{ name: typed, summary }];
  });
}
