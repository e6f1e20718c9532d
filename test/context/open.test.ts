import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import t from 'tap';
import { type BuildContext, type OpenContextOptions, openContext } from '../../lib/context/index.js';
import { serve } from '../fixtures/http-server.js';
import { plainEngine } from '../fixtures/plain-engine.js';
import { makeTree } from '../fixtures/tree.js';

const text = async (context: BuildContext, name?: string) => {
  const found = await context.dockerfile(name);
  return [found.name, Buffer.from(found.bytes).toString()];
};
const paths = async (context: BuildContext) => (await context.snapshot()).map(entry => entry.path);

function opener(test: Parameters<typeof makeTree>[0]) {
  const scratch = makeTree(test);
  const open = (spec: string, options: Partial<OpenContextOptions> = {}) =>
    openContext(spec, { engine: plainEngine(), scratch, cwd: scratch, ...options });
  return { open, scratch };
}

function tarOf(root: string, ...flags: string[]): Buffer {
  return execFileSync('tar', ['-c', ...flags, '-C', root, '.'], { maxBuffer: 1 << 26 });
}

t.test('a directory', async t => {
  const { open } = opener(t);
  const root = makeTree(t, { Dockerfile: 'FROM a', 'x/y': '1', '.dockerignore': 'x\n', 'other/D': 'FROM b' });
  const context = await open(root);
  t.equal(context.kind, 'directory');
  t.same(await text(context), ['Dockerfile', 'FROM a']);
  t.same(await paths(context), ['.dockerignore', 'Dockerfile', 'other', 'other/D']);
  t.same(await text(await open(root, { dockerfile: join(root, 'other/D') })), ['other/D', 'FROM b']);
  t.same(
    await text(await open(root, { dockerfile: 'other/D' })),
    ['other/D', 'FROM b'],
    'falls back on the context',
  );
  t.same(await text(await open('.', { cwd: root })), ['Dockerfile', 'FROM a']);
  await t.rejects(open('no/such'), { code: 'CONTEXT_NOT_FOUND' });
  await t.rejects(open(join(root, 'Dockerfile')), { code: 'CONTEXT_NOT_DIRECTORY' });
});

t.test('the Dockerfile: lower case, missing, standard input, outside', async t => {
  const { open } = opener(t);
  t.same(await text(await open(makeTree(t, { dockerfile: 'FROM a' }))), ['dockerfile', 'FROM a']);
  const empty = makeTree(t, { x: '' });
  await t.rejects(text(await open(empty)), {
    code: 'CONTEXT_DOCKERFILE',
    message: /open Dockerfile: no such file/,
  });
  await t.rejects(text(await open(empty, { dockerfile: 'no' })), { code: 'CONTEXT_DOCKERFILE' });
  await t.rejects(text(await open(makeTree(t, { 'Dockerfile/': '' }))), { code: 'CONTEXT_DOCKERFILE' });
  const piped = await open(empty, { dockerfile: '-', stdin: Readable.from(['FROM ', 'b']) });
  t.same(await text(piped), ['Dockerfile', 'FROM b']);
  t.same(await text(piped), ['Dockerfile', 'FROM b'], 'is read once');
  const outside = makeTree(t, { D: 'FROM c' });
  t.same(await text(await open(empty, { dockerfile: join(outside, 'D') })), [join(outside, 'D'), 'FROM c']);
});

t.test('a Dockerfile that is a link does not lead out of the context', async t => {
  const { open } = opener(t);
  const secret = makeTree(t, { secret: 'hunter2' });
  const root = makeTree(t, {
    Dockerfile: `-> ${secret}/secret`,
    D: '-> real/D',
    'real/D': 'FROM a',
    up: '-> ../../../../etc/passwd',
  });
  await t.rejects(text(await open(root)), { code: 'CONTEXT_ESCAPE' });
  await t.rejects(text(await open(root, { dockerfile: join(root, 'up') })), { code: 'CONTEXT_ESCAPE' });
  t.same(await text(await open(root, { dockerfile: join(root, 'D') })), ['D', 'FROM a']);
  const ignoring = makeTree(t, { Dockerfile: 'FROM a', '.dockerignore': `-> ${secret}/secret` });
  await t.rejects(open(ignoring), { code: 'CONTEXT_ESCAPE' });
});

t.test('the ignore file beside the Dockerfile wins', async t => {
  const { open } = opener(t);
  const root = makeTree(t, {
    Dockerfile: '',
    'Dockerfile.dockerignore': 'b',
    '.dockerignore': 'a',
    a: '',
    b: '',
    'D.x': '',
    'D.x.dockerignore': '*\n!a',
  });
  t.ok((await paths(await open(root))).includes('a'));
  t.notOk((await paths(await open(root))).includes('b'));
  t.same(await paths(await open(root, { dockerfile: join(root, 'D.x') })), ['a']);
  const plain = makeTree(t, { Dockerfile: '', '.dockerignore': 'a', a: '' });
  t.notOk((await paths(await open(plain, { dockerfile: '-', stdin: Readable.from([]) }))).includes('a'));
  await t.rejects(open(makeTree(t, { '.dockerignore': '[' })), { code: 'IGNORE_PATTERN' });
});

t.test('standard input: a tar of any compression, or a Dockerfile', async t => {
  const { open, scratch } = opener(t);
  const root = makeTree(t, { Dockerfile: 'FROM a', 'd/x': '1', '.dockerignore': 'd' });
  for (const flags of [[], ['-z'], ['-J'], ['-j'], ['--zstd']]) {
    const context = await open('-', { stdin: Readable.from(tarOf(root, ...flags)) });
    t.equal(context.kind, 'tar', String(flags));
    t.same(await text(context), ['Dockerfile', 'FROM a']);
    t.same(
      await paths(context),
      ['.dockerignore', 'Dockerfile', 'd', 'd/x'],
      'its ignore file is not applied',
    );
    await context.close();
  }
  const alone = await open('-', { stdin: Readable.from(['FROM z\n']) });
  t.equal(alone.kind, 'dockerfile');
  t.same(await text(alone), ['Dockerfile', 'FROM z\n']);
  t.same(await paths(alone), []);
  await alone.close();
  await t.rejects(open('-', { stdin: Readable.from([]) }), { code: 'CONTEXT_EMPTY' });
  await t.rejects(open('-', { stdin: Readable.from([]), dockerfile: '-' }), { code: 'CONTEXT_STDIN' });
  t.same(readdirSync(scratch), [], 'nothing is left behind');
});

t.test('a damaged archive is an error, and nothing is left', async t => {
  const { open, scratch } = opener(t);
  const root = makeTree(t, { Dockerfile: 'FROM a', big: 'x'.repeat(100_000) });
  for (const flags of [['-z'], ['-J'], ['-j']]) {
    const whole = tarOf(root, ...flags);
    await t.rejects(open('-', { stdin: Readable.from(whole.subarray(0, whole.length / 2)) }), String(flags));
  }
  t.same(readdirSync(scratch), []);
});

t.test('a tar whose Dockerfile is a link out of it', async t => {
  const { open } = opener(t);
  const root = makeTree(t);
  mkdirSync(join(root, 'd'));
  symlinkSync('/etc/passwd', join(root, 'Dockerfile'));
  const context = await open('-', { stdin: Readable.from(tarOf(root)) });
  await t.rejects(text(context), { code: 'CONTEXT_ESCAPE' });
  await context.close();
});

t.test('a URL: tar or Dockerfile, fetched once', async t => {
  const { open } = opener(t);
  const root = makeTree(t, { Dockerfile: 'FROM a', D: 'FROM b' });
  const { url, requests } = await serve(t, (request, response) => {
    response.end(request.url === '/Dockerfile' ? 'FROM remote' : tarOf(root, '-z'));
  });
  const tar = await open(`${url}/context.tgz`, { dockerfile: 'D' });
  t.same(await text(tar), ['D', 'FROM b']);
  await tar.close();
  const alone = await open(`${url}/Dockerfile`);
  t.same(await text(alone), ['Dockerfile', 'FROM remote']);
  await alone.close();
  t.equal(requests.length, 2);
  await t.rejects(open('http://127.0.0.1:1/x.tar'), { code: 'CONTEXT_FETCH' });
});

t.test('a fetcher that is given is used', async t => {
  const { open } = opener(t);
  const context = await open('https://example.com/Dockerfile', {
    fetch: async url => ({ stream: Readable.from([`FROM ${url}`]), headers: {}, url }),
  });
  t.same(await text(context), ['Dockerfile', 'FROM https://example.com/Dockerfile']);
  await context.close();
});

t.test('a local directory that looks like a repository is a directory', async t => {
  const { open } = opener(t);
  const cwd = makeTree(t, { 'github.com/a/b/Dockerfile': 'FROM local' });
  t.same(await text(await open('github.com/a/b', { cwd })), ['Dockerfile', 'FROM local']);
});
