import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadAddon } from '../../lib/util/addon.js';
import { copyNew, flock, fsyncDir, renameNoReplace, syncfs, unlock } from '../../lib/util/os.js';
import { lgetxattr, llistxattr, lsetxattr } from '../../lib/util/os-xattr.js';

type Os = {
  flock: typeof flock;
  unlock: typeof unlock;
  syncfs: typeof syncfs;
  renameNoReplace: typeof renameNoReplace;
};
type Xattr = { lgetxattr: typeof lgetxattr; lsetxattr: typeof lsetxattr; llistxattr: typeof llistxattr };

function directory(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'engine-os-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function suite(name: string, os: Os, xattr: Xattr): void {
  t.test(`${name}: locks exclude each other and go with their descriptor`, async t => {
    const path = join(directory(t), 'lock');
    const [first, second] = [openSync(path, 'w'), openSync(path, 'r')];
    t.equal(await os.flock(first, 'shared'), true);
    t.equal(await os.flock(second, 'shared', { nonblock: true }), true);
    t.equal(await os.flock(first, 'exclusive', { nonblock: true }), false);
    await os.unlock(second);
    t.equal(await os.flock(first, 'exclusive'), true);
    t.equal(await os.flock(second, 'shared', { nonblock: true }), false);
    const waiting = os.flock(second, 'exclusive');
    await os.unlock(first);
    t.equal(await waiting, true);
  });

  t.test(`${name}: waiting for a lock can be aborted`, async t => {
    const path = join(directory(t), 'lock');
    const [first, second] = [openSync(path, 'w'), openSync(path, 'r')];
    await os.flock(first, 'exclusive');
    await t.rejects(os.flock(second, 'exclusive', { signal: AbortSignal.timeout(50) }), {
      code: 'STORE_ABORTED',
    });
    await t.rejects(os.flock(9999, 'exclusive'), { code: 'STORE_LOCK_FAILED' });
  });

  t.test(`${name}: renames never replace`, async t => {
    const dir = directory(t);
    writeFileSync(join(dir, 'a'), 'a');
    writeFileSync(join(dir, 'b'), 'b');
    t.equal(await os.renameNoReplace(join(dir, 'a'), join(dir, 'b')), false);
    t.equal(readFileSync(join(dir, 'b'), 'utf8'), 'b');
    t.equal(await os.renameNoReplace(join(dir, 'a'), join(dir, 'c')), true);
    t.equal(readFileSync(join(dir, 'c'), 'utf8'), 'a');
    mkdirSync(join(dir, 'd'));
    mkdirSync(join(dir, 'e'));
    t.equal(await os.renameNoReplace(join(dir, 'd'), join(dir, 'e')), false);
    t.equal(await os.renameNoReplace(join(dir, 'd'), join(dir, 'f')), true);
    await t.rejects(os.renameNoReplace(join(dir, 'none'), join(dir, 'g')), { code: 'STORE_RENAME_FAILED' });
  });

  t.test(`${name}: a file system is synced`, async t => {
    const fd = openSync(directory(t), 'r');
    await os.syncfs(fd);
    await t.rejects(os.syncfs(9999), { code: 'STORE_SYNC_FAILED' });
  });

  t.test(`${name}: extended attributes are bytes, links are not followed`, async t => {
    const dir = directory(t);
    const file = join(dir, 'file');
    writeFileSync(file, '');
    symlinkSync('file', join(dir, 'link'));
    await xattr.lsetxattr(file, 'user.x', Buffer.from([0, 255, 10]));
    t.same(await xattr.lgetxattr(file, 'user.x'), Buffer.from([0, 255, 10]));
    t.equal(await xattr.lgetxattr(file, 'user.none'), undefined);
    t.same(await xattr.llistxattr(file), ['user.x']);
    t.same(await xattr.llistxattr(join(dir, 'link')), []);
    await t.rejects(xattr.lsetxattr(join(dir, 'none'), 'user.x', Buffer.of(1)), {
      code: 'STORE_XATTR_FAILED',
    });
  });
}

// Before the first test: tap ends a file whose tests are done while it waits for something else.
const without = { '../../lib/util/addon.js': { loadAddon: () => ({ failures: [] }) } };
const programs = (await t.mockImport('../../lib/util/os.js', without)) as Os;
const attributes = (await t.mockImport('../../lib/util/os-xattr.js', without)) as Xattr;

t.ok(loadAddon().addon, 'the addon is built: the suite below must not run over the programs twice');
suite('addon', { flock, unlock, syncfs, renameNoReplace }, { lgetxattr, lsetxattr, llistxattr });
suite('programs', programs, attributes);

t.test('what Node can do by itself', async t => {
  const dir = directory(t);
  writeFileSync(join(dir, 'a'), 'content');
  await copyNew(join(dir, 'a'), join(dir, 'b'));
  t.equal(readFileSync(join(dir, 'b'), 'utf8'), 'content');
  await t.rejects(copyNew(join(dir, 'a'), join(dir, 'b')), { code: 'EEXIST' });
  await fsyncDir(dir);
});
