import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { OCI } from '../../lib/oci/index.js';
import { Store } from '../../lib/store/index.js';
import { chainId, type Digest, digestHex, sha256 } from '../../lib/util/digest.js';
import { entry, image, openStore, putTree, written } from '../fixtures/store.js';

t.test('a new store is an empty OCI layout that only its owner can enter', async t => {
  const store = await openStore(t);
  t.equal(statSync(store.root).mode & 0o777, 0o700);
  t.strictSame(JSON.parse(readFileSync(join(store.root, 'oci-layout'), 'utf8')), {
    imageLayoutVersion: '1.0.0',
  });
  t.strictSame(JSON.parse(readFileSync(join(store.root, 'index.json'), 'utf8')).manifests, []);
  t.strictSame(await store.images.list(), []);
});

t.test('open refuses what is no store, and a newer format', async t => {
  const dir = t.testdir({ home: { 'letter.txt': 'x' }, newer: { 'format.json': '{"format":99}' } });
  await t.rejects(Store.open(join(dir, 'home')), { code: 'STORE_NOT_A_STORE' });
  t.notOk(existsSync(join(dir, 'home/blobs')));
  await t.rejects(Store.open(join(dir, 'newer')), { code: 'STORE_FORMAT_NEWER' });
  writeFileSync(join(dir, 'file'), '');
  await t.rejects(Store.open(join(dir, 'file')), { code: 'STORE_UNUSABLE' });
});

t.test('content: written, read back, streamed; damage is noticed', async t => {
  const store = await openStore(t);
  const { digest, size } = await store.content.write(Buffer.from('hello'));
  t.equal(size, 5);
  t.ok(await store.content.has(digest));
  t.equal((await store.content.read(digest, 100)).toString(), 'hello');
  await t.rejects(store.content.read(digest, 4), { code: 'STORE_BLOB_TOO_LARGE' });
  await t.rejects(store.content.read(sha256('nothing'), 4), { code: 'STORE_BLOB_MISSING' });
  t.equal(Buffer.concat(await (await store.content.open(digest)).toArray()).toString(), 'hello');
  rmSync(store.content.path(digest));
  writeFileSync(store.content.path(digest), 'hellO');
  await t.rejects(store.content.read(digest, 100), { code: 'STORE_CORRUPT' });
  await t.rejects((await store.content.open(digest)).toArray(), { code: 'STORE_CORRUPT' });
});

t.test('ingest takes a file over, and refuses one of another size', async t => {
  const store = await openStore(t);
  const path = await store.content.partialPath(sha256('blob'));
  writeFileSync(path, 'blob');
  await t.rejects(store.content.ingest(path, { digest: sha256('blob'), size: 5 }), {
    code: 'STORE_SIZE_MISMATCH',
  });
  await store.transfer.commit({ digest: sha256('blob'), size: 4 }, path);
  t.notOk(existsSync(path));
  t.equal(await store.content.size(sha256('blob')), 4);
});

t.test('layers: put, get, forms', async t => {
  const store = await openStore(t);
  const scratch = await store.scratch('layer');
  writeFileSync(join(scratch, 'tar'), 'plain');
  writeFileSync(join(scratch, 'gz'), 'packed');
  const blob = {
    path: join(scratch, 'gz'),
    mediaType: OCI.layerGzip,
    digest: sha256('packed'),
    size: 6,
  };
  await store.addLayer(written('plain'), { blob });
  t.match(await store.blobFor(sha256('plain')), { compression: 'gzip', digest: sha256('packed') });
  await store.addLayer(written('plain'), { tarPath: join(scratch, 'tar') });
  t.match(
    await store.blobFor(sha256('plain')),
    { compression: 'none', digest: sha256('plain') },
    'plain first',
  );
  t.equal((await store.layers.get(sha256('plain')))?.blobs.length, 2);
  t.strictSame(await store.layers.index(sha256('plain')), [entry]);
  t.equal(await store.layers.get(sha256('unknown')), undefined);
  await t.rejects(store.layers.index(sha256('unknown')), { code: 'STORE_LAYER_UNKNOWN' });
});

t.test('trees belong to chains', async t => {
  const store = await openStore(t);
  const [low, top] = [sha256('low'), sha256('top')];
  t.notOk(await store.layers.has(top));
  await putTree(store, [low, top]);
  t.ok(await store.hasTree([low, top]));
  t.notOk(await store.hasTree([top]));
  t.equal(store.treePath([low, top]), join(store.root, 'trees', digestHex(chainId([low, top]) as Digest)));
  t.equal(readFileSync(join(store.treePath([low, top]), 'a'), 'utf8'), 'x');
  t.strictSame(await store.trees.of(top), [[low, top]]);
  t.ok(await store.layers.has(top));
});

t.test('trees of another id map are others', async t => {
  const usual = await openStore(t);
  const other = await Store.open(usual.root, { family: 'keep-id 7:8' });
  t.teardown(() => other.close());
  const chain = [sha256('low'), sha256('top')];
  await putTree(other, chain);
  t.ok(await other.hasTree(chain));
  t.notOk(await usual.hasTree(chain));
  t.strictSame(await usual.trees.of(sha256('top')), []);
  t.strictSame(await other.trees.of(sha256('top')), [chain]);
  t.equal(usual.treePath(chain, 'keep-id 7:8'), other.treePath(chain));
  t.not(usual.treePath(chain), other.treePath(chain));
  await putTree(usual, chain);
  const all = await usual.trees.allOf(sha256('top'));
  t.same(all.map(({ family }) => family).sort(), ['keep-id 7:8', undefined]);
  t.match(await usual.trees.marksOf(sha256('top')), [
    { known: { layers: chain } },
    { known: { layers: chain } },
  ]);
});

t.test('images: names, lookups, index.json', async t => {
  const store = await openStore(t);
  const { config, manifest, layer } = image('one');
  const put = await store.images.put({ config, manifest, names: ['debian', 'me/x:1'] });
  t.strictSame(put.names, ['docker.io/library/debian:latest', 'docker.io/me/x:1']);
  const index = () => JSON.parse(readFileSync(join(store.root, 'index.json'), 'utf8')).manifests;
  t.strictSame(index(), [], 'a layer is missing');
  await store.content.write(layer);
  t.equal(index().length, 2, 'listed as soon as it is whole');
  for (const text of [
    'debian',
    'docker.io/library/debian',
    put.id,
    put.id.slice(7, 19),
    put.id.slice(0, 14),
  ]) {
    t.equal((await store.images.find(text))?.id, put.id, text);
  }
  t.equal(await store.images.find('debian:nope'), undefined);
  await t.rejects(store.images.require('nope'), { code: 'STORE_IMAGE_UNKNOWN' });
  const other = await store.images.put({ ...image('two'), names: ['debian'] });
  t.equal((await store.images.find('debian'))?.id, other.id, 'the last writer has the name');
  t.strictSame((await store.images.get(put.id))?.names, ['docker.io/me/x:1']);
  t.ok(await store.images.untag('me/x:1'));
  t.notOk(await store.images.untag('me/x:1'));
  t.equal((await store.images.list()).length, 2, 'an image without a name is still there');
  t.equal(index().length, 0);
  await store.images.remove(put.id);
  t.equal(await store.images.get(put.id), undefined);
});

t.test('cache: a hit, a miss, a damaged record', async t => {
  const store = await openStore(t);
  const key = sha256('key');
  const record = { key, layer: null, created: 'c', description: 'RUN x', inputs: {}, lastUsed: '' };
  t.equal(await store.cache.get(key), undefined);
  await store.cache.put(record);
  t.match(await store.cache.get(key), { key, description: 'RUN x' });
  t.strictSame(await store.cache.keys(), [key]);
  const path = join(store.root, 'cache', digestHex(key).slice(0, 2), `${digestHex(key)}.json`);
  writeFileSync(path, readFileSync(path, 'utf8').replace('RUN x', 'RUN y'));
  t.equal(await store.cache.get(key), undefined, 'valid JSON with another checksum');
});

t.test('locks exclude one another, and tell who is waited for', async t => {
  const notes: string[] = [];
  const store = await openStore(t, { onWait: (note: string) => notes.push(note) });
  let inside = 0;
  const work = async () => {
    t.equal(++inside, 1);
    await new Promise(resolve => setTimeout(resolve, 1300));
    inside--;
  };
  await Promise.all([store.withLock('x', work), store.withLock('x', work)]);
  t.match(notes, [new RegExp(`"x", held by process ${process.pid}`)]);
});
