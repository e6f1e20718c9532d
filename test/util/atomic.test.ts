import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { namingPath, writeFileAtomic, writeNew } from '../../lib/util/atomic.js';

t.test('a file is replaced whole, with the mode that was asked for, and no temporary file stays', async t => {
  const dir = t.testdir({ file: 'old', temp: {} });
  const path = join(dir, 'file');
  await writeFileAtomic(path, 'new', { mode: 0o640, tempDir: join(dir, 'temp') });
  t.equal(readFileSync(path, 'utf8'), 'new');
  t.equal(statSync(path).mode & 0o777, 0o640);
  await t.rejects(writeFileAtomic(join(dir, 'none/file'), 'x', { tempDir: join(dir, 'temp') }), {
    code: 'ENOENT',
  });
  t.strictSame(readdirSync(join(dir, 'temp')), []);
  for (const sync of [false, 'content'] as const) await writeFileAtomic(path, String(sync), { sync });
  t.equal(readFileSync(path, 'utf8'), 'content');
  t.strictSame(readdirSync(dir).sort(), ['file', 'temp']);
});

t.test('a new file is never written over another', async t => {
  const path = join(t.testdir({ file: 'old' }), 'file');
  await t.rejects(writeNew(path, 'new', 0o600, false), { code: 'EEXIST' });
  t.equal(readFileSync(path, 'utf8'), 'old');
});

t.test('a full disk says where and what to do; other errors stay as they are', t => {
  const full = Object.assign(new Error('full'), { code: 'ENOSPC' });
  t.match(namingPath(full, '/a/b'), { code: 'STORE_DISK_FULL', message: /\/a\/b: no space/, cause: full });
  t.match(namingPath(Object.assign(new Error(), { code: 'EDQUOT' }), '/a'), { message: /quota/ });
  const other = new Error('other');
  t.equal(namingPath(other, '/a'), other);
  t.end();
});
