import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** flock(2) without waiting. True: the lock is ours until every copy of the descriptor is closed. */
export type TryFlock = (fd: number, mode: 'shared' | 'exclusive') => Promise<boolean>;

/**
 * Through util-linux: the child shares our open file description, to which the lock belongs, so that the lock
 * stays with us when the child has gone.
 */
export const flockByCommand: TryFlock = async (fd, mode) => {
  const code = await run('flock', ['-n', mode === 'shared' ? '-s' : '-x', '3'], fd);
  if (code === 0) return true;
  if (code === 1) return false;
  throw new Error(`flock failed with exit code ${code}`);
};

/** syncfs(2) through coreutils. */
export async function syncfsByCommand(path: string): Promise<void> {
  const code = await run('sync', ['-f', path]);
  if (code !== 0) throw new Error(`sync -f failed with exit code ${code}`);
}

async function run(command: string, args: string[], fd?: number): Promise<unknown> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'inherit', ...(fd === undefined ? [] : [fd])],
  });
  const [code] = await once(child, 'close');
  return code;
}
