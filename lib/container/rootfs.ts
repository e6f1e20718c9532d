import { realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import type { RootDirectory } from '../sandbox/types.js';
import type { Store } from '../store/index.js';
import { ContainerError, errnoCode } from '../util/errors.js';

/**
 * A directory that a container is to be made of, by its real path: a link to it may lead elsewhere later.
 *
 * @throws ContainerError `CONTAINER_ROOTFS`
 */
export async function settledRootfs(store: Store, { path, overlay }: RootDirectory): Promise<RootDirectory> {
  const real = await realDirectory(path);
  const home = await realpath(store.root);
  if (contains(real, home) || contains(home, real))
    throw new ContainerError(
      'CONTAINER_ROOTFS',
      `the root file system ${path} and the store ${home} overlap`,
      {
        hint: 'give a directory that holds the files of the container alone',
      },
    );
  return { path: real, overlay };
}

/** @throws ContainerError `CONTAINER_ROOTFS` */
export async function realDirectory(path: string): Promise<string> {
  try {
    if ((await stat(path)).isDirectory()) return await realpath(path);
  } catch (cause) {
    const missing = errnoCode(cause) === 'ENOENT' || errnoCode(cause) === 'ENOTDIR';
    const why = missing ? 'no such file or directory' : String(errnoCode(cause));
    throw new ContainerError('CONTAINER_ROOTFS', `cannot use the root file system ${path}: ${why}`, {
      hint: 'with --rootfs the first word is a directory with the files of a whole system',
      cause,
    });
  }
  throw new ContainerError('CONTAINER_ROOTFS', `cannot use the root file system ${path}: not a directory`, {
    hint: 'tar -x -C DIR unpacks an archive',
  });
}

function contains(outer: string, inner: string): boolean {
  return outer === '/' || inner === outer || inner.startsWith(outer + sep);
}
