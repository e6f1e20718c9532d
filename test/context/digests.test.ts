import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ContextFiles, DigestCache } from '../../lib/context/index.js';
import { sha256 } from '../../lib/util/digest.js';
import { plainEngine } from '../fixtures/plain-engine.js';
import { makeTree } from '../fixtures/tree.js';

/** As if the files had been written long ago: their change time cannot be set, so the clock is. */
function later(test: { teardown: (act: () => void) => void }, milliseconds: number): void {
  const real = Date.now;
  Date.now = () => real() + milliseconds;
  test.teardown(() => {
    Date.now = real;
  });
}

async function digestAll(root: string, caches: string) {
  const engine = plainEngine();
  const files = new ContextFiles(engine, root);
  const cache = new DigestCache(engine, root, caches);
  const entries = (await files.below('')).filter(entry => entry.type === 'file');
  const digests = await cache.digest(entries);
  await cache.save(path => files.isGone(path));
  return { digests, digested: engine.calls.digested, misses: cache.misses };
}

t.test('an unchanged file is read once', async t => {
  const root = makeTree(t, { a: 'A', 'd/b': 'B' });
  const caches = join(makeTree(t), 'caches');
  later(t, 10_000);
  const first = await digestAll(root, caches);
  t.same(first.digests, [sha256('A'), sha256('B')]);
  t.equal(first.misses, 2);
  const second = await digestAll(root, caches);
  t.same(second.digests, first.digests);
  t.same(second.digested, []);
  writeFileSync(join(root, 'a'), 'X');
  const third = await digestAll(root, caches);
  t.same(third.digests, [sha256('X'), sha256('B')]);
  t.same(third.digested, ['a']);
});

t.test(
  'a file that changed just now is never remembered: its times may not show the next change',
  async t => {
    const root = makeTree(t, { a: 'A' });
    const caches = join(makeTree(t), 'caches');
    await digestAll(root, caches);
    t.same((await digestAll(root, caches)).digested, ['a']);
  },
);

t.test('same size and same modification time are not enough to be unchanged', async t => {
  const root = makeTree(t, { a: 'AAAA' });
  const caches = join(makeTree(t), 'caches');
  const { atime, mtime } = statSync(join(root, 'a'));
  later(t, 10_000);
  await digestAll(root, caches);
  writeFileSync(join(root, 'a'), 'BBBB');
  utimesSync(join(root, 'a'), atime, mtime);
  t.same((await digestAll(root, caches)).digests, [sha256('BBBB')]);
});

t.test('a damaged cache is forgotten, a gone file too', async t => {
  const root = makeTree(t, { a: 'A', b: 'B' });
  const caches = join(makeTree(t), 'caches');
  later(t, 10_000);
  await digestAll(root, caches);
  const [name = ''] = readdirSync(caches);
  const path = join(caches, name);
  t.equal(statSync(path).mode & 0o777, 0o600);
  const good = readFileSync(path, 'latin1');
  for (const bad of [good.slice(0, -3), good.replace(sha256('A').slice(-8), '00000000'), '', 'junk']) {
    writeFileSync(path, bad, 'latin1');
    const { digests, digested } = await digestAll(root, caches);
    t.same(digests, [sha256('A'), sha256('B')]);
    t.same(digested, ['a', 'b']);
  }
  const { rmSync } = await import('node:fs');
  rmSync(join(root, 'b'));
  await digestAll(root, caches);
  t.notMatch(readFileSync(path, 'latin1'), sha256('B'));
});
