import type { ListedCommand } from '../command.js';

/** Images of the store. */
export const IMAGE_COMMANDS: readonly ListedCommand[] = [
  {
    name: 'image inspect',
    summary: 'Display detailed information on images',
    load: async () => (await import('../commands/inspect.js')).imageInspect,
  },
  {
    name: 'images',
    aliases: ['image ls', 'image list'],
    summary: 'List images',
    load: async () => (await import('../commands/images.js')).images,
  },
  {
    name: 'tag',
    aliases: ['image tag'],
    summary: 'Give an image another name',
    load: async () => (await import('../commands/tag.js')).tag,
  },
  {
    name: 'rmi',
    aliases: ['image rm', 'image remove'],
    summary: 'Remove one or more images',
    load: async () => (await import('../commands/rmi.js')).rmi,
  },
  {
    name: 'history',
    aliases: ['image history'],
    summary: 'Show the history of an image',
    load: async () => (await import('../commands/history.js')).history,
  },
  {
    name: 'save',
    aliases: ['image save'],
    summary: 'Save images to a tar archive',
    load: async () => (await import('../commands/archives.js')).save,
  },
  {
    name: 'load',
    aliases: ['image load'],
    summary: 'Load images from a tar archive or standard input',
    load: async () => (await import('../commands/archives.js')).load,
  },
  {
    name: 'import',
    aliases: ['image import'],
    summary: 'Make an image from a tar of a root file system',
    load: async () => (await import('../commands/archives.js')).importCommand,
  },
  {
    name: 'image layers',
    summary: 'Show what each layer of an image adds, changes, removes and wastes',
    load: async () => (await import('../commands/image-layers.js')).imageLayers,
  },
  {
    name: 'image diff',
    summary: 'Show how the files of two images differ',
    load: async () => (await import('../commands/image-look.js')).imageDiff,
  },
  {
    name: 'image tree',
    summary: 'Show the files of an image with their sizes, or the images by shared layers',
    load: async () => (await import('../commands/image-tree.js')).imageTree,
  },
  {
    name: 'image report',
    summary: 'Write a page that shows where the bytes of an image are',
    load: async () => (await import('../commands/image-look.js')).imageReport,
  },
  {
    name: 'unpack',
    summary: 'Make an OCI runtime bundle of an image in an OCI image layout',
    load: async () => (await import('../commands/layouts.js')).unpackCommand,
  },
  {
    name: 'gc',
    summary: 'Delete the blobs of an OCI image layout that nothing leads to',
    load: async () => (await import('../commands/layouts.js')).gc,
  },
  {
    name: 'image prune',
    summary: 'Remove images that have no name and no container',
    load: async () => (await import('../commands/prune.js')).imagePrune,
  },
];
