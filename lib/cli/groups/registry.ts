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
