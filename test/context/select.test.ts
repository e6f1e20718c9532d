import t from 'tap';
import { ContextFiles, compileIgnore, type SelectOptions, selectSources } from '../../lib/context/index.js';
import { plainEngine } from '../fixtures/plain-engine.js';
import { mkfifoSync, socketAt } from '../fixtures/special-files.js';
import { makeTree } from '../fixtures/tree.js';

type Test = Parameters<typeof makeTree>[0];

function open(test: Test, files: Record<string, string>, ignore?: string[]) {
  const root = makeTree(test, files);
  const engine = plainEngine();
  return { root, engine, files: new ContextFiles(engine, root, { ignore: ignore && compileIgnore(ignore) }) };
}

/** Each source as `name=path` and the paths below it. */
async function select(files: ContextFiles, sources: string[], options?: SelectOptions) {
  const selected = await selectSources(files, sources, options);
  return selected.map(({ name, path, below }) => [`${name}=${path}`, ...below.map(entry => entry.path)]);
}

const TREE = {
  'a.txt': 'a',
  'b.txt': 'b',
  'c.md': 'c',
  'src/main.js': '1',
  'src/lib/x.js': '2',
  'src/lib/y.ts': '3',
  'other/lib/x.js': '4',
  'empty/': '',
};

t.test('files, directories and the context itself', async t => {
  const { files } = open(t, TREE);
  t.same(await select(files, ['a.txt', './src/main.js', '/b.txt', '../../a.txt']), [
    ['a.txt=a.txt'],
    ['main.js=src/main.js'],
    ['b.txt=b.txt'],
    ['a.txt=a.txt'],
  ]);
  t.same(await select(files, ['src/']), [
    ['src=src', 'src/lib', 'src/lib/x.js', 'src/lib/y.ts', 'src/main.js'],
  ]);
  const [all] = await select(files, ['.']);
  t.equal(all?.length, 13);
  t.same(await select(files, ['empty']), [['empty=empty']]);
});

t.test('a missing source says so', async t => {
  const { files } = open(t, TREE);
  await t.rejects(select(files, ['no/such']), {
    code: 'CONTEXT_NOT_FOUND',
    message: /"\/no\/such": not found/,
  });
  await t.rejects(select(files, ['a.txt/x']), { code: 'CONTEXT_NOT_FOUND' });
});

t.test('wildcards are those of filepath.Match', async t => {
  const { files } = open(t, TREE);
  t.same(await select(files, ['*.txt']), [['a.txt=a.txt'], ['b.txt=b.txt']]);
  t.same(await select(files, ['*/lib/?.js']), [['x.js=other/lib/x.js'], ['x.js=src/lib/x.js']]);
  t.same(await select(files, ['s*']), [
    ['src=src', 'src/lib', 'src/lib/x.js', 'src/lib/y.ts', 'src/main.js'],
  ]);
  t.same(await select(files, ['[ab].txt']), [['a.txt=a.txt'], ['b.txt=b.txt']]);
  t.same(await select(files, ['nothing*']), [], 'no match is no error, as in BuildKit');
  t.same(await select(files, ['**/x.js']), [], 'two stars are one where there is no --parents');
  await t.rejects(select(files, ['no/such/*']), { code: 'CONTEXT_NOT_FOUND' });
  await t.rejects(select(files, ['[']), { code: 'IGNORE_PATTERN' });
});

t.test('an escaped wildcard is a name', async t => {
  const { files } = open(t, { 'a[1].txt': 'x', 'a1.txt': 'y' });
  t.same(await select(files, ['a[[]1].txt']), [['a[1].txt=a[1].txt']]);
});

t.test('links are followed in the source, within the context, and kept below it', async t => {
  const { files } = open(t, {
    'real/deep/file': 'x',
    'real/inner': '-> deep/file',
    link: '-> real',
    abs: '-> /real/deep',
    up: '-> ../../../real/deep/file',
    'nested/hop': '-> ../link/deep',
    dangling: '-> nowhere',
    host: '-> /etc/passwd',
    loop1: '-> loop2',
    loop2: '-> loop1',
  });
  t.same(await select(files, ['link']), [['link=real', 'real/deep', 'real/deep/file', 'real/inner']]);
  t.same(await select(files, ['link/inner']), [['inner=real/deep/file']]);
  t.same(await select(files, ['abs']), [['abs=real/deep', 'real/deep/file']]);
  t.same(await select(files, ['up']), [['up=real/deep/file']]);
  t.same(await select(files, ['nested/hop/fi*']), [['file=real/deep/file']]);
  await t.rejects(select(files, ['dangling']), { code: 'CONTEXT_NOT_FOUND' });
  await t.rejects(select(files, ['host']), { code: 'CONTEXT_NOT_FOUND' }, 'the host is out of reach');
  await t.rejects(select(files, ['loop1']), { code: 'CONTEXT_LINK_LOOP' });
  const [nested] = await selectSources(files, ['nested']);
  t.match(nested?.below, [{ path: 'nested/hop', type: 'symlink', link: '../link/deep' }]);
});

t.test('what is ignored is not there, and not read', async t => {
  const { files, engine } = open(
    t,
    { ...TREE, 'node_modules/m/index.js': 'm', 'docs/README.md': 'r', 'docs/other.md': 'o' },
    ['node_modules', 'docs', '!docs/README.md', '*.txt'],
  );
  await t.rejects(select(files, ['a.txt']), { code: 'CONTEXT_NOT_FOUND' });
  t.same(await select(files, ['docs']), [['docs=docs', 'docs/README.md']]);
  const [all] = await select(files, ['.']);
  t.notOk(all?.some(path => path.startsWith('node_modules')));
  t.notOk(
    engine.calls.scanned.some(path => path.startsWith('node_modules')),
    'the directory was never opened',
  );
  await t.rejects(select(files, ['node_modules']), { code: 'CONTEXT_NOT_FOUND' });
});

t.test('only what is asked for is read', async t => {
  const { files, engine } = open(t, TREE);
  await select(files, ['src/lib/x.js']);
  t.same(engine.calls.scanned, ['', 'src', 'src/lib']);
  await select(files, ['src/lib']);
  t.equal(engine.calls.scanned.length, 3, 'and only once');
});

t.test('many may ask at once', async t => {
  const { files, engine } = open(t, TREE);
  const [first, second, third] = await Promise.all([
    select(files, ['.']),
    select(files, ['.']),
    select(files, ['src']),
  ]);
  t.same(first, second);
  t.equal(third?.[0]?.length, 5);
  t.same([...new Set(engine.calls.scanned)].length, engine.calls.scanned.length, 'and nothing is read twice');
});

t.test('--exclude', async t => {
  const { files } = open(t, TREE);
  t.same(await select(files, ['src'], { excludes: ['**/*.js'] }), [['src=src', 'src/lib', 'src/lib/y.ts']]);
  t.same(await select(files, ['src'], { excludes: ['lib'] }), [['src=src', 'src/main.js']]);
  t.same(await select(files, ['src'], { excludes: ['lib', '!lib/y.ts'] }), [
    ['src=src', 'src/lib', 'src/lib/y.ts', 'src/main.js'],
  ]);
  t.same(await select(files, ['*.*'], { excludes: ['*.md'] }), [['a.txt=a.txt'], ['b.txt=b.txt']]);
});

t.test('--parents', async t => {
  const { files } = open(t, TREE);
  const parents = true;
  t.same(await select(files, ['src/lib/x.js'], { parents }), [['=', 'src', 'src/lib', 'src/lib/x.js']]);
  t.same(await select(files, ['src/./lib/x.js'], { parents }), [['src=src', 'src/lib', 'src/lib/x.js']]);
  t.same(await select(files, ['**/x.js'], { parents }), [
    ['=', 'other', 'other/lib', 'other/lib/x.js', 'src', 'src/lib', 'src/lib/x.js'],
  ]);
  t.same(await select(files, ['src/lib'], { parents, excludes: ['**/*.ts'] }), [
    ['=', 'src', 'src/lib', 'src/lib/x.js'],
  ]);
  await t.rejects(select(files, ['no/such'], { parents }), { code: 'CONTEXT_NOT_FOUND' });
  t.same(await select(files, ['no*'], { parents }), [['=']]);
});

t.test('names are bytes', async t => {
  const root = makeTree(t);
  const { writeFileSync } = await import('node:fs');
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0x41])]), 'x');
  writeFileSync(`${root}/grün.txt`, 'x');
  const files = new ContextFiles(plainEngine(), root);
  t.same(await select(files, ['gr?n.txt']), [[`${latin('grün.txt')}=${latin('grün.txt')}`]]);
  t.same(await select(files, ['?A']), [['\xffA=\xffA']]);
});

t.test('sockets are left out', async t => {
  const root = makeTree(t, { 'a.txt': 'a' });
  await socketAt(t, `${root}/s`);
  mkfifoSync(`${root}/p`);
  const files = new ContextFiles(plainEngine(), root);
  t.same(await select(files, ['.']), [['=', 'a.txt', 'p']]);
});

function latin(text: string): string {
  return Buffer.from(text).toString('latin1');
}
