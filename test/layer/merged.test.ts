import t from 'tap';
import { MergedIndex } from '../../lib/layer/merged.js';
import type { LayerEntry } from '../../lib/layer/types.js';

const plain = { mode: 0o644, uid: 0, gid: 0, size: 0, mtime: 0 };
const file = (path: string, size = 1): LayerEntry => ({ ...plain, path, type: 'file', size, offset: 512 });
const dir = (path: string, mode = 0o755): LayerEntry => ({ ...plain, path, type: 'dir', mode });
const symlink = (path: string, link: string): LayerEntry => ({ ...plain, path, type: 'symlink', link });
const hardlink = (path: string, link: string): LayerEntry => ({ ...plain, path, type: 'hardlink', link });
const whiteout = (path: string): LayerEntry => ({ ...plain, path, type: 'whiteout' });
const opaque = (path: string): LayerEntry => ({ ...plain, path, type: 'opaque' });
const paths = (index: MergedIndex, at = ''): string[] => [...index.walk(at)].map(entry => entry.path);

t.test('parents that no layer names are there', async t => {
  const index = new MergedIndex([[file('a/b/c')]]);
  t.same(paths(index), ['', 'a', 'a/b', 'a/b/c']);
  t.match(index.get('a'), { type: 'dir', mode: 0o755, uid: 0, gid: 0, layer: 0 });
});

t.test('an upper layer replaces, and a directory keeps what it holds', async t => {
  const index = new MergedIndex([
    [dir('d'), file('d/x'), file('e/y')],
    [dir('d', 0o700), file('d/z'), file('e')],
  ]);
  t.same(paths(index), ['', 'd', 'd/x', 'd/z', 'e']);
  t.match(index.get('d'), { mode: 0o700, layer: 1 });
  t.match(index.get('d/x'), { layer: 0 });
  t.match(index.get('e'), { type: 'file', layer: 1 });
});

t.test('whiteouts delete what is below, wherever they stand', async t => {
  const below = [dir('d'), file('d/x'), file('d/y'), file('f')];
  t.same(paths(new MergedIndex([below, [whiteout('d/x'), whiteout('f')]])), ['', 'd', 'd/y']);
  t.same(paths(new MergedIndex([below, [whiteout('d')]])), ['', 'f']);
  t.same(paths(new MergedIndex([below, [dir('d'), opaque('d'), file('d/n')]])), ['', 'd', 'd/n', 'f']);
  t.same(paths(new MergedIndex([below, [dir('d'), file('d/n'), opaque('d')]])), ['', 'd', 'd/n', 'f']);
  t.same(paths(new MergedIndex([below, [opaque('')]])), ['']);
  t.same(paths(new MergedIndex([below, [file('f'), whiteout('f')]])), ['', 'd', 'd/x', 'd/y', 'f']);
});

t.test('hard links show as the file that they name', async t => {
  const index = new MergedIndex([
    [hardlink('a', 'z'), file('z', 7)],
    [hardlink('q', 'a'), whiteout('z')],
  ]);
  t.match(index.get('a'), { type: 'file', size: 7, layer: 0, path: 'a' });
  t.match(index.get('q'), { type: 'file', size: 7, layer: 0, path: 'q' });
  t.equal(index.get('z'), undefined);
  t.match(new MergedIndex([[hardlink('a', 'none')]]).get('a'), { type: 'hardlink' });
});

t.test('links of a layer lead its own entries, links from below are replaced', async t => {
  const own = new MergedIndex([
    [symlink('lib', 'usr/lib'), file('lib/x'), symlink('l', 'x'), hardlink('h', 'l')],
  ]);
  t.same(paths(own), ['', 'h', 'l', 'lib', 'usr', 'usr/lib', 'usr/lib/x']);
  t.equal(own.get('h')?.type, 'symlink');
  const below = new MergedIndex([[symlink('lib', 'usr/lib')], [file('lib/x')]]);
  t.same(paths(below), ['', 'lib', 'lib/x']);
});

t.test('resolve stays inside the root', async t => {
  const index = new MergedIndex([
    [
      symlink('abs', '/etc/passwd'),
      symlink('up', '../../../etc'),
      symlink('etc/self', '.'),
      file('etc/passwd'),
      symlink('loop', 'loop'),
      symlink('dangling', 'no/where'),
    ],
  ]);
  t.match(index.resolve('abs'), { path: 'etc/passwd', entry: { type: 'file' } });
  t.match(index.resolve('/up/self/./passwd'), { path: 'etc/passwd' });
  t.match(index.resolve('abs', { followLast: false }), { path: 'abs', entry: { type: 'symlink' } });
  t.match(index.resolve('up/', { followLast: false }), { path: 'up' });
  t.same(index.resolve('dangling/x'), { path: 'no/where/x' });
  t.same(index.resolve('../../x/../y'), { path: 'y' });
  t.match(index.resolve('/'), { path: '', entry: { type: 'dir' } });
  t.throws(() => index.resolve('loop/x'), { code: 'LAYER_SYMLINK_LOOP' });
});

t.test('list and order are by bytes', async t => {
  const index = new MergedIndex([[file('d/b'), file('d/\xff'), file('d/a'), file('d/A')]]);
  t.same(
    index.list('d').map(entry => entry.path),
    ['d/A', 'd/a', 'd/b', 'd/\xff'],
  );
  t.same(index.list('d/a'), []);
});
