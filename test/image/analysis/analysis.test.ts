import t from 'tap';
import { diffViews } from '../../../lib/image/analysis/changes.js';
import { layerTree, type StackedImage } from '../../../lib/image/analysis/layer-tree.js';
import { analyzeLayers } from '../../../lib/image/analysis/layers.js';
import { fileTree } from '../../../lib/image/analysis/tree.js';
import { MergedIndex } from '../../../lib/layer/merged.js';
import type { EntryType, LayerEntry } from '../../../lib/layer/types.js';
import { sha256 } from '../../../lib/util/digest.js';

let offset = 0;

function entry(path: string, type: EntryType, more: Partial<LayerEntry> = {}): LayerEntry {
  return { path, type, mode: type === 'dir' ? 0o755 : 0o644, uid: 0, gid: 0, size: 0, mtime: 0, ...more };
}

function file(path: string, size: number, more: Partial<LayerEntry> = {}): LayerEntry {
  offset += 512;
  return entry(path, 'file', { size, offset, ...more });
}

const BASE = [
  entry('etc', 'dir'),
  file('etc/hosts', 10),
  file('etc/passwd', 20),
  entry('usr', 'dir'),
  entry('usr/doc', 'dir'),
  file('usr/doc/a', 100),
  file('usr/doc/b', 200),
];

t.test('what layers add, change, remove and waste', async t => {
  const second = [entry('usr/doc', 'whiteout'), file('etc/hosts', 15), file('new', 5), entry('etc', 'dir')];
  const third = [entry('etc', 'dir', { mode: 0o700 }), entry('etc', 'opaque'), file('etc/hosts', 1)];
  const [base, changed, opaque] = analyzeLayers([BASE, second, third]);
  t.match(base, {
    size: 330,
    wasted: 330,
    added: { count: 7, bytes: 330 },
    changed: { count: 0 },
    removed: { count: 0 },
  });
  t.match(changed, {
    size: 20,
    wasted: 15,
    added: { count: 1, bytes: 5 },
    changed: { count: 1, bytes: 15 },
    removed: { count: 3, bytes: 300 },
    removals: ['/usr/doc'],
  });
  t.match(opaque, { size: 1, wasted: 0, changed: { count: 2 }, removed: { count: 1, bytes: 20 } });
  const hiddenBy = (path: string) => base?.files.find(each => each.path === path)?.hiddenBy;
  t.equal(hiddenBy('/usr/doc/a'), 1);
  t.equal(hiddenBy('/etc/hosts'), 1);
  t.equal(hiddenBy('/etc/passwd'), 2);
  t.equal(changed?.files.find(each => each.path === '/new')?.hiddenBy, undefined);
});

t.test('a file that a hard link keeps is not wasted; an earlier entry of the same tar is', async t => {
  const linked = [file('a', 50), entry('b', 'hardlink', { link: 'a' })];
  t.equal(analyzeLayers([linked, [entry('a', 'whiteout')]])[0]?.wasted, 0);
  t.equal(analyzeLayers([linked, [entry('a', 'whiteout'), entry('b', 'whiteout')]])[0]?.wasted, 50);
  const twice = analyzeLayers([[file('a', 7), file('a', 8)]]);
  t.match(twice, [{ size: 15, wasted: 7, files: [{ hiddenBy: 0 }, { size: 8 }] }]);
});

t.test('a file in place of a directory removes what was in it', async t => {
  const [, above] = analyzeLayers([BASE, [file('usr', 3)]]);
  t.match(above, { changed: { count: 1 }, removed: { count: 3, bytes: 300 }, removals: ['/usr/doc'] });
});

t.test('views are compared as docker’s diff does', async t => {
  const view = (...layers: LayerEntry[][]): MergedIndex => new MergedIndex(layers);
  const lines = (a: MergedIndex, b: MergedIndex, shared = 0): string[] =>
    diffViews(a, b, shared).map(({ kind, path }) => `${kind} ${path}`);
  t.strictSame(lines(view(BASE), view(BASE), 1), []);
  const top = [entry('usr/doc', 'whiteout'), file('etc/hosts', 10, { mtime: 5 }), file('etc/x', 0)];
  t.strictSame(lines(view(BASE), view(BASE, top), 1), [
    'C etc',
    'C etc/hosts',
    'A etc/x',
    'C usr',
    'D usr/doc',
  ]);
  t.strictSame(lines(view(BASE, top), view(BASE), 1), [
    'C etc',
    'C etc/hosts',
    'D etc/x',
    'C usr',
    'A usr/doc',
    'A usr/doc/a',
    'A usr/doc/b',
  ]);
  const owned = [file('f', 1, { uid: 5 })];
  t.strictSame(lines(view([file('f', 1)]), view(owned)), ['C f']);
  t.strictSame(lines(view([file('f', 1)]), view([file('f', 1)])), [], 'same size and time');
  t.strictSame(
    lines(view([entry('l', 'symlink', { link: 'a' })]), view([entry('l', 'symlink', { link: 'b' })])),
    ['C l'],
  );
  t.strictSame(
    lines(view([file('f', 1, { xattrs: { a: '1' } })]), view([file('f', 1, { xattrs: { a: '2' } })])),
    ['C f'],
  );
});

t.test('the tree of files has sizes, hard links counted once', async t => {
  const merged = new MergedIndex([[...BASE, entry('usr/link', 'hardlink', { link: 'usr/doc/b' })]]);
  const root = fileTree(merged, '');
  t.match(root, { name: '/', size: 330, entries: 8 });
  t.strictSame(
    root?.children.map(({ name, size }) => [name, size]),
    [
      ['usr', 300],
      ['etc', 30],
    ],
  );
  t.match(fileTree(merged, 'usr/doc'), { name: 'doc', children: [{ name: 'b' }, { name: 'a' }] });
  t.equal(fileTree(merged, 'nothing'), undefined);
});

t.test('images by shared layers', async t => {
  const image = (name: string, ...layers: string[]): StackedImage => ({
    id: sha256(name),
    names: name === '' ? [] : [name],
    layers: layers.map(text => ({ diffId: sha256(text), size: text.length })),
  });
  const trees = layerTree([
    image('base', 'aa', 'b'),
    image('app', 'aa', 'b', 'c'),
    image('left', 'x', 'y', 'l'),
    image('right', 'x', 'y', 'rr'),
    image('empty'),
  ]);
  t.match(trees, [
    {
      images: [],
      layers: 2,
      size: 2,
      children: [
        { layers: 1, total: 3 },
        { layers: 1, total: 4 },
      ],
    },
    {
      images: [{ names: ['base'] }],
      layers: 2,
      size: 3,
      children: [{ images: [{ names: ['app'] }], size: 1, total: 4 }],
    },
    { images: [{ names: ['empty'] }], layers: 0, children: [] },
  ]);
});
