import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { imageHistory, importTar, inspectImage } from '../../lib/image/index.js';
import { loadEngine } from '../../lib/layer/index.js';
import { sha256 } from '../../lib/util/digest.js';
import { openStore } from '../fixtures/store.js';
import { baseTar, run } from '../fixtures/tars.js';

const engine = await loadEngine();
const options = { engine: loadEngine };

t.test('the layer is the tar, byte for byte, however it is compressed', async t => {
  const store = await openStore(t, options);
  const tar = baseTar(join(store.root, '..'));
  run('gzip', '-kn', tar);
  run('xz', '-k', tar);
  const diffId = sha256(readFileSync(tar));
  for (const suffix of ['', '.gz', '.xz']) {
    const image = await importTar(store, engine, `${tar}${suffix}`, { name: `base:v${suffix.length}` });
    t.strictSame((await store.images.config(image)).rootfs.diff_ids, [diffId], suffix);
  }
  t.equal((await store.images.list()).length, 3);
  t.match(await store.blobFor(diffId), { compression: 'none' });
  t.equal(Buffer.from((await store.readFile([diffId], 'bin/greet', 100)) ?? []).toString(), 'hello\n');
  await t.rejects(store.readFile([diffId], 'etc/passwd', 4), { code: 'STORE_FILE_TOO_LARGE' });
  t.equal(await store.readFile([diffId], 'etc', 4), undefined);
});

t.test('a pipe by its path', async t => {
  const store = await openStore(t, options);
  const tar = baseTar(join(store.root, '..'));
  const fifo = join(store.root, '..', 'fifo');
  run('mkfifo', fifo);
  const writer = spawn('sh', ['-c', 'cat "$1" > "$2"', 'sh', tar, fifo]);
  const image = await importTar(store, engine, fifo, { name: 'piped' });
  t.strictSame((await store.images.config(image)).rootfs.diff_ids, [sha256(readFileSync(tar))]);
  if (writer.exitCode === null) await once(writer, 'close');
});

t.test('config, history and inspect are as docker has them', async t => {
  const store = await openStore(t, options);
  const tar = baseTar(join(store.root, '..'));
  const image = await importTar(store, engine, createReadStream(tar), {
    name: 'debian:bookworm',
    changes: ['CMD sh'],
    applyChanges: (config, changes) => ({ ...config, Cmd: changes }),
    platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
    created: '2026-01-02T03:04:05Z',
  });
  t.match(await inspectImage(store, image), {
    Id: image.id,
    RepoTags: ['debian:bookworm'],
    Comment: 'Imported from -',
    Created: '2026-01-02T03:04:05Z',
    Config: { Cmd: ['CMD sh'] },
    Architecture: 'arm64',
    Variant: 'v8',
    Size: 28,
    RootFS: { Type: 'layers' },
  });
  t.match(await imageHistory(store, image), [{ id: image.id, size: 28, comment: 'Imported from -' }]);
});

t.test('bad input leaves the store as it was', async t => {
  const store = await openStore(t, options);
  const dir = join(store.root, '..');
  writeFileSync(join(dir, 'empty'), '');
  writeFileSync(join(dir, 'broken.xz'), Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1, 2]));
  await t.rejects(importTar(store, engine, join(dir, 'none')), {
    code: 'USAGE_NO_INPUT',
    message: /no such file/,
  });
  await t.rejects(importTar(store, engine, join(dir, 'empty')), { code: 'USAGE_NO_INPUT' });
  await t.rejects(importTar(store, engine, join(dir, 'broken.xz')), { code: 'LAYER_DECOMPRESS_FAILED' });
  t.strictSame(await store.images.list(), []);
});
