import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SandboxError } from '../../util/errors.js';
import { isMounted } from '../mountinfo.js';
import { findProgram } from '../paths.js';
import { reportError } from '../report.js';
import type { Workshop } from '../trees.js';
import type { Driver, DriverTools, OverlayDirectories, PreparedRoot } from './driver.js';
import { overlayDirectories, probeDirectories } from './overlay.js';

/**
 * A program serves the mount; it is a child of the worker, in the worker's pid namespace, and dies with it.
 *
 * @param settleUpper turns what it leaves into what the kernel's overlay would leave
 */
export function fuseDriver(shop: Workshop, settleUpper: DriverTools['settleUpper']): Driver {
  return {
    name: 'fuse-overlayfs',
    async prepare(base, directory, signal): Promise<PreparedRoot> {
      const directories = await overlayDirectories(shop, base, directory, signal);
      const unmount = await mountFuse(directories);
      const { root, upper: tree } = directories;
      const release = async () => {
        await unmount();
        await settleUpper(directories);
      };
      return {
        root,
        upper: tree,
        release,
        changes: async () => ({ source: { kind: 'upper', root: tree }, tree }),
      };
    },
    probe: async directory => {
      const directories = await probeDirectories(directory);
      await writeFile(join(directories.lowers[0] ?? '', 'victim'), '');
      const release = await mountFuse(directories);
      try {
        await writeFile(join(directories.root, 'made'), '');
        await rm(join(directories.root, 'victim'));
      } finally {
        await release();
      }
    },
  };
}

const MOUNT_TIMEOUT_MS = 10_000;

/** A comma or backslash would end the option, a colon the directory. */
function escapeOption(path: string): string {
  return path.replace(/[\\,:]/g, '\\$&');
}

function mountOptions({ lowers, upper, work }: OverlayDirectories): string {
  const lowerdir = lowers.map(escapeOption).join(':');
  return `lowerdir=${lowerdir},upperdir=${escapeOption(upper)},workdir=${escapeOption(work)}`;
}

/**
 * Program and arguments that serve an overlay until they are ended.
 * @throws SandboxError `SANDBOX_FUSE`
 */
function fuseCommand(directories: OverlayDirectories, options: string): [string, ...string[]] {
  const program = findProgram('fuse-overlayfs');
  if (program === undefined) {
    throw new SandboxError('SANDBOX_FUSE', 'fuse-overlayfs is not installed', {
      hint: 'apt-get install fuse-overlayfs',
    });
  }
  return [program, '-f', '-o', mountOptions(directories) + options, directories.root];
}

/**
 * The program for a container that stays: it lives as long as the container and not as the worker. Nothing that was
 * written is held back in the kernel's cache, so that it is in the upper directory when somebody looks there, or when
 * the program is killed.
 *
 * @param options.durable what is synced is to survive a power cut
 * @throws SandboxError `SANDBOX_FUSE`
 */
export function serverCommand(directories: OverlayDirectories, options: { durable: boolean }): string[] {
  return fuseCommand(directories, options.durable ? ',writeback=0' : ',writeback=0,volatile');
}

/**
 * Mounts, and returns what unmounts.
 * @throws SandboxError `SANDBOX_FUSE`
 */
async function mountFuse(directories: OverlayDirectories): Promise<() => Promise<void>> {
  const [program, ...args] = fuseCommand(directories, ',volatile');
  const { execa } = await import('execa');
  const server = execa(program, args, {
    // who serves a file system to all ids is their root, which this process need not be
    uid: 0,
    gid: 0,
    stdin: 'ignore',
    stdout: 'ignore',
    reject: false,
    forceKillAfterDelay: 5000,
  });
  const state = { ended: false };
  const ended = server.then(result => {
    state.ended = true;
    return result;
  });
  const deadline = Date.now() + MOUNT_TIMEOUT_MS;
  while (!state.ended && Date.now() < deadline) {
    if (await isMounted(directories.root)) {
      return async () => {
        server.kill('SIGTERM');
        await ended;
      };
    }
    await sleep(2);
  }
  server.kill('SIGKILL');
  const { stderr } = await ended;
  const message = `fuse-overlayfs did not mount: ${lastLine(String(stderr))}`;
  throw reportError({ error: { code: 'SANDBOX_FUSE', message } });
}

/** Above it stand remarks about options. */
function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
