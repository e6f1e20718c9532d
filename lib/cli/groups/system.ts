import type { ListedCommand } from '../command.js';

/** The store as a whole, the machine, and the program itself. */
export const SYSTEM_COMMANDS: readonly ListedCommand[] = [
  {
    name: 'inspect',
    summary: 'Display detailed information on containers, images and volumes',
    load: async () => (await import('../commands/inspect.js')).inspectCommand,
  },
  {
    name: 'system df',
    summary: 'Show what takes space on the disk',
    load: async () => (await import('../commands/system-df.js')).systemDf,
  },
  {
    name: 'system prune',
    summary: 'Remove what nobody uses: containers, images, build cache',
    load: async () => (await import('../commands/prune.js')).systemPrune,
  },
  {
    name: 'info',
    aliases: ['system info'],
    summary: 'What this machine can do, what was chosen, and what is missing',
    load: async () => (await import('../commands/info.js')).info,
  },
  {
    name: 'fsck',
    aliases: ['system fsck'],
    summary: 'Check the store, and drop what is damaged',
    load: async () => (await import('../commands/fsck.js')).fsck,
  },
  {
    name: 'version',
    summary: 'Show the version',
    load: async () => (await import('../commands/version.js')).versionCommand,
  },
  {
    name: 'completion',
    summary: 'Print the completion script of a shell',
    load: async () => (await import('../commands/completion.js')).completion,
  },
];
