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
  {
    name: 'run',
    aliases: ['container run'],
    summary: 'Run a command in a new container',
    load: async () => (await import('./commands/run.js')).run,
  },
  {
    name: 'create',
    aliases: ['container create'],
    summary: 'Make a container without starting it',
    load: async () => (await import('./commands/create.js')).create,
  },
  {
    name: 'start',
    aliases: ['container start'],
    summary: 'Start stopped containers',
    load: async () => (await import('./commands/start.js')).startCommand,
  },
  {
    name: 'stop',
    aliases: ['container stop'],
    summary: 'Stop running containers',
    load: async () => (await import('./commands/lifecycle.js')).stopCommand,
  },
  {
    name: 'kill',
    aliases: ['container kill'],
    summary: 'Send a signal to running containers',
    load: async () => (await import('./commands/lifecycle.js')).killCommand,
  },
  {
    name: 'restart',
    aliases: ['container restart'],
    summary: 'Stop and start containers',
    load: async () => (await import('./commands/lifecycle.js')).restartCommand,
  },
  {
    name: 'port',
    aliases: ['container port'],
    summary: "List a container's published ports",
    load: async () => (await import('./commands/port.js')).port,
  },
  {
    name: 'wait',
    aliases: ['container wait'],
    summary: 'Wait for containers and print their exit codes',
    load: async () => (await import('./commands/lifecycle.js')).waitCommand,
  },
  {
    name: 'rm',
    aliases: ['container rm', 'container remove'],
    summary: 'Remove containers',
    load: async () => (await import('./commands/lifecycle.js')).rm,
  },
  {
    name: 'rename',
    aliases: ['container rename'],
    summary: 'Give a container another name',
    load: async () => (await import('./commands/lifecycle.js')).renameCommand,
  },
  {
    name: 'pause',
    aliases: ['container pause'],
    summary: 'Stop all processes of containers',
    load: async () => (await import('./commands/lifecycle.js')).pauseCommand,
  },
  {
    name: 'unpause',
    aliases: ['container unpause'],
    summary: 'Let the processes of containers go on',
    load: async () => (await import('./commands/lifecycle.js')).unpauseCommand,
  },
  {
    name: 'stats',
    aliases: ['container stats'],
    summary: 'Show what containers use',
    load: async () => (await import('./commands/stats.js')).statsCommand,
  },
  {
    name: 'update',
    aliases: ['container update'],
    summary: 'Change how containers are looked after',
    load: async () => (await import('./commands/update.js')).updateCommand,
  },
  {
    name: 'exec',
    aliases: ['container exec'],
    summary: 'Run a command in a running container',
    load: async () => (await import('./commands/exec.js')).execCommand,
  },
  {
    name: 'attach',
    aliases: ['container attach'],
    summary: 'Connect with a running container',
    load: async () => (await import('./commands/start.js')).attachCommand,
  },
  {
    name: 'logs',
    aliases: ['container logs'],
    summary: 'Show the output of a container',
    load: async () => (await import('./commands/logs.js')).logsCommand,
  },
  {
    name: 'ps',
    aliases: ['container ls', 'container list', 'container ps'],
    summary: 'List containers',
    load: async () => (await import('./commands/ps.js')).ps,
  },
  {
    name: 'top',
    aliases: ['container top'],
    summary: 'Show the processes of a container',
    load: async () => (await import('./commands/top.js')).topCommand,
  },
  {
    name: 'cp',
    aliases: ['container cp'],
    summary: 'Copy files between a container and this machine',
    load: async () => (await import('./commands/cp.js')).cp,
  },
  {
    name: 'diff',
    aliases: ['container diff'],
    summary: 'Show what a container has changed of its image',
    load: async () => (await import('./commands/commit.js')).diffCommand,
  },
  {
    name: 'commit',
    aliases: ['container commit'],
    summary: 'Make an image of a container',
    load: async () => (await import('./commands/commit.js')).commitCommand,
  },
  {
    name: 'export',
    aliases: ['container export'],
    summary: 'Write the root file system of a container as a tar',
    load: async () => (await import('./commands/commit.js')).exportCommand,
  },
  {
    name: 'image inspect',
    summary: 'Display detailed information on images',
    load: async () => (await import('./commands/inspect.js')).imageInspect,
  },
  {
    name: 'container inspect',
    summary: 'Display detailed information on containers',
    load: async () => (await import('./commands/inspect.js')).containerInspect,
  },
  {
    name: 'container prune',
    summary: 'Remove all stopped containers',
    load: async () => (await import('./commands/lifecycle.js')).containerPrune,
  },
  {
    name: 'images',
    aliases: ['image ls', 'image list'],
    summary: 'List images',
    load: async () => (await import('./commands/images.js')).images,
  },
  {
    name: 'pull',
    aliases: ['image pull'],
    summary: 'Download an image from a registry',
    load: async () => (await import('./commands/pull.js')).pull,
  },
  {
    name: 'push',
    aliases: ['image push'],
    summary: 'Upload an image to a registry',
    load: async () => (await import('./commands/push.js')).push,
  },
  {
    name: 'tag',
    aliases: ['image tag'],
    summary: 'Give an image another name',
    load: async () => (await import('./commands/tag.js')).tag,
  },
  {
    name: 'rmi',
    aliases: ['image rm', 'image remove'],
    summary: 'Remove one or more images',
    load: async () => (await import('./commands/rmi.js')).rmi,
  },
  {
    name: 'history',
    aliases: ['image history'],
    summary: 'Show the history of an image',
    load: async () => (await import('./commands/history.js')).history,
  },
  {
    name: 'inspect',
    summary: 'Display detailed information on containers, images and volumes',
    load: async () => (await import('./commands/inspect.js')).inspectCommand,
  },
  {
    name: 'save',
    aliases: ['image save'],
    summary: 'Save images to a tar archive',
    load: async () => (await import('./commands/archives.js')).save,
  },
  {
    name: 'load',
    aliases: ['image load'],
    summary: 'Load images from a tar archive or standard input',
    load: async () => (await import('./commands/archives.js')).load,
  },
  {
    name: 'import',
    aliases: ['image import'],
    summary: 'Make an image from a tar of a root file system',
    load: async () => (await import('./commands/archives.js')).importCommand,
  },
  {
    name: 'image layers',
    summary: 'Show what each layer of an image adds, changes, removes and wastes',
    load: async () => (await import('./commands/image-layers.js')).imageLayers,
  },
  {
    name: 'image diff',
    summary: 'Show how the files of two images differ',
    load: async () => (await import('./commands/image-look.js')).imageDiff,
  },
  {
    name: 'image tree',
    summary: 'Show the files of an image with their sizes, or the images by shared layers',
    load: async () => (await import('./commands/image-tree.js')).imageTree,
  },
  {
    name: 'image report',
    summary: 'Write a page that shows where the bytes of an image are',
    load: async () => (await import('./commands/image-look.js')).imageReport,
  },
  {
    name: 'image prune',
    summary: 'Remove images that have no name and no container',
    load: async () => (await import('./commands/prune.js')).imagePrune,
  },
  {
    name: 'manifest create',
    summary: 'Make a list of images for several platforms',
    load: async () => (await import('./commands/manifest.js')).manifestCreate,
  },
  {
    name: 'manifest add',
    summary: 'Add an image to a manifest list',
    load: async () => (await import('./commands/manifest.js')).manifestAdd,
  },
  {
    name: 'manifest annotate',
    summary: 'Say what platform an image of a manifest list is for',
    load: async () => (await import('./commands/manifest.js')).manifestAnnotate,
  },
  {
    name: 'manifest inspect',
    summary: 'Show a manifest list, or what a registry has under a name',
    load: async () => (await import('./commands/manifest.js')).manifestInspect,
  },
  {
    name: 'manifest push',
    summary: 'Upload a manifest list and its images to a registry',
    load: async () => (await import('./commands/manifest.js')).manifestPush,
  },
  {
    name: 'manifest remove',
    summary: 'Take an image out of a manifest list',
    load: async () => (await import('./commands/manifest.js')).manifestRemove,
  },
  {
    name: 'manifest rm',
    summary: 'Forget manifest lists',
    load: async () => (await import('./commands/manifest.js')).manifestRm,
  },
  {
    name: 'manifest exists',
    summary: 'Tell by the exit code whether there is a manifest list',
    load: async () => (await import('./commands/manifest.js')).manifestExists,
  },
  {
    name: 'system df',
    summary: 'Show what takes space on the disk',
    load: async () => (await import('./commands/system-df.js')).systemDf,
  },
  {
    name: 'system prune',
    summary: 'Remove what nobody uses: containers, images, build cache',
    load: async () => (await import('./commands/prune.js')).systemPrune,
  },
  {
    name: 'builder du',
    aliases: ['buildx du'],
    summary: 'Show what the build cache holds',
    load: async () => (await import('./commands/builder-du.js')).builderDu,
  },
  {
    name: 'builder prune',
    aliases: ['buildx prune'],
    summary: 'Remove the build cache',
    load: async () => (await import('./commands/prune.js')).builderPrune,
  },
  {
    name: 'builder cache-mounts ls',
    summary: 'List the directories that RUN --mount=type=cache has left',
    load: async () => (await import('./commands/cache-mounts.js')).cacheMountsLs,
  },
  {
    name: 'builder cache-mounts prune',
    summary: 'Remove cache directories that no step uses now',
    load: async () => (await import('./commands/cache-mounts.js')).cacheMountsPrune,
  },
  {
    name: 'builder cache-mounts export',
    summary: 'Write the content of a cache directory to a tar',
    load: async () => (await import('./commands/cache-mounts.js')).cacheMountsExport,
  },
  {
    name: 'builder cache-mounts import',
    summary: 'Fill a cache directory from a tar',
    load: async () => (await import('./commands/cache-mounts.js')).cacheMountsImport,
  },
  {
    name: 'volume create',
    summary: 'Create a volume',
    load: async () => (await import('./commands/volume.js')).volumeCreate,
  },
  {
    name: 'volume ls',
    aliases: ['volume list'],
    summary: 'List volumes',
    load: async () => (await import('./commands/volume.js')).volumeList,
  },
  {
    name: 'volume inspect',
    summary: 'Display detailed information on volumes',
    load: async () => (await import('./commands/volume.js')).volumeInspect,
  },
  {
    name: 'volume rm',
    aliases: ['volume remove'],
    summary: 'Remove volumes',
    load: async () => (await import('./commands/volume.js')).volumeRemove,
  },
  {
    name: 'volume prune',
    summary: 'Remove volumes that no container has',
    load: async () => (await import('./commands/volume.js')).volumePrune,
  },
  {
    name: 'login',
    summary: 'Log in to a registry',
    load: async () => (await import('./commands/login.js')).login,
  },
  {
    name: 'logout',
    summary: 'Log out from a registry',
    load: async () => (await import('./commands/login.js')).logout,
  },
  {
    name: 'info',
    aliases: ['system info'],
    summary: 'What this machine can do, what was chosen, and what is missing',
    load: async () => (await import('./commands/info.js')).info,
  },
  {
    name: 'fsck',
    aliases: ['system fsck'],
    summary: 'Check the store, and drop what is damaged',
    load: async () => (await import('./commands/fsck.js')).fsck,
  },
  {
    name: 'version',
    summary: 'Show the version',
    load: async () => (await import('./commands/version.js')).versionCommand,
  },
  {
    name: 'completion',
    summary: 'Print the completion script of a shell',
    load: async () => (await import('./commands/completion.js')).completion,
  },
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
