import type { ListedCommand } from '../command.js';

/** Lists of images for several platforms. */
export const MANIFEST_COMMANDS: readonly ListedCommand[] = [
  {
    name: 'buildx imagetools create',
    summary: 'Make an index of images that registries have',
    load: async () => (await import('../commands/imagetools.js')).imagetoolsCreate,
  },
  {
    name: 'buildx imagetools inspect',
    summary: 'Show what a registry has under a name',
    load: async () => (await import('../commands/imagetools.js')).imagetoolsInspect,
  },
  {
    name: 'manifest create',
    summary: 'Make a list of images for several platforms',
    load: async () => (await import('../commands/manifest.js')).manifestCreate,
  },
  {
    name: 'manifest add',
    summary: 'Add an image to a manifest list',
    load: async () => (await import('../commands/manifest.js')).manifestAdd,
  },
  {
    name: 'manifest annotate',
    summary: 'Say what platform an image of a manifest list is for',
    load: async () => (await import('../commands/manifest.js')).manifestAnnotate,
  },
  {
    name: 'manifest inspect',
    summary: 'Show a manifest list, or what a registry has under a name',
    load: async () => (await import('../commands/manifest.js')).manifestInspect,
  },
  {
    name: 'manifest push',
    summary: 'Upload a manifest list and its images to a registry',
    load: async () => (await import('../commands/manifest.js')).manifestPush,
  },
  {
    name: 'manifest remove',
    summary: 'Take an image out of a manifest list',
    load: async () => (await import('../commands/manifest.js')).manifestRemove,
  },
  {
    name: 'manifest rm',
    summary: 'Forget manifest lists',
    load: async () => (await import('../commands/manifest.js')).manifestRm,
  },
  {
    name: 'manifest exists',
    summary: 'Tell by the exit code whether there is a manifest list',
    load: async () => (await import('../commands/manifest.js')).manifestExists,
  },
];
