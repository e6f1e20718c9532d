import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { bareRepository } from '../fixtures/e2e/repository.js';
import { WORLDS } from '../fixtures/e2e/worlds.js';

const FIRST = WORLDS.slice(0, 1);

eachWorld(FIRST, 'contexts: standard input, another Dockerfile, ignore files', async (t, world) => {
  const context = world.files('context', {
    Dockerfile: 'FROM busybox\nCOPY . /all\n',
    'sub/Other': 'FROM busybox\nCOPY . /other\n',
    'sub/Other.dockerignore': '*\n!kept\n',
    '.dockerignore': '# comment\nsub\n*.tmp\n!important.tmp\n',
    kept: 'kept',
    'a.tmp': 'tmp',
    'important.tmp': 'important',
  });
  const list = async (...args: string[]): Promise<string> =>
    (await world.ok(['run', '--rm', ...args])).stdout;
  await world.ok(['build', '-t', 'plain', '.'], { cwd: context });
  t.equal(await list('plain', 'ls', '-A', '/all'), '.dockerignore\nDockerfile\nimportant.tmp\nkept\n');
  await world.ok(['build', '-t', 'other', '-f', 'sub/Other', '.'], { cwd: context });
  t.equal(await list('other', 'ls', '-A', '/other'), 'kept\n', "the Dockerfile's own ignore file goes first");
  await world.ok(['build', '-t', 'stdin', '-f', '-', '.'], {
    cwd: context,
    input: 'FROM busybox\nCOPY kept /k\n',
  });
  t.equal(await list('stdin', 'cat', '/k'), 'kept');
  await world.ok(['build', '-t', 'only', '-'], { input: 'FROM busybox\nRUN echo no context > /n\n' });
  t.equal(await list('only', 'cat', '/n'), 'no context\n');
  const tar = execFileSync('tar', ['-C', context, '-cz', '.']);
  await world.ok(['build', '-t', 'tar', '-'], { input: tar });
  t.match(await list('tar', 'ls', '-A', '/all'), 'kept\n');
});

eachWorld(FIRST, 'contexts and sources from the network', async (t, world) => {
  const context = world.files('context', { Dockerfile: 'FROM busybox\nCOPY f /f\n', f: 'from http' });
  const tar = execFileSync('tar', ['-C', context, '-c', '.']);
  const server = createServer((request, response) => {
    if (request.url === '/context.tar') response.end(tar);
    else if (request.url === '/Dockerfile') response.end('FROM busybox\nRUN echo remote > /r\n');
    else if (request.url === '/file.txt') {
      response.setHeader('last-modified', 'Wed, 01 Jan 2020 00:00:00 GMT');
      response.end('added');
    } else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await new Promise(done => server.once('listening', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await world.ok(['build', '-t', 'a', `${url}/context.tar`]);
  t.equal((await world.ok(['run', '--rm', 'a', 'cat', '/f'])).stdout, 'from http');
  await world.ok(['build', '-t', 'b', `${url}/Dockerfile`]);
  t.equal((await world.ok(['run', '--rm', 'b', 'cat', '/r'])).stdout, 'remote\n');
  const adding = world.files('adding', { Dockerfile: `FROM busybox\nADD ${url}/file.txt /dir/\n` });
  await world.ok(['build', '-t', 'c', adding]);
  t.equal(
    (await world.ok(['run', '--rm', 'c', 'stat', '-c', '%a %Y', '/dir/file.txt'])).stdout,
    '600 1577836800\n',
  );
  const missing = world.files('missing', { Dockerfile: `FROM busybox\nADD ${url}/nope /\n` });
  const failed = await world.shale(['build', missing]);
  t.equal(failed.code, 1);
  t.match(failed.stderr, /404/);
});

eachWorld(FIRST, 'a git repository with a ref and a directory', async (t, world) => {
  bareRepository(world, 'repo', { 'app/Dockerfile': 'FROM busybox\nCOPY f /f\n', 'app/f': 'from git' });
  const server = createServer((request, response) => {
    try {
      response.end(readFileSync(join(world.base, new URL(request.url ?? '', 'http://x').pathname)));
    } catch {
      response.writeHead(404).end();
    }
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await new Promise(done => server.once('listening', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/repo.git#release:app`;
  await world.ok(['build', '-t', 'git', url]);
  t.equal((await world.ok(['run', '--rm', 'git', 'cat', '/f'])).stdout, 'from git');
  const evil = await world.shale(['build', url.replace('#release:app', '#--upload-pack=evil')]);
  t.equal(evil.code, 1);
});

eachWorld(FIRST, 'a context that is hostile', async (t, world) => {
  const context = world.files('context', { Dockerfile: 'FROM busybox\nCOPY link /stolen\n' });
  execFileSync('ln', ['-s', '/etc/hostname', join(context, 'link')]);
  const outside = await world.shale(['build', context]);
  t.equal(outside.code, 1, 'a link that leads out of the context finds nothing');
  t.match(outside.stderr, /not found/);
  const evil = execFileSync('python3', [
    '-c',
    `import tarfile,io,sys
t=tarfile.open(fileobj=sys.stdout.buffer,mode='w|')
for name in ('Dockerfile','../../escaped'):
    i=tarfile.TarInfo(name); d=b'FROM scratch\\nCOPY . /\\n'; i.size=len(d); t.addfile(i,io.BytesIO(d))
t.close()`,
  ]);
  const refused = await world.shale(['build', '-'], { input: evil });
  t.equal(refused.code, 1);
  t.match(refused.stderr, /escape|outside|\.\./);
});
