import { type Addon, loadAddon } from './addon.js';
import { errorMessage, StoreError } from './errors.js';
import { runProgram } from './os-program.js';

/** Extended attributes of files, links not followed: through the addon, or getfattr(1) and setfattr(1). */

function addon(): Addon | undefined {
  return loadAddon().addon;
}

function xattrError(what: string, path: string, error: unknown): StoreError {
  return new StoreError(
    'STORE_XATTR_FAILED',
    `cannot ${what} extended attributes of ${path}: ${errorMessage(error)}`,
    {
      cause: error,
    },
  );
}

/**
 * @returns undefined when the file has no such attribute
 * @throws StoreError `STORE_XATTR_FAILED`, `STORE_PROGRAM_MISSING`
 */
export async function lgetxattr(path: string, name: string): Promise<Buffer | undefined> {
  const native = addon();
  if (native !== undefined) {
    try {
      return native.lgetxattr(path, name);
    } catch (error) {
      throw xattrError('read', path, error);
    }
  }
  const args = ['-h', '--absolute-names', '--only-values', '-n', name, '--', path];
  const { status, output } = await runProgram('getfattr', args);
  return status === 0 ? output : undefined;
}

/** @throws StoreError `STORE_XATTR_FAILED`, `STORE_PROGRAM_MISSING` */
export async function lsetxattr(path: string, name: string, value: Uint8Array): Promise<void> {
  const native = addon();
  try {
    if (native !== undefined) return native.lsetxattr(path, name, Buffer.from(value));
    const text = `0x${Buffer.from(value).toString('hex')}`;
    const { status } = await runProgram('setfattr', ['-h', '-n', name, '-v', text, '--', path]);
    if (status !== 0) throw new Error(`setfattr(1) ended with status ${status}`);
  } catch (error) {
    throw xattrError('set', path, error);
  }
}

/** Names of all attributes. @throws StoreError `STORE_XATTR_FAILED`, `STORE_PROGRAM_MISSING` */
export async function llistxattr(path: string): Promise<string[]> {
  const native = addon();
  try {
    if (native !== undefined)
      return native
        .llistxattr(path)
        .toString()
        .split('\0')
        .filter(name => name !== '');
    const { status, output } = await runProgram('getfattr', [
      '-h',
      '--absolute-names',
      '-m',
      '-',
      '--',
      path,
    ]);
    if (status !== 0) throw new Error(`getfattr(1) ended with status ${status}`);
    const lines = output.toString().split('\n');
    return lines.filter(line => line !== '' && !line.startsWith('# file: '));
  } catch (error) {
    throw xattrError('list', path, error);
  }
}
