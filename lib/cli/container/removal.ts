import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';

/** What the monitor executes when a container with `--rm` has ended and nobody is attached who would remove it. */
export function removalOf(container: string, root: string | undefined): string[] {
  const [node = '', program = ''] = process.argv;
  const { SHALE_STORAGE_DRIVER } = process.env;
  const globals = [
    ...(root === undefined ? [] : ['--root', resolve(root)]),
    ...(SHALE_STORAGE_DRIVER === undefined ? [] : ['--storage-driver', SHALE_STORAGE_DRIVER]),
  ];
  return [node, realpathSync(program), ...globals, 'rm', '-f', container];
}
