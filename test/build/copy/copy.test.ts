import t from 'tap';
import { type CopyOptions, type CopySource, copyPath } from '../../../lib/build/copy/copy.js';
import { Destination } from '../../../lib/build/copy/destination.js';
import { compileIgnore } from '../../../lib/context/index.js';
import { MergedIndex } from '../../../lib/layer/merged.js';
import type { LayerEntry } from '../../../lib/layer/types.js';

const entry = (path: string, more: Partial<LayerEntry> = {}): LayerEntry => {
  return { path, type: 'file', mode: 0o644, uid: 0, gid: 0, size: 1, mtime: 100, ...more };
};
const dir = (path: string, mode = 0o755): LayerEntry => entry(path, { type: 'dir', mode, size: 0 });
const link = (path: string, to: string): LayerEntry =>
  entry(path, { type: 'symlink', mode: 0o777, size: 0, link: to });

function sourceOf(...entries: LayerEntry[]): CopySource {
  return { index: new MergedIndex([entries]), content: found => ({ source: `src/${found.path}` }) };
}

function copied(
  source: CopySource,
  path: string,
  base: LayerEntry[],
  options: Partial<CopyOptions>,
): Record<string, string> {
  const into = new Destination(new MergedIndex([base]));
  copyPath(source, path, into, { destination: '/', directoryTime: 7, ...options });
  return Object.fromEntries(
    into.entries().map(found => {
      const owner = found.uid === 0 && found.gid === 0 ? '' : ` ${found.uid}:${found.gid}`;
      const target = found.link === undefined ? '' : ` -> ${found.link}`;
      const from = found.source === undefined ? '' : ` < ${found.source}`;
      return [found.path, `${found.type} ${found.mode.toString(8)}${owner}${target}${from}`];
    }),
  );
}

const FILE = sourceOf(entry('a.txt'));
const TREE = sourceOf(dir('d', 0o700), entry('d/x'), dir('d/sub', 0o711), entry('d/sub/y', { mode: 0o4755 }));

t.test('a file takes the name of the destination', async t => {
  t.same(copied(FILE, 'a.txt', [], { destination: '/b.txt' }), { 'b.txt': 'file 644 < src/a.txt' });
});

t.test('a file goes into a directory that is there, or that a slash asks for', async t => {
  const base = [dir('etc', 0o711)];
  t.same(copied(FILE, 'a.txt', base, { destination: '/etc' }), {
    etc: 'dir 711',
    'etc/a.txt': 'file 644 < src/a.txt',
  });
  t.same(copied(FILE, 'a.txt', [], { destination: '/new/' }), {
    new: 'dir 755',
    'new/a.txt': 'file 644 < src/a.txt',
  });
});

t.test(
  "a directory gives its contents; what is there keeps its own metadata, what is below takes the source's",
  async t => {
    t.same(copied(TREE, 'd', [dir('opt', 0o750), dir('opt/sub', 0o777)], { destination: '/opt' }), {
      opt: 'dir 750',
      'opt/x': 'file 644 < src/d/x',
      'opt/sub': 'dir 711',
      'opt/sub/y': 'file 4755 < src/d/sub/y',
    });
    t.match(copied(TREE, 'd', [], { destination: '/opt' }), { opt: 'dir 755' });
  },
);

t.test('links of the destination are followed beneath its root', async t => {
  const base = [dir('usr'), dir('usr/bin'), link('bin', '/usr/bin')];
  t.same(Object.keys(copied(FILE, 'a.txt', base, { destination: '/bin/' })), [
    'usr',
    'usr/bin',
    'usr/bin/a.txt',
  ]);
  const out = [link('out', '../../../../etc')];
  t.same(Object.keys(copied(FILE, 'a.txt', out, { destination: '/out/' })), ['etc', 'etc/a.txt']);
});

t.test('a source that is a link gives what it leads to; links inside a directory stay links', async t => {
  const source = sourceOf(dir('d'), entry('d/x'), link('d/l', 'x'), link('alias', 'd'));
  t.same(copied(source, 'alias', [], { destination: '/o' }), {
    o: 'dir 755',
    'o/l': 'symlink 777 -> x',
    'o/x': 'file 644 < src/d/x',
  });
});

t.test('owner and mode reach the directories that are made', async t => {
  const options = { destination: '/p/q/', owner: { uid: 5, gid: 6 }, mode: () => 0o640 };
  t.same(copied(FILE, 'a.txt', [], options), {
    p: 'dir 640 5:6',
    'p/q': 'dir 640 5:6',
    'p/q/a.txt': 'file 640 5:6 < src/a.txt',
  });
});

t.test('without an owner each entry keeps its own', async t => {
  const source = sourceOf(entry('f', { uid: 1000, gid: 100 }));
  t.same(copied(source, 'f', [], { destination: '/f' }), { f: 'file 644 1000:100 < src/f' });
});

t.test('hard links stay together, and the first path in byte order is the file', async t => {
  const source = sourceOf(
    dir('d'),
    entry('d/z', { offset: 9 }),
    entry('d/a', { offset: 9 }),
    entry('d/m', { offset: 9 }),
  );
  t.same(copied(source, 'd', [], { destination: '/' }), {
    a: 'file 644 < src/d/a',
    m: 'hardlink 644 -> a',
    z: 'hardlink 644 -> a',
  });
});

t.test('conflicts are errors', async t => {
  t.throws(() => copied(TREE, 'd', [entry('opt')], { destination: '/opt' }), { code: 'BUILD_COPY_CONFLICT' });
  t.throws(() => copied(TREE, 'd', [dir('o'), dir('o/x')], { destination: '/o' }), {
    code: 'BUILD_COPY_CONFLICT',
  });
  t.throws(() => copied(FILE, 'a.txt', [entry('f')], { destination: '/f/' }), {
    code: 'BUILD_COPY_CONFLICT',
  });
});

t.test('excluded paths stay out', async t => {
  const got = copied(TREE, 'd', [], {
    destination: '/o',
    exclude: compileIgnore(['sub']),
  });
  t.same(Object.keys(got), ['o', 'o/x']);
});

const DEEP = sourceOf(
  dir('a', 0o700),
  dir('a/b', 0o750),
  entry('a/b/keep.txt'),
  entry('a/b/other'),
  dir('a/c'),
  entry('a/c/x'),
);

t.test(
  'an exception brings back what is in an excluded directory, with the directories of the source',
  async t => {
    const exclude = compileIgnore(['a', '!a/b/keep.txt']);
    t.same(copied(DEEP, '', [], { destination: '/o', exclude }), {
      o: 'dir 755',
      'o/a': 'dir 700',
      'o/a/b': 'dir 750',
      'o/a/b/keep.txt': 'file 644 < src/a/b/keep.txt',
    });
  },
);

t.test('--parents keeps the directories that lead to what is wanted', async t => {
  const wanted = (pattern: string, base: LayerEntry[] = []) =>
    copied(DEEP, '', base, { destination: '/o/', include: compileIgnore([pattern]) });
  t.same(wanted('a/b/keep.txt'), {
    o: 'dir 755',
    'o/a': 'dir 700',
    'o/a/b': 'dir 750',
    'o/a/b/keep.txt': 'file 644 < src/a/b/keep.txt',
  });
  t.same(Object.keys(wanted('a/*/x')), ['o', 'o/a', 'o/a/c', 'o/a/c/x'], 'nothing of a/b');
  t.same(Object.keys(wanted('**/*.txt')), ['o', 'o/a', 'o/a/b', 'o/a/b/keep.txt']);
  t.same(Object.keys(wanted('none*')), ['o'], 'the destination is made all the same');
  t.equal(wanted('a/c/x', [dir('o'), dir('o/a', 0o711)])['o/a'], 'dir 711', 'what is there stays as it is');
});

t.test('a directory that is made for the contents of another is not that other one', async t => {
  t.equal(copied(DEEP, 'a', [], { destination: '/o' }).o, 'dir 755');
  t.equal(copied(DEEP, 'a', [], { destination: '/o', keepRoot: true }).o, 'dir 700');
});

t.test('--link replaces links and files that are in the way, and leaves directories as they are', async t => {
  const base = [dir('srv', 0o700), link('srv/data', '/else'), dir('else'), entry('srv/file')];
  const into = new Destination(new MergedIndex([base]), { linked: true });
  copyPath(TREE, 'd', into, { destination: '/srv/data/', directoryTime: 7 });
  copyPath(TREE, 'd', into, { destination: '/srv/file/', directoryTime: 7 });
  const types = Object.fromEntries(
    into.entries().map(({ path, type, mode }) => [path, `${type} ${mode.toString(8)}`]),
  );
  t.match(types, { srv: 'dir 700', 'srv/data': 'dir 755', 'srv/file': 'dir 755' });
  t.notHas(types, { else: 'dir 755' });
});
