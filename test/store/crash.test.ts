import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadEngine } from '../../lib/layer/index.js';
import { Store } from '../../lib/store/index.js';
import { transpile } from '../fixtures/transpile.js';

const SYSCALLS = ['rename', 'unlink', 'mkdir', 'rmdir', 'fsync', 'ftruncate'];

/** Every point takes a second: by default one in four is tried; SHALE_CRASH_ALL=1 tries them all. */
const STRIDE = process.env.SHALE_CRASH_ALL ? 1 : 4;

/** What the process does, and what it finds in the store when it begins. */
const CASES: { name: string; before: string[]; operations: string[] }[] = [
  { name: 'the first image of a new store', before: [], operations: ['put=one'] },
  { name: 'a tag that moves', before: ['put=one', 'put=two', 'tag=one'], operations: ['tag=two'] },
  {
    name: 'an image removed, and collected',
    before: ['put=one', 'put=two', 'tag=one'],
    operations: ['remove=one', 'collect'],
  },
];

t.test('killed at any change of a directory, the store is valid and the work can be done again', async t => {
  const code = t.testdir({});
  t.setTimeout(900_000);
  transpile(code, 'lib/store', 'lib/util', 'lib/oci', 'lib/layer', 'test/fixtures');
  for (const { name, before, operations } of CASES) {
    await t.test(name, { timeout: 600_000 }, async t => {
      const prepared = join(code, 'prepared');
      rmSync(prepared, { recursive: true, force: true });
      if (before.length > 0) t.equal(work(code, prepared, before).status, 0);
      let points = 0;
      for (const syscall of SYSCALLS) {
        for (let when = 1; when < 200; when += STRIDE) {
          const root = join(code, 'store');
          rmSync(root, { recursive: true, force: true });
          if (before.length > 0) cpSync(prepared, root, { recursive: true });
          const inject = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${syscall}`];
          inject.push('-e', `inject=${syscall}:signal=KILL:when=${when}`);
          const { signal, status, stderr } = work(code, root, operations, inject);
          if (status === 0) break;
          if (signal !== 'SIGKILL') t.fail(`${syscall} ${when}: ${stderr}`);
          points++;
          await isValid(t, root, `${syscall} ${when}`);
          const again = work(code, root, operations);
          if (again.status !== 0) t.fail(`${syscall} ${when}, again: ${again.stderr}`);
          await leavesNothing(t, root, `${syscall} ${when}`);
        }
      }
      t.comment(`${points} points`);
      t.ok(points * STRIDE > 8, 'the process was killed at many points');
    });
  }
});

function work(code: string, root: string, operations: string[], prefix: string[] = []) {
  const [command = '', ...args] = [
    ...prefix,
    process.execPath,
    join(code, 'test/fixtures/storeops.js'),
    root,
  ];
  // One thread, so that strace counts the calls of one.
  const env = { PATH: process.env.PATH, UV_THREADPOOL_SIZE: '1' };
  return spawnSync(command, [...args, ...operations], { encoding: 'utf8', env });
}

async function isValid(t: Test, root: string, when: string): Promise<void> {
  const store = await Store.open(root, { engine: loadEngine });
  const { problems } = await store.fsck();
  if (problems.length > 0) t.strictSame(problems, [], when);
  for (const image of await store.images.list()) await store.images.partsOf(image);
  await store.close();
}

async function leavesNothing(t: Test, root: string, when: string): Promise<void> {
  const store = await Store.open(root, { engine: loadEngine });
  await store.collect({ graceSeconds: 0 });
  await store.close();
  const left = readdirSync(join(root, 'tmp')).filter(name => name !== 'partial');
  if (left.length > 0) t.strictSame(left, [], `${when}: scratch is gone`);
  const { problems } = await store.fsck();
  if (problems.length > 0) t.strictSame(problems, [], `${when}, after collecting`);
  await store.close();
}
