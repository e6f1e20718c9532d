import { spawnSync } from 'node:child_process';
import { linkSync, unlinkSync } from 'node:fs';
import { at, atForProgram } from './dirs.js';

/** Node has no mknod(2); every system has the program. Its arguments are UTF-8, so the name is made in a second step. */
export function makeNode(dir: number, name: string, mode: number, what: string[]): boolean {
  const plain = `.shale-node-${process.pid}`;
  const made = spawnSync(
    'mknod',
    [
      '-m',
      (mode & 0o7777).toString(8).padStart(4, '0'),
      atForProgram(dir, plain).toString('latin1'),
      ...what,
    ],
    { stdio: 'ignore' },
  );
  if (made.status !== 0) return false;
  linkSync(at(dir, plain), at(dir, name));
  unlinkSync(at(dir, plain));
  return true;
}
