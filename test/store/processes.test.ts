import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadEngine } from '../../lib/layer/index.js';
import { Store } from '../../lib/store/index.js';
import { transpile } from '../fixtures/transpile.js';

const PROCESSES = 16;

t.test('sixteen processes begin with no store at all', async t => {
  const { start, root } = prepare(t);
  await all(
    t,
    Array.from({ length: PROCESSES }, (_, i) => start(`put=image${i % 4}`, 'list')),
  );
  const store = await openStore(t, root);
  t.equal((await store.images.list()).length, 4);
  await isClean(t, store);
});

t.test('naming, moving, removing and collecting at once', async t => {
  const { start, root } = prepare(t);
  const workers = Array.from({ length: PROCESSES }, (_, i) => {
    const name = `image${i % 3}`;
    if (i % 5 === 4) return start(...Array(6).fill('collect'), 'list');
    return start(
      ...Array(4)
        .fill([`put=${name}`, `tag=${name}`, 'list', 'untag', `remove=${name}`])
        .flat(),
      `put=${name}`,
    );
  });
  await all(t, workers);
  const store = await openStore(t, root);
  for (const image of await store.images.list()) {
    t.ok(await store.images.partsOf(image), 'config and manifest are there');
    for (const diffId of (await store.images.config(image)).rootfs.diff_ids)
      t.ok(await store.layers.has(diffId));
  }
  await isClean(t, store);
});

t.test('one in three is killed; the others go on, and nothing stays locked or lying about', async t => {
  const { start, root } = prepare(t);
  const workers = Array.from({ length: PROCESSES }, (_, i) =>
    start(
      ...Array(3)
        .fill([`put=image${i}`, 'list', `tag=image${i}`])
        .flat(),
    ),
  );
  const victims = workers.filter((_, i) => i % 3 === 0);
  for (const [i, { child }] of victims.entries()) setTimeout(() => child.kill('SIGKILL'), 150 + i * 60);
  await Promise.all(victims.map(({ ended }) => ended));
  await all(
    t,
    workers.filter(worker => !victims.includes(worker)),
  );
  const store = await openStore(t, root);
  await store.collect({ graceSeconds: 0 });
  await store.close();
  t.strictSame(readdirSync(join(root, 'tmp')), ['partial']);
  await isClean(t, store);
});

interface Running {
  child: ReturnType<typeof spawn>;
  ended: Promise<{ code: number | null; errors: string }>;
}

function prepare(t: Test): { root: string; start: (...operations: string[]) => Running } {
  const code = t.testdir({});
  transpile(code, 'lib/store', 'lib/util', 'lib/oci', 'lib/layer', 'test/fixtures');
  const root = join(code, 'store');
  const script = join(code, 'test/fixtures/storeops.js');
  const start = (...operations: string[]): Running => {
    const child = spawn(process.execPath, [script, root, ...operations], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr?.on('data', chunk => {
      errors += chunk;
    });
    return { child, ended: once(child, 'close').then(([code]) => ({ code, errors })) };
  };
  return { root, start };
}

async function all(t: Test, workers: Running[]): Promise<void> {
  for (const { ended } of workers) {
    const { code, errors } = await ended;
    if (code !== 0) t.fail(`a process ended with ${code}: ${errors}`);
  }
  t.ok(workers.length > 0);
}

async function openStore(t: Test, root: string): Promise<Store> {
  const store = await Store.open(root, { engine: loadEngine });
  t.teardown(() => store.close());
  return store;
}

async function isClean(t: Test, store: Store): Promise<void> {
  t.strictSame((await store.fsck()).problems, []);
  const { manifests } = JSON.parse(readFileSync(join(store.root, 'index.json'), 'utf8'));
  const names = (await store.images.list()).flatMap(image => image.names);
  t.equal(manifests.length, names.length, 'every named image is whole and listed');
}
