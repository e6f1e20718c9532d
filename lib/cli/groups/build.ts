import type { ListedCommand } from '../command.js';

/** Building, and what builds leave in the cache. */
export const BUILD_COMMANDS: readonly ListedCommand[] = [
  {
    name: 'build',
    aliases: ['image build', 'builder build', 'buildx build'],
    summary: 'Build an image from a Dockerfile',
    load: async () => (await import('../commands/build.js')).build,
  },
  {
    name: 'builder du',
    aliases: ['buildx du'],
    summary: 'Show what the build cache holds',
    load: async () => (await import('../commands/builder-du.js')).builderDu,
  },
  {
    name: 'builder prune',
    aliases: ['buildx prune'],
    summary: 'Remove the build cache',
    load: async () => (await import('../commands/prune.js')).builderPrune,
  },
  {
    name: 'builder cache-mounts ls',
    summary: 'List the directories that RUN --mount=type=cache has left',
    load: async () => (await import('../commands/cache-mounts.js')).cacheMountsLs,
  },
  {
    name: 'builder cache-mounts prune',
    summary: 'Remove cache directories that no step uses now',
    load: async () => (await import('../commands/cache-mounts.js')).cacheMountsPrune,
  },
  {
    name: 'builder cache-mounts export',
    summary: 'Write the content of a cache directory to a tar',
    load: async () => (await import('../commands/cache-mounts.js')).cacheMountsExport,
  },
  {
    name: 'builder cache-mounts import',
    summary: 'Fill a cache directory from a tar',
    load: async () => (await import('../commands/cache-mounts.js')).cacheMountsImport,
  },
];
