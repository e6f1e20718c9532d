import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { cloneGit, parseGitUrl } from '../../lib/context/index.js';
import { makeTree } from '../fixtures/tree.js';

t.test('which texts are git URLs, and what they say', t => {
  const cases: [string, object | undefined][] = [
    ['https://example.com/a/b.git', { remote: 'https://example.com/a/b.git' }],
    ['https://example.com/a/b.git#main', { remote: 'https://example.com/a/b.git', ref: 'main' }],
    [
      'https://example.com/a/b.git#v1:sub/dir/',
      { remote: 'https://example.com/a/b.git', ref: 'v1', subdir: 'sub/dir' },
    ],
    ['https://example.com/a/b.git#:sub', { remote: 'https://example.com/a/b.git', subdir: 'sub' }],
    ['https://example.com/a/b.git#:../../x', { remote: 'https://example.com/a/b.git', subdir: 'x' }],
    [
      'https://example.com/a/b.git?branch=x&subdir=s',
      { remote: 'https://example.com/a/b.git', ref: 'refs/heads/x', subdir: 's' },
    ],
    [
      'https://example.com/a/b.git?tag=v1&keep-git-dir',
      { remote: 'https://example.com/a/b.git', ref: 'refs/tags/v1', keepGitDir: true },
    ],
    [
      'https://example.com/a/b.git?commit=abcd&submodules=false',
      { remote: 'https://example.com/a/b.git', checksum: 'abcd', submodules: false },
    ],
    ['git@example.com:a/b', { remote: 'git@example.com:a/b' }],
    ['git@example.com:a/b.git#x', { remote: 'git@example.com:a/b.git', ref: 'x' }],
    ['ssh://git@example.com/a/b', { remote: 'ssh://git@example.com/a/b' }],
    ['git://example.com/a/b', { remote: 'git://example.com/a/b' }],
    ['github.com/a/b', { remote: 'https://github.com/a/b' }],
    ['https://example.com/a/b', undefined],
    ['https://example.com/a.tar.gz', undefined],
    ['./a.git', undefined],
    ['../git@x:y', undefined],
    ['dir', undefined],
  ];
  for (const [text, want] of cases) t.same(parseGitUrl(text), want, text);
  t.end();
});

t.test('malformed and hostile ones are refused', t => {
  for (const text of [
    'https://example.com/b.git#--upload-pack=touch x',
    'https://example.com/b.git?ref=-x',
    'ssh://-oProxyCommand=x/b',
    'ssh://u@-oProxyCommand=x/b',
    'https://example.com/b.git#a..b',
    'https://example.com/b.git#a:b\nc',
    'https://example.com/b.git?ref=a&ref=b',
    'https://example.com/b.git?nonsense=1',
    'https://example.com/b.git?ref=',
    'https://example.com/b.git?ref=a#b',
    'https://example.com/b.git?tag=a&branch=a',
    'https://example.com/b.git?mtime=now',
    'https://example.com/b.git?checksum=xyz',
  ]) {
    t.throws(() => parseGitUrl(text), { code: 'CONTEXT_GIT_URL' }, text);
  }
  t.end();
});

const git = (cwd: string, ...args: string[]) =>
  execFileSync(
    'git',
    ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'init.defaultBranch=main', ...args],
    {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: process.env.PATH, HOME: '/nonexistent', GIT_COMMITTER_DATE: '2020-01-02T03:04:05Z' },
    },
  ).trim();

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** A repository with two commits, a tag, a branch, hostile links, and a hook that must never run. */
async function repository(test: typeof t) {
  const base = makeTree(test);
  const work = join(base, 'r.git');
  mkdirSync(join(work, 'sub', 'deep'), { recursive: true });
  git(work, 'init', '-q');
  writeFileSync(join(work, 'file'), 'one');
  writeFileSync(join(work, 'sub/deep/file'), 'deep');
  symlinkSync('/', join(work, 'root'));
  symlinkSync('sub', join(work, 'alias'));
  git(work, 'add', '.');
  git(work, 'commit', '-qm', 'one');
  const first = git(work, 'rev-parse', 'HEAD');
  git(work, 'tag', 'v1');
  git(work, 'branch', 'side');
  writeFileSync(join(work, 'file'), 'two');
  git(work, 'commit', '-qam', 'two');
  const port = await freePort();
  const daemon = spawn(
    'git',
    [
      'daemon',
      '--export-all',
      '--listen=127.0.0.1',
      `--port=${port}`,
      `--base-path=${base}`,
      '--reuseaddr',
      base,
    ],
    { stdio: 'ignore', detached: true },
  );
  test.teardown(() => daemon.pid && process.kill(-daemon.pid));
  const remote = `git://127.0.0.1:${port}/r.git`;
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      git(base, 'ls-remote', remote);
      break;
    } catch {
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  }
  return { remote, first, second: git(work, 'rev-parse', 'HEAD') };
}

t.test('clones', async t => {
  const { remote, first, second } = await repository(t as never);
  const clone = async (rest: string) => {
    const source = parseGitUrl(`${remote}${rest}`);
    if (source === undefined) throw new Error('no git URL');
    const directory = makeTree(t);
    return { directory, ...(await cloneGit(source, directory)) };
  };
  const content = async (rest: string) => readFileSync(join((await clone(rest)).root, 'file'), 'utf8');

  t.equal(await content(''), 'two');
  t.equal(await content('#v1'), 'one');
  t.equal(await content('#side'), 'one');
  t.equal(await content('?branch=side'), 'one');
  t.equal(await content('?tag=v1'), 'one');
  t.equal(await content('#refs/tags/v1'), 'one');
  t.equal(await content(`#${first}`), 'one', 'a full commit');
  t.equal(await content(`#${first.slice(0, 10)}`), 'one', 'an abbreviated commit');
  t.equal(await content('#main:sub/deep'), 'deep');
  t.equal(await content(`?checksum=${second.slice(0, 8)}`), 'two');
  t.equal(await content(`?commit=${first}&fetch-by-commit`), 'one');
  const plain = await clone('');
  t.equal(plain.commit, second);
  t.notOk(existsSync(join(plain.directory, '.git')));
  t.ok(existsSync(join((await clone('?keep-git-dir=1')).directory, '.git/HEAD')));
  t.equal(
    statSync(join((await clone('?mtime=commit')).root, 'file')).mtimeMs,
    Date.parse('2020-01-02T03:04:05Z'),
  );

  const umask = process.umask(0o077);
  const { root } = await clone('');
  process.umask(umask);
  t.same(
    ['.', 'sub', 'file'].map(name => statSync(join(root, name)).mode & 0o777),
    [0o755, 0o755, 0o644],
    'modes are the usual ones, whatever the umask',
  );

  await t.rejects(clone('?checksum=0123456789'), { code: 'CONTEXT_GIT_CHECKSUM' });
  await t.rejects(clone('#nothing'), { code: 'CONTEXT_GIT' });
  await t.rejects(clone('#main:root/etc'), { code: 'CONTEXT_ESCAPE' }, 'a link out of the repository');
  await t.rejects(clone('#main:alias/deep'), { code: 'CONTEXT_ESCAPE' }, 'any link');
  await t.rejects(clone('#main:no'), { code: 'CONTEXT_NOT_FOUND' });
  await t.rejects(clone('#main:.git'), { code: 'CONTEXT_NOT_FOUND' });
  await t.rejects(clone('#main:file'), { code: 'CONTEXT_ESCAPE' });
});

t.test("the person's git configuration, hooks and file transport are out of the game", async t => {
  const { remote } = await repository(t as never);
  const home = makeTree(t, {
    '.gitconfig': '[core]\n\thooksPath = /nonexistent\n[url "file:///"]\n\tinsteadOf = git://\n',
  });
  const saved = process.env.HOME;
  process.env.HOME = home;
  t.teardown(() => {
    process.env.HOME = saved;
  });
  await cloneGit({ remote }, makeTree(t));
  await t.rejects(cloneGit({ remote: `file://${home}` }, makeTree(t)), { code: 'CONTEXT_GIT' });
  await t.rejects(cloneGit({ remote: `ext::sh -c "touch ${home}/pwned"` }, makeTree(t)), {
    code: 'CONTEXT_GIT',
  });
  t.notOk(existsSync(join(home, 'pwned')));
});
