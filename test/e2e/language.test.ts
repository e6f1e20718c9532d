import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { WORLDS, type World } from '../fixtures/e2e/worlds.js';

const plain = ['build', '--progress', 'plain'];
const [PERSON, , , SINGLE] = WORLDS;
const FEW = [PERSON, SINGLE].flatMap(world => world ?? []);

async function listing(world: World, image: string, path: string): Promise<string[]> {
  const { stdout } = await world.ok(['run', '--rm', image, 'find', path]);
  return stdout.trim().split('\n').sort();
}

eachWorld(FEW, 'COPY --parents, --exclude, --link', async (t, world) => {
  const context = world.files('context', {
    Dockerfile: `
FROM busybox
RUN mkdir /real && ln -s /real /link
COPY --parents src/./a/**/*.txt src/b/one.txt /parents/
COPY --exclude=*.log --exclude=deep --exclude=!deep/keep src/c /excluded/
COPY --link src/b /link/
`,
    'src/a/x/deep.txt': '1',
    'src/a/top.txt': '2',
    'src/a/no.md': '3',
    'src/b/one.txt': '4',
    'src/c/x.log': '5',
    'src/c/y': '6',
    'src/c/deep/keep': '7',
    'src/c/deep/drop': '8',
  });
  await world.ok([...plain, '-t', 'copied', context]);
  t.same(await listing(world, 'copied', '/parents'), [
    '/parents',
    '/parents/a',
    '/parents/a/top.txt',
    '/parents/a/x',
    '/parents/a/x/deep.txt',
    '/parents/src',
    '/parents/src/b',
    '/parents/src/b/one.txt',
  ]);
  t.same(await listing(world, 'copied', '/excluded'), [
    '/excluded',
    '/excluded/deep',
    '/excluded/deep/keep',
    '/excluded/y',
  ]);
  t.same(
    await listing(world, 'copied', '/link'),
    ['/link', '/link/one.txt'],
    'a directory instead of the link',
  );
  t.same(await listing(world, 'copied', '/real'), ['/real']);
});

eachWorld(FEW, 'COPY and ADD --chmod, octal and symbolic', async (t, world) => {
  const context = world.files('context', {
    Dockerfile: `
FROM busybox
COPY --chmod=4750 one /octal
COPY --chmod=u=rwx,g=rX,o= dir /symbolic/
ADD --chmod=a-w,u+x one /added
`,
    one: '1',
    'dir/sub/plain': '2',
  });
  await world.ok([...plain, '-t', 'modes', context]);
  const modes = ['stat', '-c', '%a %n', '/octal', '/symbolic/sub', '/symbolic/sub/plain', '/added'];
  t.equal(
    (await world.ok(['run', '--rm', 'modes', ...modes])).stdout,
    '4750 /octal\n750 /symbolic/sub\n740 /symbolic/sub/plain\n544 /added\n',
  );
});

eachWorld(FEW, 'named contexts', async (t, world) => {
  const context = world.files('context', {
    Dockerfile: `
FROM docker.io/library/alpine:latest AS base
RUN false
FROM other
COPY --from=files one /
COPY --from=base two /
RUN --mount=from=files,target=/f cat /f/one && test ! -e /f/hidden
`,
  });
  const files = world.files('files', { one: 'of files\n', hidden: 'x', '.dockerignore': 'hidden\n' });
  const base = world.files('base', { two: 'of base\n' });
  const given = { base, files, other: 'docker-image://busybox' };
  const flags = Object.entries(given).flatMap(([name, value]) => ['--build-context', `${name}=${value}`]);
  const { stderr } = await world.ok([...plain, ...flags, '-t', 'named', context]);
  t.match(stderr, /\d of files\n/);
  t.equal((await world.ok(['run', '--rm', 'named', 'cat', '/one', '/two'])).stdout, 'of files\nof base\n');

  const layout = join(world.base, 'layout');
  const archive = join(world.base, 'layout.tar');
  await world.ok(['save', '--format', 'oci', '-o', archive, 'named']);
  await world.ok(['rmi', 'named']);
  world.files('layout', {});
  const untar = world.command(['tar', '-xf', archive, '-C', layout]);
  await new Promise(resolve => untar.on('close', resolve));
  const next = world.files('next', { Dockerfile: 'FROM base\nRUN cat /one\n' });
  const again = await world.ok([...plain, '--build-context', `base=oci-layout://${layout}`, next]);
  t.match(again.stderr, /\d of files\n/, 'an image of an OCI layout');
  const missing = await world.shale([...plain, '--build-context', `base=oci-layout://${layout}:nope`, next]);
  t.match(missing.stderr, /no image nope/);
});

eachWorld(FEW, 'checks, outlines and targets build nothing', async (t, world) => {
  const context = world.files('context', {
    Dockerfile: `
# first of it all
FROM busybox AS first
# VERSION of the thing
ARG VERSION=1
RUN --mount=type=secret,id=token,required false
FROM first
CMD echo hi
`.trimStart(),
    strict: '# check=error=true\nFROM busybox\nCMD echo hi\n',
  });
  const checked = await world.shale(['build', '--check', context]);
  t.equal(checked.code, 1);
  t.match(checked.stdout, /1 warning has been found/);
  t.match(checked.stdout, /JSONArgsRecommended/);
  const asJson = await world.shale(['build', '--call=check,format=json', context]);
  t.match(JSON.parse(asJson.stdout), { warnings: [{ ruleName: 'JSONArgsRecommended' }] });
  const outline = await world.ok(['build', '--call=outline,format=json', context]);
  t.match(JSON.parse(outline.stdout), {
    args: [{ name: 'VERSION', value: '1', description: 'of the thing' }],
    secrets: [{ name: 'token', required: true }],
  });
  const targets = await world.ok(['build', '--call=targets', context]);
  t.match(targets.stdout, 'first       of it all\n(default)');
  const strict = await world.shale([...plain, '-f', join(context, 'strict'), context]);
  t.equal(strict.code, 1);
  t.match(strict.stderr, /lint violation found for rules: JSONArgsRecommended/);
});

eachWorld(FEW, '--explain says what changed', async (t, world) => {
  const dockerfile = 'FROM busybox\nARG A=1\nENV E=$A\nCOPY one two /d/\nRUN cat /d/one; echo $A\n';
  const context = world.files('context', { Dockerfile: dockerfile, one: '1', two: '2' });
  const explain = async (...more: string[]) =>
    (await world.ok([...plain, '--explain', ...more, context])).stderr;
  t.match(await explain(), /no execution of a step like this is known/);
  t.match(await explain(), /every step was in the cache/);
  world.files('context', { two: 'changed' });
  const file = await explain();
  t.match(file, /file d\/two changed: file 644 0:0 [0-9a-f]{12} -> file 644 0:0 [0-9a-f]{12}\n/);
  t.notMatch(file, /file d\/one/);
  t.match(file, /layer of COPY one two \/d\//);
  const args = await explain('--build-arg', 'A=2');
  t.match(args, /build argument A changed: 1 -> 2/);
  t.match(args, /environment variable E changed: 1 -> 2/);
  world.files('context', { Dockerfile: dockerfile.replace('cat /d/one', 'cat -n /d/one') });
  t.match(await explain('--build-arg', 'A=2'), /command changed: .*cat \/d\/one.* -> .*cat -n \/d\/one/);
  t.match(await explain('--no-cache'), /--no-cache/);
  world.files('context', { Dockerfile: 'FROM busybox\nENV DIRECT=1\nRUN true\n' });
  await explain();
  world.files('context', { Dockerfile: 'FROM busybox\nENV DIRECT=2\nRUN true\n' });
  t.match(await explain(), /environment variable DIRECT changed: 1 -> 2/);
  const [first] = JSON.parse((await world.ok(['image', 'inspect', 'busybox'])).stdout);
  const root = join(world.base, 'root.tar');
  const made = world.files('made', { Dockerfile: 'FROM busybox\nRUN touch /newer\n' });
  await world.ok([...plain, '-o', `type=tar,dest=${root}`, made]);
  await world.ok(['import', root, 'busybox']);
  const [second] = JSON.parse((await world.ok(['image', 'inspect', 'busybox'])).stdout);
  const short = (image: { RootFS: { Layers: string[] } }) => (image.RootFS.Layers[0] ?? '').slice(7, 19);
  t.match(await explain(), `base image busybox changed: ${short(first)} -> ${short(second)}`);
});

eachWorld(FEW, 'here-documents, limits, annotations, metadata', async (t, world) => {
  const context = world.files('context', {
    Dockerfile: `
FROM busybox
RUN <<-EOF
	echo one
	echo two
EOF
RUN <<EOF
#!/bin/busybox sh
echo "script $0"
EOF
RUN cat <<A - <<B
of a
A
of b
B
COPY <<one <<"two" /files/
plain
one
$NOT
two
RUN cat /files/one /files/two; ulimit -n; stat -f -c %b /dev/shm
RUN --network=none true
`,
    insecure: 'FROM busybox\nRUN --security=insecure true\n',
    device: 'FROM busybox\nRUN --device=vendor.com/x=y,required true\n',
    host: 'FROM busybox\nRUN --network=host true\n',
  });
  const metadata = join(world.base, 'metadata.json');
  const flags = ['--ulimit', 'nofile=512:512', '--shm-size', '4m', '--metadata-file', metadata];
  const { stderr } = await world.ok([...plain, ...flags, '--annotation', 'a=b', '-t', 'here', context]);
  for (const line of ['one', 'two', 'script /dev/pipes/EOF', 'plain', '\\$NOT', '512', '1024'])
    t.match(stderr, new RegExp(`\\d ${line}\n`), line);
  t.match(JSON.parse(readFileSync(metadata, 'utf8')), { 'image.name': 'docker.io/library/here:latest' });
  for (const [file, flag, message] of [
    ['insecure', [], /security\.insecure is not allowed/],
    ['device', [], /required device "vendor.com\/x=y" is not registered/],
    ['host', ['--network', 'none'], /network\.host is not allowed/],
  ] as const) {
    const failed = await world.shale([...plain, ...flag, '-f', join(context, file), context]);
    t.match(failed.stderr, message);
  }
  await world.ok([...plain, '--allow', 'security.insecure', '-f', join(context, 'insecure'), context]);
  const name = await world.shale([...plain, '-t', 'oci:/x/Y', context]);
  t.notMatch(name.stderr, /DONE/, 'a bad name is known before the build');
});

eachWorld(FEW, 'docker keeps what OCI has no word for', async (t, world) => {
  const context = world.files('context', {
    Dockerfile: `
FROM busybox
SHELL ["/bin/sh", "-e", "-c"]
HEALTHCHECK --interval=1m30s --timeout=500ms --start-period=1s --start-interval=2s --retries=3 CMD test -e /
ONBUILD COPY <<file /by-trigger
of $WORD
file
ONBUILD RUN cat /by-trigger
EXPOSE 1-3/udp 80 443/TCP
STOPSIGNAL SIGQUIT
MAINTAINER somebody
USER app
WORKDIR /a
WORKDIR b/../c
`,
    next: 'FROM kept\nHEALTHCHECK NONE\n',
  });
  const archive = join(world.base, 'kept.tar');
  await world.ok([...plain, '-t', 'kept', '-o', `type=oci,dest=${archive}`, context]);
  // raw: skopeo drops what its own OCI types do not know
  const raw = execFileSync('skopeo', ['inspect', '--config', '--raw', `oci-archive:${archive}`], {
    encoding: 'utf8',
  });
  t.match(JSON.parse(raw), {
    author: 'somebody',
    config: {
      Shell: ['/bin/sh', '-e', '-c'],
      Healthcheck: {
        Test: ['CMD-SHELL', 'test -e /'],
        Interval: 90e9,
        Timeout: 5e8,
        StartPeriod: 1e9,
        StartInterval: 2e9,
        Retries: 3,
      },
      OnBuild: ['COPY <<file /by-trigger\nof $WORD\nfile', 'RUN cat /by-trigger'],
      ExposedPorts: { '1/udp': {}, '2/udp': {}, '3/udp': {}, '80/tcp': {}, '443/tcp': {} },
      StopSignal: 'SIGQUIT',
      User: 'app',
      WorkingDir: '/a/c',
    },
  });
  const next = await world.ok([...plain, '-t', 'next', '-f', join(context, 'next'), context]);
  t.match(next.stderr, /\d of \n/, 'triggers, with their here-documents');
  const [image] = JSON.parse((await world.ok(['image', 'inspect', 'next'])).stdout);
  t.same(image.Config.Healthcheck, { Test: ['NONE'] });
  t.notOk(image.Config.OnBuild?.length, 'a trigger goes off once');
});
