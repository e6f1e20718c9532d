import {
  createReadStream,
  createWriteStream,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { importTar, loadArchive, saveArchive } from '../../lib/image/index.js';
import { loadEngine } from '../../lib/layer/index.js';
import type { Store } from '../../lib/store/index.js';
import { digestHex } from '../../lib/util/digest.js';
import { openStore } from '../fixtures/store.js';
import { baseTar, run } from '../fixtures/tars.js';

const engine = await loadEngine();
const options = { engine: loadEngine };

/** A store with two images, and a directory for archives. */
async function prepare(t: Test): Promise<{ store: Store; dir: string }> {
  const store = await openStore(t, options);
  const dir = join(store.root, '..');
  await importTar(store, engine, baseTar(dir, 'one'), { name: 'one:1', created: '2026-01-01T00:00:00Z' });
  await importTar(store, engine, baseTar(dir, 'two'), {
    name: 'x.org/two:2',
    created: '2026-01-02T00:00:00Z',
  });
  return { store, dir };
}

async function save(store: Store, format: 'docker' | 'oci', to: string, ...names: string[]): Promise<string> {
  await saveArchive(store, engine, names, { format }, createWriteStream(to));
  return to;
}

t.test('what save writes, others read', async t => {
  const { store, dir } = await prepare(t);
  const { id, manifest } = await store.images.require('one:1');
  const docker = await save(store, 'docker', join(dir, 'docker.tar'), 'one:1');
  const oci = await save(store, 'oci', join(dir, 'oci.tar'), 'one:1');
  t.match(JSON.parse(run('skopeo', 'inspect', '--config', `docker-archive:${docker}`)), { os: 'linux' });
  t.equal(
    JSON.parse(run('skopeo', 'inspect', `oci-archive:${oci}`)).Digest,
    manifest.digest,
    'the digest stays',
  );
  run('skopeo', 'copy', '-q', `docker-archive:${docker}:one:1`, `oci:${dir}/copied:one`);
  run('skopeo', 'copy', '-q', `oci-archive:${oci}:1`, `oci:${dir}/copied:two`);
  run('umoci', 'unpack', '--rootless', '--image', `${dir}/copied:one`, join(dir, 'bundle'));
  t.equal(readFileSync(join(dir, 'bundle/rootfs/etc/greeting'), 'utf8'), 'one\n');
  run(
    'umoci',
    'unpack',
    '--rootless',
    '--image',
    `${store.root}:docker.io/library/one:1`,
    join(dir, 'direct'),
  );
  t.equal(
    readFileSync(join(dir, 'direct/rootfs/etc/greeting'), 'utf8'),
    'one\n',
    'the store itself is a layout',
  );
  // podman refuses a long path here.
  const runroot = mkdtempSync('/tmp/store-pod-');
  t.teardown(() => rmSync(runroot, { recursive: true, force: true }));
  for (const archive of [docker, oci]) {
    const podman = ['--root', join(dir, 'pod'), '--runroot', runroot, '--storage-driver', 'vfs'];
    run('podman', ...podman, 'load', '-q', '-i', archive);
    t.match(run('podman', ...podman, 'images', '--no-trunc', '-q'), digestHex(id), `podman loads ${archive}`);
  }
});

t.test('saving twice gives equal bytes, and several images share layers', async t => {
  const { store, dir } = await prepare(t);
  await store.images.tag((await store.images.require('one:1')).id, 'again');
  for (const format of ['docker', 'oci'] as const) {
    const names = ['one:1', 'x.org/two:2', 'again'];
    const first = readFileSync(await save(store, format, join(dir, 'a.tar'), ...names));
    t.ok(first.equals(readFileSync(await save(store, format, join(dir, 'b.tar'), ...names))), format);
    t.equal(
      run('tar', 'tf', join(dir, 'a.tar')).match(/blobs\/sha256\/./g)?.length,
      6,
      'three blobs each, once',
    );
  }
  await t.rejects(save(store, 'oci', join(dir, 'c.tar'), 'none'), { code: 'STORE_IMAGE_UNKNOWN' });
});

t.test('what we save, we load: names, ids, digests', async t => {
  const { store, dir } = await prepare(t);
  const original = await store.images.list();
  for (const format of ['docker', 'oci'] as const) {
    const archive = await save(store, format, join(dir, `${format}.tar`), 'one:1', 'x.org/two:2');
    run('gzip', '-kn', archive);
    run('xz', '-k', archive);
    for (const suffix of ['', '.gz', '.xz']) {
      const fresh = await openFresh(t, `${dir}/${format}${suffix}`);
      const source = suffix === '' ? createReadStream(archive) : `${archive}${suffix}`;
      const loaded = await loadArchive(fresh, engine, source);
      t.equal(loaded.length, 2);
      const facts = (image: { id: string; names: string[] }) => [image.id, image.names];
      t.strictSame((await fresh.images.list()).map(facts), original.map(facts), `${format}${suffix}`);
      t.strictSame((await fresh.fsck()).problems, []);
    }
  }
});

t.test('archives that skopeo writes', async t => {
  const { store, dir } = await prepare(t);
  const source = `oci:${store.root}:docker.io/library/one:1`;
  const { id } = await store.images.require('one:1');
  run('skopeo', 'copy', '-q', source, `docker-archive:${dir}/skopeo.docker.tar:skopeo/one:3`);
  run('skopeo', 'copy', '-q', '--dest-compress', source, `oci:${dir}/packed:one`);
  run('skopeo', 'copy', '-q', `oci:${dir}/packed:one`, `oci-archive:${dir}/skopeo.oci.tar:skopeo/two:4`);
  run('skopeo', 'copy', '-q', source, `oci-archive:${dir}/plaintag.tar:v5`);
  const fresh = await openFresh(t, `${dir}/skopeo`);
  const [docker] = await loadArchive(fresh, engine, `${dir}/skopeo.docker.tar`);
  t.strictSame(docker?.names, ['docker.io/skopeo/one:3']);
  const [oci] = await loadArchive(fresh, engine, `${dir}/skopeo.oci.tar`);
  t.ok(oci?.names.includes('docker.io/skopeo/two:4'));
  t.equal(oci?.id, id);
  const { layers } = await fresh.images.manifest(await fresh.images.require('skopeo/two:4'));
  t.match(layers, [{ mediaType: /gzip/ }], 'the compressed form is kept as it came');
  const [tagged] = await loadArchive(fresh, engine, `${dir}/plaintag.tar`);
  t.equal(tagged?.id, id, 'a tag alone names nothing');
  t.strictSame((await fresh.fsck()).problems, []);
});

t.test('a layer that is only a tree gets its bytes from whoever may read the tree', async t => {
  const { store, dir } = await prepare(t);
  const image = await store.images.require('one:1');
  const [diffId = image.id] = (await store.images.config(image)).rootfs.diff_ids;
  const plain = readFileSync(store.content.path(diffId));
  rmSync(store.content.path(diffId));
  await t.rejects(save(store, 'oci', join(dir, 'absent.tar'), 'one:1'), { code: 'STORE_LAYER_ABSENT' });
  run('mkdir', join(dir, 'tree'));
  await store.addTree([diffId], join(dir, 'tree'));
  await t.rejects(save(store, 'oci', join(dir, 'absent.tar'), 'one:1'), { code: 'STORE_LAYER_ABSENT' });
  const asked: string[] = [];
  const makeBlob = async (layer: string) => {
    asked.push(layer);
    await store.content.write(plain);
  };
  const archive = join(dir, 'tree.tar');
  await saveArchive(store, engine, ['one:1'], { format: 'oci', makeBlob }, createWriteStream(archive));
  t.strictSame(asked, [diffId]);
  t.equal(JSON.parse(run('skopeo', 'inspect', `oci-archive:${archive}`)).Digest, image.manifest.digest);
});

t.test('zstd outside, and zstd layers inside', async t => {
  const { store, dir } = await prepare(t);
  const source = `oci:${store.root}:docker.io/library/one:1`;
  run(
    'skopeo',
    'copy',
    '-q',
    '--dest-compress-format',
    'zstd',
    '--dest-compress',
    source,
    `oci:${dir}/zstd:z/z:1`,
  );
  run('tar', 'cf', join(dir, 'zstd.tar'), '-C', join(dir, 'zstd'), '.');
  run('zstd', '-q', join(dir, 'zstd.tar'));
  const fresh = await openFresh(t, `${dir}/zstd`);
  const [image] = await loadArchive(fresh, engine, join(dir, 'zstd.tar.zst'));
  t.strictSame(image?.names, ['docker.io/z/z:1']);
  t.match((await fresh.images.manifest(await fresh.images.require('z/z:1'))).layers, [
    { mediaType: /zstd$/ },
  ]);
  const diffIds = (await fresh.images.config(await fresh.images.require('z/z:1'))).rootfs.diff_ids;
  t.equal(Buffer.from((await fresh.readFile(diffIds, '/bin/greet', 99)) ?? []).toString(), 'one\n');
  run('skopeo', 'inspect', `docker-archive:${await save(fresh, 'docker', join(dir, 'again.tar'), 'z/z:1')}`);
});

t.test('old docker archives: a layer is a symbolic link to another directory', async t => {
  const { store, dir } = await prepare(t);
  const { id } = await store.images.require('one:1');
  run(
    'skopeo',
    'copy',
    '-q',
    `oci:${store.root}:docker.io/library/one:1`,
    `docker-archive:${dir}/new.tar:old:1`,
  );
  const old = join(dir, 'old');
  run('mkdir', '-p', join(old, 'aaa'), join(old, 'bbb'));
  run('tar', 'xf', join(dir, 'new.tar'), '-C', old);
  const [item] = JSON.parse(readFileSync(join(old, 'manifest.json'), 'utf8'));
  run('mv', join(old, item.Layers[0]), join(old, 'aaa/layer.tar'));
  run('ln', '-s', '../aaa/layer.tar', join(old, 'bbb/layer.tar'));
  run('chmod', '-R', 'u+w', old);
  writeFileSync(join(old, 'manifest.json'), JSON.stringify([{ ...item, Layers: ['bbb/layer.tar'] }]));
  run('tar', 'cf', join(dir, 'old.tar'), '-C', old, '.');
  const fresh = await openFresh(t, `${dir}/legacy`);
  t.match(await loadArchive(fresh, engine, join(dir, 'old.tar')), [
    { id, names: ['docker.io/library/old:1'] },
  ]);
});

t.test('what is wrong with an archive is said, and nothing of it is named', async t => {
  const { store, dir } = await prepare(t);
  await save(store, 'docker', join(dir, 'good.tar'), 'one:1');
  const { layers } = await store.images.manifest(await store.images.require('one:1'));
  const layer = `blobs/sha256/${digestHex(layers[0]?.digest ?? `sha256:`)}`;
  const cases: [what: string, change: (root: string) => void, code: string][] = [
    ['a layer is missing', root => run('rm', join(root, layer)), 'OCI_ARCHIVE_INVALID'],
    [
      'a layer is another',
      root => writeFileSync(join(root, layer), readFileSync(baseTar(root, 'evil'))),
      'LAYER_DIGEST_MISMATCH',
    ],
    [
      'no index',
      root => run('rm', join(root, 'index.json'), join(root, 'manifest.json')),
      'OCI_ARCHIVE_INVALID',
    ],
    ['the index is none', root => writeFileSync(join(root, 'index.json'), '[]'), 'OCI_MANIFEST_INVALID'],
    [
      'a docker manifest points outside',
      root => {
        run('rm', join(root, 'index.json'));
        writeFileSync(join(root, 'manifest.json'), '[{"Config":"../../../../etc/passwd","Layers":[]}]');
      },
      'OCI_ARCHIVE_INVALID',
    ],
  ];
  for (const [what, change, code] of cases) {
    const root = join(dir, what.replaceAll(' ', '-'));
    run('mkdir', root);
    run('tar', 'xf', join(dir, 'good.tar'), '-C', root);
    change(root);
    run('tar', 'cf', `${root}.tar`, '-C', root, '.');
    const fresh = await openFresh(t, `${root}-store`);
    await t.rejects(loadArchive(fresh, engine, `${root}.tar`), { code }, what);
    t.strictSame(await fresh.images.list(), [], what);
    t.strictSame((await fresh.fsck()).problems, [], what);
  }
});

async function openFresh(t: Test, root: string): Promise<Store> {
  const { Store } = await import('../../lib/store/index.js');
  const store = await Store.open(`${root}.store`, options);
  t.teardown(() => store.close());
  return store;
}
