import { existsSync } from 'node:fs';
import { open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { Store } from '../../lib/store/index.js';
import { flock } from '../../lib/util/os.js';

t.test('volumes are made once, found by name, and go whole', async t => {
  const store = await Store.open(join(t.testdir(), 'store'), { noSync: true });
  const [first, second] = await Promise.all([
    store.volumes.ensure('data', { labels: { a: 'b' } }),
    store.volumes.ensure('data', { labels: { a: 'b' } }),
  ]);
  t.same(first, second);
  t.same(await store.volumes.ensure('data', { labels: { c: 'd' } }), first, 'labels are those of the first');
  await store.volumes.ensure('other', { anonymous: true });
  t.match(await store.volumes.list(), [
    { name: 'data', anonymous: false },
    { name: 'other', anonymous: true },
  ]);
  await writeFile(join(store.volumes.dataPath('data'), 'file'), 'x');
  t.equal((await store.usage()).volumes.count, 2);
  const gone = await store.volumes.retire('data');
  t.ok(existsSync(join(gone, '_data/file')));
  await rm(gone, { recursive: true });
  await t.rejects(store.volumes.retire('data'), { code: 'STORE_VOLUME_UNKNOWN' });
  t.equal(await store.volumes.get('../other'), undefined);
  for (const name of ['', '.', '..', 'a/b', '.a', 'a b', 'x'.repeat(256)])
    await t.rejects(store.volumes.ensure(name), { code: 'STORE_VOLUME_NAME' }, JSON.stringify(name));
  await store.close();
});

t.test('a volume in use stays: of a container, and of one that is only running', async t => {
  const store = await Store.open(join(t.testdir(), 'store'), { noSync: true });
  await store.volumes.ensure('data');
  await store.pins.set({ name: 'container-1', digests: [], volumes: ['data'], description: 'container 1' });
  t.match(await store.usage(), { volumes: { count: 1, active: 1, reclaimable: 0 } });
  await t.rejects(store.volumes.retire('data'), {
    code: 'STORE_VOLUME_USED',
    message: 'remove data: volume is in use - [1]',
  });
  await store.pins.delete('container-1');
  const lock = await open(join(store.volumes.directory('data'), 'lock'), 'a');
  await flock(lock.fd, 'shared');
  await t.rejects(store.volumes.retire('data'), { code: 'STORE_VOLUME_USED' });
  await lock.close();
  await rm(await store.volumes.retire('data'), { recursive: true });
  await store.close();
});

t.test('fsck: a damaged record is made anew, what the volume holds stays', async t => {
  const store = await Store.open(join(t.testdir(), 'store'), { noSync: true });
  await store.volumes.ensure('data');
  const file = join(store.volumes.dataPath('data'), 'file');
  await writeFile(file, 'x');
  await writeFile(join(store.volumes.directory('data'), 'volume.json'), 'damage');
  t.match((await store.fsck()).problems, [{ path: /volume\.json$/, repaired: false }]);
  t.match((await store.fsck({ repair: true })).problems, [{ repaired: true }]);
  t.same((await store.fsck()).problems, []);
  t.match(await store.volumes.require('data'), { name: 'data', labels: {} });
  t.ok(existsSync(file));
  await store.close();
});
