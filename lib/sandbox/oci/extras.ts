import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SandboxError } from '../../util/errors.js';
import { openBeneath } from '../beneath.js';
import type { PreparedMount, PreparedTree } from '../mounts.js';
import type { HostMount, SecretMount } from '../types.js';
import type { OciMount } from './config.js';
import { mountOverlay, stderrOf } from './overlay.js';

const run = promisify(execFile);

export interface MountedExtras {
  mounts: OciMount[];
  release(): Promise<void>;
}

/** Mounts in the worker's own namespace what an OCI runtime could not, and tells it to bind that. */
export async function mountExtras(
  extras: PreparedMount[],
  bundle: string,
  singleId: boolean,
): Promise<MountedExtras> {
  const mounted: string[] = [];
  const release = async () => {
    for (const place of mounted.reverse()) await run('umount', ['-l', place]).catch(() => {});
  };
  try {
    const mounts: OciMount[] = [];
    for (const [at, extra] of extras.entries()) {
      const place = join(bundle, `extra-${at}`);
      if (extra.type === 'tree') mounts.push(await treeMount(extra, place, mounted));
      else if (extra.type === 'secret') mounts.push(await secretMount(extra, place, mounted, singleId));
      else mounts.push(hostMount(extra, singleId));
    }
    return { mounts, release };
  } catch (error) {
    await release();
    throw error;
  }
}

function bindOf(source: string, target: string, options: string[]): OciMount {
  return { destination: target, type: 'none', source, options: ['rbind', 'rprivate', ...options] };
}

function hostMount(mount: HostMount, singleId: boolean): OciMount {
  const access = mount.readonly ? ['ro'] : [];
  if (mount.type === 'bind') return bindOf(mount.source, mount.target, access);
  const { target, size, inodes, mode = 0o1777, uid, gid, devices, noexec, suid } = mount;
  const owner = singleId ? {} : { uid, gid };
  const limits = Object.entries({ size, nr_inodes: inodes, mode: mode.toString(8), ...owner });
  const options = [
    ...access,
    ...(suid ? [] : ['nosuid']),
    ...(devices ? [] : ['nodev']),
    ...(noexec ? ['noexec'] : []),
    ...limits.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])),
  ];
  return { destination: target, type: 'tmpfs', source: 'tmpfs', options };
}

/** The source is opened beneath its root, and what was opened is bound to a place of ours, which nobody can exchange. */
async function treeMount(tree: PreparedTree, place: string, mounted: string[]): Promise<OciMount> {
  const { root, lowers, upper, work } = tree;
  if (lowers !== undefined && upper !== undefined && work !== undefined) {
    await mountOverlay({ root, lowers, upper, work });
    mounted.push(root);
  }
  const source = await openBeneath(root, tree.source);
  try {
    if ((await source.stat()).isDirectory()) await mkdir(place);
    else await writeFile(place, '');
    await run('mount', ['-c', '--rbind', `/proc/${process.pid}/fd/${source.fd}`, place]);
    mounted.push(place);
  } catch (error) {
    throw new SandboxError('SANDBOX_MOUNT_SOURCE', `cannot mount ${tree.source}: ${stderrOf(error)}`);
  } finally {
    await source.close();
  }
  return bindOf(place, tree.target, tree.readonly ? ['ro'] : []);
}

async function secretMount(
  { content, target, mode, uid, gid }: SecretMount,
  place: string,
  mounted: string[],
  singleId: boolean,
): Promise<OciMount> {
  await mkdir(place, { mode: 0o700 });
  await run('mount', ['-t', 'tmpfs', '-o', 'nosuid,nodev,noexec,mode=700', 'tmpfs', place]);
  mounted.push(place);
  const file = join(place, 'secret');
  await writeFile(file, content, { mode: 0o600 });
  if (!singleId) await chown(file, uid, gid);
  await chmod(file, mode);
  return bindOf(file, target, ['ro', 'nosuid', 'nodev', 'noexec']);
}
