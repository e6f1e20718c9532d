import { access, constants, stat } from 'node:fs/promises';
import type { BindMount } from '../sandbox/types.js';
import { ContainerError, errnoCode } from '../util/errors.js';
import type { Device } from './options.js';

/**
 * Devices of the host as mounts. The container's processes are this user's to the host, without its other groups, so
 * they can open what this user itself may.
 *
 * @throws ContainerError `CONTAINER_DEVICE`
 */
export async function deviceMounts(devices: readonly Device[] = []): Promise<BindMount[]> {
  await Promise.all(devices.map(({ source }) => checkDevice(source)));
  return devices.map(({ source, target }) => ({ type: 'bind', source, target }));
}

async function checkDevice(path: string): Promise<void> {
  const bad = (why: string, hint?: string): ContainerError =>
    new ContainerError(
      'CONTAINER_DEVICE',
      `error gathering device information while adding custom device "${path}": ${why}`,
      { hint },
    );
  const found = await stat(path).catch((error: unknown) => {
    throw bad(errnoCode(error) === 'ENOENT' ? 'no such file or directory' : String(errnoCode(error)));
  });
  if (found.isDirectory()) return;
  if (!found.isCharacterDevice() && !found.isBlockDevice()) throw bad('not a device node');
  const mayOpen = await access(path, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  const byGroup = found.uid !== process.geteuid?.() && (found.mode & 0o006) !== 0o006;
  if (!mayOpen || byGroup) {
    throw bad(
      mayOpen ? 'only its group may open it, and containers have no group of the host' : 'permission denied',
      `it needs an owner or a mode that lets you open it: ls -l ${path}`,
    );
  }
}
