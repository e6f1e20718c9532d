// Flags of podman's and buildah's that docker has not.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDockerRegistry } from '../fixtures/docker-registry.js';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { WORLDS } from '../fixtures/e2e/worlds.js';

const one = WORLDS.slice(0, 1);

eachWorld(one, 'lists and removals', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  await world.ok(['build', '-t', 'larger', '-'], { input: 'FROM busybox\nRUN echo more > /more' });
  const names = (text: string): string[] =>
    text
      .trim()
      .split('\n')
      .map(line => line.split(' ')[0] ?? '');
  t.same(names(await out('images', '-n', '--sort', 'repository')), ['busybox', 'larger']);
  t.same(names(await out('images', '--noheading', '--sort', 'size')), ['busybox', 'larger']);
  t.same(names(await out('images', '--sort', 'created', '--format', '{{.Repository}}')), [
    'larger',
    'busybox',
  ]);
  const [first] = JSON.parse(await out('images', '--json', '--sort', 'id'));
  t.match(first, { id: /^[0-9a-f]{12}$/, names: [/:latest$/], created: Number, size: /MB$/ });
  t.equal((await world.shale(['images', '--sort', 'x'])).code, 125);
  t.match((await world.shale(['images', '--history'])).stderr, /--history is not supported: /);
  t.equal(await out('rmi', '--ignore', 'nope'), '');
  t.equal((await world.shale(['rmi', '--all', 'busybox'])).code, 1);
  t.match(await out('image', 'prune', '-f', '--build-cache'), /Total reclaimed space: [\d.]+k?B/);
  t.match(await out('rmi', '-a'), /Untagged: busybox:latest[\s\S]*Deleted: sha256:/);
  t.equal(await out('images', '-q'), '');
});

eachWorld(one, 'commit, diff and logs', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  await world.ok(['create', '--name', 'older', 'busybox', 'true']);
  await world.ok([
    'run',
    '--name',
    'box',
    '-v',
    'vol:/data',
    'busybox',
    'sh',
    '-c',
    'echo said; rm /etc/group; echo 1 > /new',
  ]);
  t.equal(await out('diff', '--latest'), 'C /etc\nD /etc/group\nA /new\n');
  t.equal(await out('logs', '-l'), 'said\n');
  t.equal(await out('logs', '--names', 'box'), 'box said\n');
  t.equal((await world.shale(['logs', '-l', 'box'])).code, 1);
  t.match((await world.shale(['logs'])).stderr, /requires 1 argument/);
  await world.ok(['commit', '--squash', '--include-volumes', 'box', 'flat']);
  const image = JSON.parse(await out('image', 'inspect', 'flat'))[0];
  t.same([image.RootFS.Layers.length, image.Config.Volumes], [1, { '/data': {} }]);
  t.equal(
    await out('run', '--rm', 'flat', 'sh', '-c', 'cat /new; test -e /etc/group || echo gone'),
    '1\ngone\n',
  );
  const archive = join(world.base, 'flat.tar');
  await world.ok(['save', '-o', archive, 'flat']);
  execFileSync('skopeo', ['copy', '-q', `oci-archive:${archive}`, `dir:${join(world.base, 'copied')}`]);
  await world.ok(['commit', '--rm', 'box', 'last']);
  t.equal(await out('ps', '-a', '--format', '{{.Names}}'), 'older\n');
  for (const wrong of [
    ['--format', 'docker'],
    ['--sbom', 'x'],
    ['--sign-by', 'me'],
    ['--manifest', 'x'],
  ])
    t.match(
      (await world.shale(['commit', ...wrong, 'older'])).stderr,
      /not supported|OCI images/,
      wrong.join(' '),
    );
  await world.ok(['rm', 'older']);
  await world.ok(['volume', 'rm', 'vol']);

  await world.ok(['build', '-t', 'vars', '-'], { input: 'FROM busybox\nENV A=1 B=2' });
  t.equal(await out('run', '--rm', '--unsetenv-all', '-e', 'C=3', 'vars', '/bin/env'), 'C=3\nHOME=/root\n');
  await world.ok(['import', '--arch', 'arm64', '--variant', 'v8', '-', 'arm'], {
    input: execFileSync('sh', ['-c', 'cd /var/empty 2>/dev/null || cd /srv; tar -c -T /dev/null']),
  });
  t.equal(
    await out('image', 'inspect', '-f', '{{.Os}}/{{.Architecture}}/{{.Variant}}', 'arm'),
    'linux/arm64/v8\n',
  );
});

eachWorld(one, 'registries', async (t, world) => {
  const guarded = await startDockerRegistry({
    htpasswd: execFileSync('htpasswd', ['-nbB', 'me', 'open sesame'], { encoding: 'utf8' }),
  });
  const open = await startDockerRegistry();
  t.teardown(() => Promise.all([guarded.stop(), open.stop()]));
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  const file = join(world.base, 'logins.json');
  const login = ['login', '--authfile', file, '-u', 'me', '--password-stdin', guarded.host];
  await world.ok(login, { input: 'open sesame' });
  t.same(Object.keys(JSON.parse(readFileSync(file, 'utf8')).auths), [guarded.host]);
  t.equal(await out('login', '--authfile', file, '--get-login', guarded.host), 'me\n');
  t.match((await world.shale(['login', '--get-login', guarded.host])).stderr, /not logged into/);
  const name = `${guarded.host}/me/app:1`;
  await world.ok(['tag', 'busybox', name]);
  t.equal((await world.shale(['push', name])).code, 1, 'nobody is logged in');
  await world.ok(['push', '--authfile', file, '--retry', '1', '--retry-delay', '10ms', name]);
  await world.ok(['rmi', name]);
  await world.ok(['pull', '--authfile', file, name]);
  await world.ok(['logout', '--all', '--authfile', file]);
  t.same(JSON.parse(readFileSync(file, 'utf8')).auths, {});
  t.equal((await world.shale(['pull', '--authfile', file, name])).code, 1);
  t.equal(await out('pull', '-q', '--policy', 'missing', name), `${name}\n`, 'nobody is asked');
  t.match((await world.shale(['pull', '--policy', 'newer', name])).stderr, /is used as it is here/);
  t.equal((await world.shale(['pull', '--policy', 'never', 'nope'])).code, 1);
  t.equal((await world.shale(['pull', '--policy', 'x', name])).code, 125);

  const other = `${open.host}/me/app:1`;
  await world.ok(['tag', 'busybox', other]);
  const types = (): string[] => {
    const manifest = execFileSync('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${other}`], {
      encoding: 'utf8',
    });
    return JSON.parse(manifest).layers.map((layer: { mediaType: string }) => layer.mediaType.split('+')[1]);
  };
  await world.ok(['push', other]);
  t.same(types(), ['gzip']);
  await world.ok(['rmi', other]);
  await world.ok(['pull', other]);
  await world.ok(['push', '--compression-format', 'zstd', other]);
  t.same(types(), ['gzip'], 'what came compressed goes as it came');
  await world.ok([
    'push',
    '--compression-format',
    'zstd',
    '--compression-level',
    '19',
    '--force-compression',
    other,
  ]);
  t.same(types(), ['zstd']);
  t.match(
    (await world.shale(['push', '--compression-level', '20', other])).stderr,
    /a number from 1 to 9 for gzip/,
  );
  t.match((await world.shale(['push', '--sign-by', 'me', other])).stderr, /signatures are not made/);
  t.match((await world.shale(['pull', '--decryption-key', 'k', other])).stderr, /not supported/);
});

eachWorld(one, 'indexes: buildx imagetools, and save of several platforms', async (t, world) => {
  const { host, stop } = await startDockerRegistry();
  t.teardown(stop);
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  for (const arch of ['amd64', 'arm64', 's390x']) {
    const input = `FROM busybox\nLABEL arch=${arch}`;
    await world.ok(['build', '-t', `${host}/one:${arch}`, '-'], { input });
    await world.ok(['create', '--name', 'box', `${host}/one:${arch}`]);
    await world.ok(['config', '--arch', arch, 'box']);
    await world.ok(['commit', '--rm', 'box', `${host}/one:${arch}`]);
    await world.ok(['push', '-q', `${host}/one:${arch}`]);
  }
  const raw = (name: string): { mediaType: string; manifests?: { platform: { architecture: string } }[] } =>
    JSON.parse(
      execFileSync('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${host}/${name}`], {
        encoding: 'utf8',
      }),
    );
  const architectures = (name: string): string[] | undefined =>
    raw(name).manifests?.map(({ platform }) => platform.architecture);
  const create = (...args: string[]): Promise<string> => out('buildx', 'imagetools', 'create', ...args);
  const dry = JSON.parse(await create('--dry-run', `${host}/one:amd64`, `${host}/one:arm64`));
  t.equal(dry.manifests.length, 2);
  await create(
    '-t',
    `${host}/all:1`,
    '-t',
    `${host}/all:2`,
    '--annotation',
    'index:k=v',
    `${host}/one:amd64`,
    `${host}/one:arm64`,
  );
  t.same(architectures('all:1'), ['amd64', 'arm64']);
  t.same(raw('all:2'), raw('all:1'));
  await create('-t', `${host}/all:1`, '--append', `${host}/one:s390x`);
  t.same(architectures('all:1'), ['amd64', 'arm64', 's390x']);
  await create('-t', `${host}/copied:1`, `${host}/all:1`);
  t.same(raw('copied:1'), raw('all:1'), 'a single index is copied as it is');
  await create('-t', `${host}/few:1`, '--platform', 'linux/arm64,linux/s390x', `${host}/all:1`);
  t.same(architectures('few:1'), ['arm64', 's390x']);
  await create('-t', `${host}/plain:1`, '--prefer-index=false', `${host}/one:amd64`);
  t.equal(raw('plain:1').manifests, undefined);
  await create('-t', `${host}/wrapped:1`, `${host}/one:amd64`);
  t.same(architectures('wrapped:1'), ['amd64']);
  execFileSync('skopeo', [
    'copy',
    '-q',
    '--all',
    '--src-tls-verify=false',
    `docker://${host}/all:1`,
    `dir:${join(world.base, 'all')}`,
  ]);

  const name = `${host}/all:1`;
  for (const arch of ['amd64', 'arm64']) await world.ok(['rmi', '-f', `${host}/one:${arch}`]);
  const early = await world.shale([
    'save',
    '--platform',
    'linux/amd64,linux/arm64',
    '-o',
    join(world.base, 'x'),
    name,
  ]);
  t.match([early.code, early.stderr], [1, /No such image/]);
  for (const arch of ['arm64', 'amd64']) await world.ok(['pull', '-q', '--platform', `linux/${arch}`, name]);
  for (const format of ['docker-archive', 'oci-archive']) {
    const both = join(world.base, `${format}.tar`);
    await world.ok(['save', '--format', format, '--platform', 'linux/amd64,linux/arm64', '-o', both, name]);
    const saved = JSON.parse(
      execFileSync('skopeo', ['inspect', '--raw', `oci-archive:${both}`], { encoding: 'utf8' }),
    );
    t.same(
      saved.manifests.map((entry: { platform: object }) => entry.platform),
      [
        { architecture: 'amd64', os: 'linux' },
        { architecture: 'arm64', os: 'linux' },
      ],
    );
    execFileSync('skopeo', ['copy', '-q', '--all', `oci-archive:${both}`, `dir:${join(world.base, format)}`]);
    for (const arch of ['arm64', 'amd64']) {
      const env = { SHALE_ROOT: join(world.base, `elsewhere-${arch}`) };
      const { stdout } = await world.ok(['load', '--platform', `linux/${arch}`, '-i', both], { env });
      t.equal(stdout, `Loaded image: ${name}\n`);
      const found = await world.ok(
        ['image', 'inspect', '-f', '{{.Architecture}} {{.Config.Labels.arch}}', name],
        { env },
      );
      t.equal(found.stdout, `${arch} ${arch}\n`);
    }
  }
  const lacks = await world.shale([
    'save',
    '--platform',
    'linux/amd64,linux/s390x',
    '-o',
    join(world.base, 'x'),
    name,
  ]);
  t.match([lacks.code, lacks.stderr], [1, /does not provide the specified platform \(linux\/s390x\)/]);

  const text = await out('buildx', 'imagetools', 'inspect', `${host}/all:1`);
  t.match(
    text,
    new RegExp(`^Name: +${host}/all:1\nMediaType: application/vnd.oci.image.index.*\nDigest: +sha256:`),
  );
  t.match(text, /Platform: +linux\/s390x/);
  const digest = await out(
    'buildx',
    'imagetools',
    'inspect',
    '--format',
    '{{.Manifest.Digest}}',
    `${host}/all:1`,
  );
  t.match(text, digest.trim());
  t.same(JSON.parse(await out('buildx', 'imagetools', 'inspect', '--raw', `${host}/all:1`)), raw('all:1'));
});

eachWorld(one, 'save into a directory', async (t, world) => {
  await world.ok(['build', '-t', 'made', '-'], { input: 'FROM busybox\nRUN echo made > /made' });
  const inspect = (name: string): { Layers: string[]; MIMEType: string } => {
    const raw = JSON.parse(execFileSync('skopeo', ['inspect', '--raw', name], { encoding: 'utf8' }));
    return {
      Layers: raw.layers.map((layer: { mediaType: string }) => layer.mediaType),
      MIMEType: raw.mediaType,
    };
  };
  const directory = (name: string): string => join(world.base, name);
  await world.ok(['save', '--format', 'oci-dir', '-o', directory('oci'), 'made']);
  t.match(inspect(`oci:${directory('oci')}`).MIMEType, /vnd\.oci\.image\.manifest/);
  await world.ok(['save', '--format', 'docker-dir', '-o', directory('docker'), 'made']);
  t.match(inspect(`dir:${directory('docker')}`), { MIMEType: /vnd\.docker\..*manifest\.v2/ });
  await world.ok(['save', '--format', 'docker-dir', '--compress', '-o', directory('small'), 'made']);
  t.ok(inspect(`dir:${directory('small')}`).Layers.every(type => type.endsWith('.gzip')));
  t.match((await world.shale(['save', '--format', 'oci-dir', 'made'])).stderr, /-o DIR IMAGE/);
});
