import type { Command, ListedCommand } from './command.js';
import { BUILD_COMMANDS } from './groups/build.js';
import { CONTAINER_COMMANDS } from './groups/container.js';
import { IMAGE_COMMANDS } from './groups/image.js';
import { MANIFEST_COMMANDS } from './groups/manifest.js';
import { REGISTRY_COMMANDS } from './groups/registry.js';
import { SYSTEM_COMMANDS } from './groups/system.js';
import { VOLUME_COMMANDS } from './groups/volume.js';

/** All commands, in the order in which help shows them. */
export const COMMANDS: readonly ListedCommand[] = [
  ...BUILD_COMMANDS,
  ...CONTAINER_COMMANDS,
  ...IMAGE_COMMANDS,
  ...REGISTRY_COMMANDS,
  ...MANIFEST_COMMANDS,
  ...VOLUME_COMMANDS,
  ...SYSTEM_COMMANDS,
];

export interface FoundCommand {
  command: Command;
  /** what follows the command's name */
  rest: string[];
}

/** Finds the command that a line begins with: of several, the one of the most words (`image ls` before `image`). */
export async function findCommand(words: readonly string[]): Promise<FoundCommand | undefined> {
  for (const length of [3, 2, 1]) {
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
