import { execFileSync } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { archiveKindOf, isTarFile, remoteFileName } from '../../lib/context/index.js';
import { makeTree } from '../fixtures/tree.js';

t.test('what is a tar, what is only compressed, what is neither', async t => {
  const root = makeTree(t, { 'd/big': 'x'.repeat(100_000), text: 'hello', empty: '' });
  const kinds = { tar: [], gzip: ['-z'], xz: ['-J'], bzip2: ['-j'], zstd: ['--zstd'] };
  for (const [kind, flags] of Object.entries(kinds)) {
    const path = join(root, `a.${kind}`);
    execFileSync('tar', ['-c', ...flags, '-f', path, '-C', root, 'd']);
    t.equal(await archiveKindOf(path), kind);
    t.equal(await isTarFile(path), true, kind);
    if (kind === 'tar') continue;
    const text = join(root, `text.${kind}`);
    writeFileSync(text, execFileSync(kind, ['-c', join(root, 'text')]));
    t.equal(await isTarFile(text), false, `text in ${kind}`);
    truncateSync(text, 8);
    t.equal(await isTarFile(text), false, `damaged ${kind}`);
  }
  t.equal(await isTarFile(join(root, 'text')), false);
  t.equal(await isTarFile(join(root, 'empty')), false);
  t.equal(await isTarFile(join(root, 'd/big')), false);
});

t.test('names of downloads', t => {
  t.equal(remoteFileName('http://x/a/b.tar.gz?x=1#y'), 'b.tar.gz');
  t.equal(remoteFileName('http://x/a/'), 'a');
  t.equal(remoteFileName('http://x'), '__unnamed__');
  t.equal(remoteFileName('http://x/gr%C3%BCn'), 'gr\u00fcn');
  t.equal(remoteFileName('http://x/a%2f..%2fb'), 'b');
  for (const url of [
    'http://x/a/%2e%2e%2f..%2F%2e%2e',
    'http://x/a%00b',
    'http://x/a%0ab',
    'http://x/a%5cb',
    'nonsense',
    'http://x/%ff',
  ]) {
    t.throws(() => remoteFileName(url), { code: 'CONTEXT_URL_INVALID' }, url);
  }
  t.end();
});
