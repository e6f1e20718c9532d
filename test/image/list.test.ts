import t from 'tap';
import { imageHistory, listImages, pruneImages, removeImage } from '../../lib/image/index.js';
import { encodeJson, OCI } from '../../lib/oci/index.js';
import type { Store } from '../../lib/store/index.js';
import { sha256 } from '../../lib/util/digest.js';
import { openStore, putImage, written } from '../fixtures/store.js';

/** An image whose layers are known by record only. */
async function put(store: Store, created: string, names: string[], extra: object = {}, layers = [created]) {
  for (const layer of layers) await store.addLayer(written(layer));
  const config = encodeJson({
    os: 'linux',
    architecture: 'amd64',
    created,
    rootfs: { type: 'layers', diff_ids: layers.map(sha256) },
    ...extra,
  });
  const manifest = {
    schemaVersion: 2 as const,
    config: { mediaType: OCI.config, digest: sha256(config), size: config.length },
    layers: layers.map(layer => ({ mediaType: OCI.layer, digest: sha256(layer), size: layer.length })),
  };
  return store.images.put({ config, manifest, names });
}

t.test('one line per name, the latest first, and docker’s filters', async t => {
  const store = await openStore(t);
  await put(store, '2026-01-01T00:00:00Z', ['debian:12', 'debian'], {
    config: { Labels: { a: 'b', c: '' } },
  });
  await put(store, '2026-02-01T00:00:00Z', []);
  const image = await put(store, '2026-03-01T00:00:00Z', ['x.org:5000/app/web:1']);
  await store.images.addRepoDigest(image.id, `x.org:5000/app/web@${sha256('manifest')}`);
  const names = async (options = {}) =>
    (await listImages(store, options)).map(({ repository, tag }) => `${repository}:${tag}`);
  t.strictSame(await names(), ['x.org:5000/app/web:1', '<none>:<none>', 'debian:12', 'debian:latest']);
  t.match((await listImages(store))[0], { digest: sha256('manifest'), size: 1, id: image.id });
  const cases: [object, number][] = [
    [{ filters: ['dangling=true'] }, 1],
    [{ filters: ['dangling=false'] }, 3],
    [{ filters: ['label=a'] }, 2],
    [{ filters: ['label=a=b', 'label=c='] }, 2],
    [{ filters: ['label=a=c'] }, 0],
    [{ filters: ['label!=a'] }, 2],
    [{ filters: ['label!=a=x', 'label!=z'] }, 4],
    [{ filters: ['before=x.org:5000/app/web:1'] }, 3],
    [{ filters: ['since=debian'] }, 2],
    [{ filters: ['until=2026-01-15T00:00:00Z'] }, 2],
    [{ filters: ['reference=deb*'] }, 2],
    [{ filters: ['reference=deb*:12', 'reference=*/app/web'] }, 2],
    [{ reference: 'debian' }, 2],
    [{ reference: 'debian:latest' }, 1],
    [{ reference: 'nothing' }, 0],
  ];
  for (const [options, count] of cases)
    t.equal((await names(options)).length, count, JSON.stringify(options));
  await t.rejects(names({ filters: ['color=red'] }), { code: 'USAGE_FILTER' });
  await t.rejects(names({ filters: ['dangling=perhaps'] }), { code: 'USAGE_FILTER' });
  await t.rejects(names({ filters: ['dangling'] }), { code: 'USAGE_FILTER' });
  await t.rejects(names({ filters: ['before=unknown'] }), { code: 'STORE_IMAGE_UNKNOWN' });
});

t.test('history pairs steps with layers, latest first', async t => {
  const store = await openStore(t);
  const history = [
    { created: '2026-01-01T00:00:00Z', created_by: 'ADD root' },
    { created: '2026-01-01T00:00:01Z', created_by: 'ENV a=b', empty_layer: true },
    { created: '2026-01-01T00:00:02Z', created_by: 'RUN x', comment: 'c' },
  ];
  const image = await put(store, '2026-01-01T00:00:02Z', ['x'], { history }, ['one', 'two', 'three']);
  t.match(await imageHistory(store, image), [
    { id: image.id, createdBy: '', size: 1, layer: sha256('three') },
    { id: '<missing>', createdBy: 'RUN x', comment: 'c', size: 1, layer: sha256('two') },
    { id: '<missing>', createdBy: 'ENV a=b', size: 0, layer: undefined },
    { id: '<missing>', createdBy: 'ADD root', size: 1, layer: sha256('one') },
  ]);
});

t.test('rmi untags, deletes with the last name, and heeds containers', async t => {
  const store = await openStore(t);
  const { record, layer } = await putImage(store, 'a', ['a:1', 'a:2', 'b:1']);
  await store.close();
  t.strictSame(await removeImage(store, 'a:1'), [{ untagged: 'a:1' }]);
  await t.rejects(removeImage(store, record.id.slice(7, 19)), {
    code: 'STORE_IMAGE_IN_USE',
    message: /must be forced.*multiple repositories/,
  });
  await store.pins.set({
    name: 'c1',
    image: record.id,
    digests: [],
    description: 'container abc',
    running: true,
  });
  await removeImage(store, 'b:1');
  await t.rejects(removeImage(store, 'a:2', { force: true }), {
    message: /cannot be forced.*running container abc/,
  });
  await store.pins.set({ name: 'c1', image: record.id, digests: [layer], description: 'container abc' });
  await t.rejects(removeImage(store, 'a:2'), {
    message:
      'conflict: unable to remove repository reference "a:2" (must force) - container abc is using its referenced image ' +
      record.id.slice(7, 19),
  });
  await t.rejects(removeImage(store, record.id), { message: /must be forced.*stopped container abc/ });
  await store.pins.delete('c1');
  await store.close();
  t.strictSame(await removeImage(store, record.id), [
    { untagged: 'a:2' },
    { deleted: record.id },
    { deleted: layer },
  ]);
  t.equal(await store.layers.get(layer), undefined);
  await t.rejects(removeImage(store, 'a:2'), { code: 'STORE_IMAGE_UNKNOWN', message: 'No such image: a:2' });
});

t.test('a layer that another image shares stays', async t => {
  const store = await openStore(t);
  await put(store, '2026-01-01T00:00:00Z', ['a'], {}, ['shared', 'own']);
  await put(store, '2026-01-02T00:00:00Z', ['b'], {}, ['shared']);
  await store.close();
  const lines = await removeImage(store, 'a');
  t.equal(lines.length, 3, 'the name, the image, one layer');
  t.ok(await store.layers.get(sha256('shared')));
  t.notOk(await store.layers.get(sha256('own')));
});

t.test('prune removes what has no name, or with all what no container uses', async t => {
  const store = await openStore(t);
  await put(store, '2026-01-01T00:00:00Z', ['named']);
  const used = await put(store, '2026-02-01T00:00:00Z', ['used']);
  const none = await put(store, '2026-03-01T00:00:00Z', []);
  await store.pins.set({ name: 'c', image: used.id, digests: [], description: 'container c' });
  await store.close();
  t.strictSame((await pruneImages(store, { filters: ['until=2026-01-01T00:00:00Z'] })).removed, []);
  t.strictSame((await pruneImages(store)).removed, [{ deleted: none.id }]);
  t.match((await pruneImages(store, { all: true })).removed, [{ untagged: 'named:latest' }, {}]);
  t.strictSame(
    (await store.images.list()).map(image => image.id),
    [used.id],
  );
});
