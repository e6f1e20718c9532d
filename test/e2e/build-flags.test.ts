import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { bareRepository } from '../fixtures/e2e/repository.js';
import { WORLDS } from '../fixtures/e2e/worlds.js';
import { serve } from '../fixtures/http-server.js';

const FIRST = WORLDS.slice(0, 1);
const plain = ['build', '--progress', 'plain'];

eachWorld(FIRST, 'what the flags and arguments of a build do', async (t, world) => {
  const context = world.files('context', {
    Dockerfile: `# syntax=docker/dockerfile:1
FROM --platform=$BUILDPLATFORM busybox AS one
RUN grep . /etc/hosts; hostname; echo first
FROM one AS two
ARG TARGETARCH TARGETPLATFORM TARGETSTAGE SOURCE_DATE_EPOCH
RUN --mount=type=cache,target=/c echo "$TARGETPLATFORM $TARGETARCH $TARGETSTAGE $SOURCE_DATE_EPOCH" && touch /made
FROM two
RUN false
`,
    foreign: '# syntax=example.com/frontend:1\nFROM busybox\n',
  });
  const out = join(world.base, 'out');
  const noOps = [
    '--rm',
    '--force-rm',
    '--compress',
    '--memory',
    '1g',
    '--cpu-shares=2',
    '--isolation=default',
  ];
  const build = async (...more: string[]): Promise<string> =>
    (await world.ok([...plain, '--target', 'two', ...more, context])).stderr;
  const first = await build(
    ...['--add-host', 'extra:10.1.2.3', '--add-host=other=10.1.2.4', '--platform', 'linux/arm64', ...noOps],
    ...['--build-arg', 'BUILDKIT_SANDBOX_HOSTNAME=named', '--build-arg', 'BUILDKIT_CACHE_MOUNT_NS=mine'],
    ...['--build-arg', 'SOURCE_DATE_EPOCH=1000000000', '-t', 'flags'],
    ...['-o', out],
  );
  for (const line of ['10.1.2.3\\s+extra', '10.1.2.4\\s+other', 'named', 'linux/arm64 arm64 two 1000000000'])
    t.match(first, new RegExp(`\\d ${line}\n`), line);
  const [image] = JSON.parse((await world.ok(['image', 'inspect', 'flags'])).stdout);
  t.equal(image.Created, '2001-09-09T01:46:40Z');
  t.equal(statSync(join(out, 'made')).mtimeMs, 1e12, 'later times become the epoch');
  t.match((await world.ok(['builder', 'cache-mounts', 'ls'])).stdout, / mine\/\/c /);

  await build();
  t.match(await build(), /RUN grep[^\n]*\n#\d+ CACHED/);
  const filtered = await build('--no-cache-filter', 'two');
  t.match(filtered, /RUN grep[^\n]*\n#\d+ CACHED/, 'another stage stays cached');
  t.match(filtered, /RUN --mount[^\n]*\n#\d+ [\d.]+ linux/, 'that one is executed');
  const foreign = await world.shale([...plain, '-f', join(context, 'foreign'), context]);
  t.match(foreign.stderr, /> # syntax=example[\s\S]*unknown frontend "example.com\/frontend:1"/);
  const epoch = await world.shale([...plain, '--build-arg', 'SOURCE_DATE_EPOCH=now', context]);
  t.match(epoch.stderr, /invalid SOURCE_DATE_EPOCH/);
});

eachWorld(FIRST, 'ADD: archives, checksums, git; COPY: attributes and sockets', async (t, world) => {
  bareRepository(world, 'repo', { 'sub/f': 'of git\n', top: 'x' });
  const context = world.files('context', { a: 'text\n', b: 'b\n' });
  const script = `
tar -cf t.tar a; zstd -q t.tar -o t.tar.zst; xz -k t.tar; gzip -k t.tar; setfattr -n user.note -v kept b
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
`;
  execFileSync('sh', ['-ec', script], { cwd: context });
  execFileSync('chown', ['-R', `${world.user}:`, context]);
  const { url } = await serve(t, (request, response) => {
    response.end(readFileSync(join(world.base, new URL(request.url ?? '', 'http://x').pathname)));
  });
  const tar = readFileSync(join(context, 't.tar'));
  const digest = `sha256:${createHash('sha256').update(tar).digest('hex')}`;
  const commit = execFileSync(
    'git',
    ['-c', 'safe.directory=*', '-C', join(world.base, 'repo.git'), 'rev-parse', 'main'],
    {
      encoding: 'utf8',
    },
  );
  const git = `${url}/repo.git`;
  world.files('context', {
    Dockerfile: `
FROM scratch
ADD t.tar.xz /xz/
ADD --unpack=false t.tar.gz /kept/
ADD --checksum=${digest} ${url}/context/t.tar /remote/
ADD --unpack ${url}/context/t.tar /unpacked/
ADD --checksum=${commit.trim()} ${git}#release:sub /git/
ADD ${git}?branch=release&subdir=sub&checksum=${commit.slice(0, 8)} /query/
ADD --keep-git-dir=true ${git} /whole/
COPY . /all/
`,
    zstd: 'FROM scratch\nADD t.tar.zst /\n',
    wrong: `FROM scratch\nADD --checksum=sha256:${'0'.repeat(64)} ${url}/context/t.tar /\n`,
    'wrong-commit': `FROM scratch\nADD --checksum=${'0'.repeat(40)} ${git} /\n`,
  });
  const out = join(world.base, 'out');
  await world.ok([...plain, '-o', out, context]);
  const text = (name: string): string => readFileSync(join(out, name), 'utf8');
  for (const name of ['xz/a', 'unpacked/a']) t.equal(text(name), 'text\n', name);
  for (const name of ['git/f', 'query/f', 'whole/sub/f']) t.equal(text(name), 'of git\n', name);
  t.same(readFileSync(join(out, 'remote/t.tar')), tar, 'a remote archive stays one');
  t.ok(text('kept/t.tar.gz').length > 0, '--unpack=false');
  t.match(text('whole/.git/HEAD'), /\S/, '--keep-git-dir');
  const names = execFileSync('ls', [join(out, 'all')], { encoding: 'utf8' }).split('\n');
  t.ok(names.includes('b') && !names.includes('socket'), 'sockets are left out');
  const layer = join(world.base, 'layer.tar');
  await world.ok([...plain, '-o', `type=tar,dest=${layer}`, context]);
  t.match(readFileSync(layer).toString('latin1'), 'SCHILY.xattr.user.note=kept');
  await world.ok([...plain, '-f', join(context, 'zstd'), '-o', `${out}-zstd`, context]);
  t.equal(execFileSync('ls', [`${out}-zstd`], { encoding: 'utf8' }), 'a\n');
  for (const [file, message] of [
    ['wrong', /digest mismatch/],
    ['wrong-commit', /expected checksum to match 0{40}/],
  ] as const) {
    const failed = await world.shale([...plain, '-f', join(context, file), context]);
    t.equal(failed.code, 1);
    t.match(failed.stderr, message);
  }
});
