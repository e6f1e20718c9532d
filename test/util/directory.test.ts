import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Directory } from '../../lib/util/directory.js';

t.test('files in it, also after it was moved', async t => {
  const base = t.testdir({ dir: { blobs: { a: 'text' } } });
  const directory = await Directory.open(join(base, 'dir'));
  t.teardown(() => directory.close());
  renameSync(join(base, 'dir'), join(base, 'moved'));
  const file = await directory.openFile('blobs/a');
  t.equal(await file.readFile('utf8'), 'text');
  await file.close();
  t.equal(await directory.sizeOf('blobs/a'), 4);
  t.equal(await directory.sizeOf('blobs/b'), undefined);
  await directory.writeFile('new', out => out.writeFile('whole'));
  t.equal(readFileSync(join(base, 'moved/new'), 'utf8'), 'whole');
  const inner = await directory.enter('made', true);
  await inner.close();
  t.same(readdirSync(join(base, 'moved')).sort(), ['blobs', 'made', 'new']);
});

t.test('no link, no fifo and no way out', async t => {
  const base = t.testdir({ secret: 'secret', outside: { a: 'secret' }, dir: { real: {} } });
  const path = join(base, 'dir');
  symlinkSync('../secret', join(path, 'link'));
  symlinkSync('../outside', join(path, 'blobs'));
  execFileSync('mkfifo', [join(path, 'fifo')]);
  const directory = await Directory.open(path);
  t.teardown(() => directory.close());
  await t.rejects(directory.openFile('link'), { code: 'ELOOP' });
  await t.rejects(directory.openFile('blobs/a'), { code: 'ENOTDIR' });
  await t.rejects(directory.openFile('fifo'), { code: 'EINVAL' });
  await t.rejects(directory.openFile('real'), { code: 'EINVAL' });
  await t.rejects(directory.enter('blobs', true), { code: 'ENOTDIR' });
  for (const name of ['../secret', '..', '.', '', 'real/../../secret', 'a\0b'])
    await t.rejects(directory.openFile(name), RangeError, JSON.stringify(name));
});

t.test('a file that cannot be written whole is not there, and what it would replace stays', async t => {
  const base = t.testdir({ kept: 'before' });
  const directory = await Directory.open(base);
  t.teardown(() => directory.close());
  const fails = directory.writeFile('kept', async file => {
    await file.writeFile('half');
    throw new Error('broken');
  });
  await t.rejects(fails, /broken/);
  t.same(readdirSync(base), ['kept']);
  t.equal(readFileSync(join(base, 'kept'), 'utf8'), 'before');
  mkdirSync(join(base, 'twice'));
  await (await Directory.make(join(base, 'twice'))).close();
});
