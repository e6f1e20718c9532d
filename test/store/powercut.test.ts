import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { loadEngine } from '../../lib/layer/index.js';
import { Store } from '../../lib/store/index.js';
import { run } from '../fixtures/tars.js';
import { transpile } from '../fixtures/transpile.js';

const lacks =
  (process.getuid?.() !== 0 && 'needs root, to mount a file system from a file') ||
  (!existsSync('/dev/loop-control') && 'needs loop devices') ||
  (spawnSync('mkfs.ext4', ['-V']).status !== 0 && 'needs mkfs.ext4 (Debian: e2fsprogs)');

/**
 * A copy of the disk at one moment is what a power cut leaves: the file system's journal writes nothing back on its own
 * for `commit` seconds, so that only what was synced is in it.
 */
t.test('the power is cut', { skip: lacks, timeout: 120_000 }, async t => {
  const code = t.testdir({});
  transpile(code, 'lib/store', 'lib/util', 'lib/oci', 'lib/layer', 'test/fixtures');
  const script = join(code, 'test/fixtures/storeops.js');
  const [disk, copy, live, after] = ['disk', 'copy', 'live', 'after'].map(name => join(code, name)) as [
    string,
    string,
    string,
    string,
  ];
  mkdirSync(live);
  mkdirSync(after);
  execFileSync('truncate', ['-s', '64M', disk]);
  run('mkfs.ext4', '-q', '-F', disk);
  run('mount', '-o', 'loop,commit=300', disk, live);

  const check = async (what: string, names: string[]) => {
    run('mount', '-o', 'loop', copy, after);
    try {
      const store = await Store.open(join(after, 'store'), { engine: loadEngine });
      t.strictSame((await store.fsck()).problems, [], what);
      const found = (await store.images.list()).flatMap(image => image.names);
      for (const name of names) t.ok(found.includes(name), `${what}: ${name} is there`);
      for (const image of await store.images.list()) t.ok(await store.images.partsOf(image));
      await store.close();
    } finally {
      run('umount', after);
    }
  };

  try {
    run(
      process.execPath,
      script,
      join(live, 'store'),
      'put=one',
      'put=two',
      'tag=one',
      'tag=two',
      'remove=one',
    );
    cpSync(disk, copy);
    await check('right after the command', ['docker.io/library/two:latest', 'docker.io/library/shared:tag']);

    for (const delay of [120, 200, 280, 360]) {
      const operations = [1, 2, 3, 4, 5, 6].flatMap(i => [`put=${delay}-${i}`, `tag=${delay}-${i}`]);
      const child = spawn(process.execPath, [script, join(live, 'store'), ...operations], {
        stdio: 'ignore',
      });
      await sleep(delay);
      child.kill('SIGSTOP');
      cpSync(disk, copy);
      child.kill('SIGKILL');
      await check(`after ${delay} ms`, ['docker.io/library/two:latest', 'docker.io/library/shared:tag']);
    }
  } finally {
    run('umount', '-l', live);
  }
});
