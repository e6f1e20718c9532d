import type { ListedCommand } from '../command.js';

/** Images that come and go. */
export const REGISTRY_COMMANDS: readonly ListedCommand[] = [
  {
    name: 'pull',
    aliases: ['image pull'],
    summary: 'Download an image from a registry',
    load: async () => (await import('../commands/pull.js')).pull,
  },
  {
    name: 'push',
    aliases: ['image push'],
    summary: 'Upload an image to a registry',
    load: async () => (await import('../commands/push.js')).push,
  },
  {
    name: 'copy',
    summary: 'Copy an image between registries, layouts, archives, directories and the store',
    load: async () => (await import('../commands/copy.js')).copyCommand,
  },
  {
    name: 'list-tags',
    summary: 'List the tags of a repository, or the names in a docker archive',
    load: async () => (await import('../commands/list-tags.js')).listTagsCommand,
  },
  {
    name: 'delete',
    summary: 'Delete an image from a registry',
    load: async () => (await import('../commands/delete.js')).deleteCommand,
  },
  {
    name: 'login',
    summary: 'Log in to a registry',
    load: async () => (await import('../commands/login.js')).login,
  },
  {
    name: 'logout',
    summary: 'Log out from a registry',
    load: async () => (await import('../commands/login.js')).logout,
  },
];
