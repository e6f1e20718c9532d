import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Store } from '../../lib/store/index.js';
import { digestHex, sha256 } from '../../lib/util/digest.js';
import { openStore, putImage, putTree } from '../fixtures/store.js';

t.test('what is referred to stays, the rest goes', async t => {
  const store = await openStore(t);
  const kept = await putImage(store, 'kept');
  const gone = await putImage(store, 'gone');
  const cached = await putImage(store, 'cached');
  const pinned = await putImage(store, 'pinned');
  for (const { layer } of [kept, gone, cached, pinned]) await putTree(store, [layer]);
  const other = await Store.open(store.root, { family: 'keep-id 7:8' });
  for (const { layer } of [kept, gone]) await putTree(other, [layer]);
  await other.close();
  const key = sha256('key');
  await store.cache.put({ key, layer: cached.layer, created: '', description: '', inputs: {}, lastUsed: '' });
  await store.pins.set({ name: 'container-1', digests: [pinned.layer], description: 'container 1' });
  for (const { record } of [gone, cached, pinned]) await store.images.remove(record.id);

  t.strictSame((await store.collect({ graceSeconds: 0 })).layers, [], 'all is leased by this process');
  await store.close();
  t.strictSame((await store.collect()).layers, [], 'all is young');
  const collected = await store.collect({ graceSeconds: 0 });
  t.strictSame(collected.layers, [gone.layer]);
  t.equal(collected.trees.length, 2, 'those of every id map');
  t.ok(collected.reclaimed > 0);
  for (const { layer } of [kept, cached, pinned]) {
    t.ok(await store.layers.blobFor(layer));
    t.ok(await store.hasTree([layer]));
  }
  t.notOk(existsSync(store.content.path(gone.record.id)));
  t.ok(existsSync(store.treePath([kept.layer], 'keep-id 7:8')));
  t.notOk(existsSync(store.treePath([gone.layer], 'keep-id 7:8')));
});

t.test('the lease of a living process holds, that of a dead one does not', async t => {
  const store = await openStore(t);
  const { record, layer } = await putImage(store, 'x');
  await store.close();
  const other = await Store.open(store.root);
  t.ok(await other.layers.has(layer));
  await store.images.remove(record.id);
  await store.collect({ graceSeconds: 0 });
  t.ok(await store.layers.blobFor(layer), 'leased by the other');
  await other.close();
  await store.close();
  await store.collect({ graceSeconds: 0 });
  t.equal(await store.layers.blobFor(layer), undefined);
});

t.test('scratch of a dead process is swept, with its lease', async t => {
  const store = await openStore(t);
  writeFileSync(join(store.root, 'tmp/0123456789abcdef.lease'), '');
  await store.scratch('mine');
  t.strictSame(
    readdirSync(join(store.root, 'tmp')).filter(name => name.startsWith('0123')),
    [],
  );
  const mine = readdirSync(join(store.root, 'tmp'));
  t.equal(mine.length, 3, 'partial, our scratch, our lease');
  await store.close();
  t.strictSame(readdirSync(join(store.root, 'tmp')), ['partial']);
});

t.test('a download that nobody continued for a day goes, with the state of its hash', async t => {
  const store = await openStore(t);
  const dir = join(store.root, 'tmp/partial');
  for (const name of ['old', 'new']) {
    const path = await store.content.partialPath(sha256(name));
    for (const file of [path, `${path}.sha256`]) {
      writeFileSync(file, 'x');
      if (name === 'old') utimesSync(file, 1, 1);
    }
  }
  await store.collect({ graceSeconds: 0 });
  const left = digestHex(sha256('new'));
  t.strictSame(readdirSync(dir).sort(), [left, `${left}.sha256`]);
});

t.test('a damaged image record stops garbage collection', async t => {
  const store = await openStore(t);
  const { record } = await putImage(store, 'x');
  writeFileSync(join(store.root, 'images', `${record.id.slice(7)}.json`), '{}');
  await t.rejects(store.collect({ graceSeconds: 0 }), { code: 'STORE_CORRUPT' });
});

t.test('builder prune: what images need stays cached, unless all is asked for', async t => {
  const store = await openStore(t);
  const inImage = await putImage(store, 'image');
  const alone = await putImage(store, 'alone');
  await store.images.remove(alone.record.id);
  for (const layer of [inImage.layer, alone.layer, null]) {
    const key = sha256(`key ${layer}`);
    await store.cache.put({ key, layer, created: '', description: '', inputs: {}, lastUsed: '' });
  }
  await store.close();
  const usage = await store.usage();
  t.match(usage, { images: { count: 1, active: 0 }, cache: { count: 3, active: 1 } });
  t.ok(usage.cache.reclaimable > 0 && usage.images.reclaimable > 0);
  t.strictSame((await store.pruneCache({ until: Date.now() - 60_000 })).records, [], 'all was used just now');
  t.strictSame((await store.pruneCache({ keepBytes: 1 << 30 })).records, [], 'small enough');
  const pruned = await store.pruneCache();
  t.equal(pruned.records.length, 2);
  t.equal(pruned.reclaimed, usage.cache.reclaimable, 'as was announced');
  t.equal(await store.layers.get(alone.layer), undefined);
  t.equal((await store.pruneCache({ all: true })).records.length, 1);
  t.ok(await store.layers.get(inImage.layer), 'the image still has its layer');
});

t.test('usage counts what du counts', async t => {
  const store = await openStore(t);
  const { layer } = await putImage(store, 'x');
  await putTree(store, [layer]);
  await store.close();
  const du = Number(
    execFileSync('du', ['-s', '--block-size=1', store.root], { encoding: 'utf8' }).split('\t')[0],
  );
  t.equal((await store.usage()).bytes, du);
});

const NOBODY = 65534;

t.test('trees that we may not delete are handed to who may', async t => {
  // root may delete anything: for this test it is somebody else
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(NOBODY);
  const base = mkdtempSync(join(tmpdir(), 'shale-gc-'));
  t.teardown(() => {
    if (isRoot) process.seteuid?.(0);
    rmSync(base, { recursive: true, force: true });
  });
  const store = await Store.open(join(base, 'store'));
  const { record, layer } = await putImage(store, 'x');
  const dir = join(await store.scratch('unpack'), 'tree');
  mkdirSync(join(dir, 'sub'), { recursive: true });
  writeFileSync(join(dir, 'sub/file'), '');
  await store.addTree([layer], dir);
  const path = store.treePath([layer]);
  chmodSync(join(path, 'sub'), 0o555);
  chmodSync(path, 0o555);
  await store.images.remove(record.id);
  await store.close();
  const collected = await store.collect({ graceSeconds: 0 });
  t.strictSame(collected.left, [path], 'it could not even be moved');
  t.notOk(await store.hasTree([layer]), 'but it counts no more');
  await store.close();
  const removeTrees = async (paths: string[]) => {
    t.strictSame(paths, [path]);
    for (const each of paths) execFileSync('chmod', ['-R', 'u+w', each]);
    for (const each of paths) rmSync(each, { recursive: true });
  };
  t.strictSame((await store.collect({ graceSeconds: 0, removeTrees })).left, []);
  t.strictSame(readdirSync(join(store.root, 'trees')), []);
});
