import type { ListedCommand } from '../command.js';

/** Volumes. */
export const VOLUME_COMMANDS: readonly ListedCommand[] = [
  {
    name: 'volume create',
    summary: 'Create a volume',
    load: async () => (await import('../commands/volume.js')).volumeCreate,
  },
  {
    name: 'volume ls',
    aliases: ['volume list'],
    summary: 'List volumes',
    load: async () => (await import('../commands/volume.js')).volumeList,
  },
  {
    name: 'volume inspect',
    summary: 'Display detailed information on volumes',
    load: async () => (await import('../commands/volume.js')).volumeInspect,
  },
  {
    name: 'volume rm',
    aliases: ['volume remove'],
    summary: 'Remove volumes',
    load: async () => (await import('../commands/volume.js')).volumeRemove,
  },
  {
    name: 'volume prune',
    summary: 'Remove volumes that no container has',
    load: async () => (await import('../commands/volume.js')).volumePrune,
  },
];
