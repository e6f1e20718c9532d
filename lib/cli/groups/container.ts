import type { ListedCommand } from '../command.js';

/** Containers. */
export const CONTAINER_COMMANDS: readonly ListedCommand[] = [
  {
    name: 'run',
    aliases: ['container run'],
    summary: 'Run a command in a new container',
    load: async () => (await import('../commands/run.js')).run,
  },
  {
    name: 'create',
    aliases: ['container create'],
    summary: 'Make a container without starting it',
    load: async () => (await import('../commands/create.js')).create,
  },
  {
    name: 'start',
    aliases: ['container start'],
    summary: 'Start stopped containers',
    load: async () => (await import('../commands/start.js')).startCommand,
  },
  {
    name: 'stop',
    aliases: ['container stop'],
    summary: 'Stop running containers',
    load: async () => (await import('../commands/lifecycle.js')).stopCommand,
  },
  {
    name: 'kill',
    aliases: ['container kill'],
    summary: 'Send a signal to running containers',
    load: async () => (await import('../commands/lifecycle.js')).killCommand,
  },
  {
    name: 'restart',
    aliases: ['container restart'],
    summary: 'Stop and start containers',
    load: async () => (await import('../commands/lifecycle.js')).restartCommand,
  },
  {
    name: 'port',
    aliases: ['container port'],
    summary: "List a container's published ports",
    load: async () => (await import('../commands/port.js')).port,
  },
  {
    name: 'wait',
    aliases: ['container wait'],
    summary: 'Wait for containers and print their exit codes',
    load: async () => (await import('../commands/lifecycle.js')).waitCommand,
  },
  {
    name: 'rm',
    aliases: ['container rm', 'container remove'],
    summary: 'Remove containers',
    load: async () => (await import('../commands/lifecycle.js')).rm,
  },
  {
    name: 'rename',
    aliases: ['container rename'],
    summary: 'Give a container another name',
    load: async () => (await import('../commands/lifecycle.js')).renameCommand,
  },
  {
    name: 'pause',
    aliases: ['container pause'],
    summary: 'Stop all processes of containers',
    load: async () => (await import('../commands/lifecycle.js')).pauseCommand,
  },
  {
    name: 'unpause',
    aliases: ['container unpause'],
    summary: 'Let the processes of containers go on',
    load: async () => (await import('../commands/lifecycle.js')).unpauseCommand,
  },
  {
    name: 'stats',
    aliases: ['container stats'],
    summary: 'Show what containers use',
    load: async () => (await import('../commands/stats.js')).statsCommand,
  },
  {
    name: 'update',
    aliases: ['container update'],
    summary: 'Change how containers are looked after',
    load: async () => (await import('../commands/update.js')).updateCommand,
  },
  {
    name: 'exec',
    aliases: ['container exec'],
    summary: 'Run a command in a running container',
    load: async () => (await import('../commands/exec.js')).execCommand,
  },
  {
    name: 'attach',
    aliases: ['container attach'],
    summary: 'Connect with a running container',
    load: async () => (await import('../commands/start.js')).attachCommand,
  },
  {
    name: 'logs',
    aliases: ['container logs'],
    summary: 'Show the output of a container',
    load: async () => (await import('../commands/logs.js')).logsCommand,
  },
  {
    name: 'ps',
    aliases: ['container ls', 'container list', 'container ps'],
    summary: 'List containers',
    load: async () => (await import('../commands/ps.js')).ps,
  },
  {
    name: 'top',
    aliases: ['container top'],
    summary: 'Show the processes of a container',
    load: async () => (await import('../commands/top.js')).topCommand,
  },
  {
    name: 'cp',
    aliases: ['container cp'],
    summary: 'Copy files between a container and this machine',
    load: async () => (await import('../commands/cp.js')).cp,
  },
  {
    name: 'diff',
    aliases: ['container diff'],
    summary: 'Show what a container has changed of its image',
    load: async () => (await import('../commands/commit.js')).diffCommand,
  },
  {
    name: 'config',
    aliases: ['container config'],
    summary: 'Say what an image that is committed of a container is to have',
    load: async () => (await import('../commands/config.js')).config,
  },
  {
    name: 'commit',
    aliases: ['container commit'],
    summary: 'Make an image of a container',
    load: async () => (await import('../commands/commit.js')).commitCommand,
  },
  {
    name: 'export',
    aliases: ['container export'],
    summary: 'Write the root file system of a container as a tar',
    load: async () => (await import('../commands/commit.js')).exportCommand,
  },
  {
    name: 'container inspect',
    summary: 'Display detailed information on containers',
    load: async () => (await import('../commands/inspect.js')).containerInspect,
  },
  {
    name: 'container prune',
    summary: 'Remove all stopped containers',
    load: async () => (await import('../commands/lifecycle.js')).containerPrune,
  },
];
