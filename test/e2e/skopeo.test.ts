import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type DockerRegistry, startDockerRegistry } from '../fixtures/docker-registry.js';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { pushImages, skopeo } from '../fixtures/e2e/skopeo.js';
import { type Result, WORLDS } from '../fixtures/e2e/worlds.js';

const registries: DockerRegistry[] = [];
t.teardown(() => Promise.all(registries.map(registry => registry.stop())));

async function registry(options: Parameters<typeof startDockerRegistry>[0] = {}): Promise<string> {
  const started = await startDockerRegistry(options);
  registries.push(started);
  return started.host;
}

/** skopeo before 1.10 does not know this part of its own document. */
function withoutLayersData({ code, stdout }: Result): Pick<Result, 'code' | 'stdout'> {
  return { code, stdout: stdout.replace(/ {4}"LayersData": (?:null|\[.*?\n {4}\]),\n/s, '') };
}

const worlds = WORLDS.slice(0, 1);

eachWorld(worlds, 'inspect of images elsewhere prints what skopeo prints', async (t, world) => {
  const host = await registry();
  const { app, list } = await pushImages(world, host);
  const docker = `docker://${app}`;
  const archive = join(world.base, 'docker.tar');
  await world.ok(['save', '-o', archive, app, 'busybox']);
  await world.ok(['save', '--format', 'oci-archive', '-o', join(world.base, 'oci.tar'), app]);
  for (const to of ['oci:layout:one', 'oci:layout:two', 'dir:directory'])
    t.equal(skopeo('copy', docker, to.replace(':', `:${world.base}/`)).code, 0, to);
  t.equal(skopeo('copy', '--all', `docker://${list}`, `dir:${world.base}/whole`).code, 0);
  const file = (text: string): string => text.replace(/^([a-z-]+):(?!\/)/, `$1:${world.base}/`);
  const cases = [
    [docker],
    ['--raw', docker],
    ['--config', docker],
    ['--config', '--raw', docker],
    ['-n', docker],
    ['-n', `docker://${list}`],
    ['--raw', `docker://${list}`],
    ['-n', '-f', '{{.Name}} {{.Digest}} {{.Created}} {{.Labels}} {{.Env}} {{.Layers}}', docker],
    ['-n', '--format', '{{json .}}', docker],
    ['--config', '-f', '{{.Config.Env}} {{.Architecture}} {{.RootFS.DiffIDs}}', docker],
    ['oci:layout:one'],
    ['--raw', 'oci:layout:two'],
    ['dir:directory'],
    ['--config', 'dir:whole'],
    ['oci-archive:oci.tar:1'],
    ['oci-archive:oci.tar'],
    [`docker-archive:docker.tar:${app}`],
    ['--raw', 'docker-archive:docker.tar:@1'],
    // and what is an error for both
    ['--raw', '-f', '{{.Name}}', docker],
    ['-f', '{{.Nothing}}', docker],
    ['oci:layout'],
    ['oci:layout:three'],
    ['oci:nowhere'],
    ['dir:nowhere'],
    ['docker-archive:docker.tar'],
    ['docker-archive:docker.tar:no:such'],
    [`docker://${host}/no/such`],
    [`docker://${host}/No/Such`],
    [docker, docker],
    ['docker-daemon:busybox:latest'],
  ];
  for (const args of cases) {
    const words = args.map(file);
    const [ours, theirs] = [await world.shale(['inspect', ...words]), skopeo('inspect', ...words)];
    t.strictSame(withoutLayersData(ours), withoutLayersData(theirs), args.join(' '));
    if (theirs.code !== 0) t.match(ours.stderr, /^shale: /, 'an error with words');
  }
  const { Layers, LayersData } = JSON.parse((await world.ok(['inspect', docker])).stdout);
  t.match(
    LayersData,
    Layers.map((Digest: string) => ({ Digest, MIMEType: /tar\+gzip$/, Size: Number, Annotations: null })),
  );

  const other = (flags: string[]) => world.ok(['inspect', '-n', ...flags, `docker://${list}`]);
  for (const flags of [
    ['--platform', 'linux/arm64'],
    ['--override-arch', 'arm64', '--override-os', 'linux'],
  ])
    t.match(JSON.parse((await other(flags)).stdout).Labels, { arm: 'yes' });
  t.match(await world.shale(['inspect', '--override-arch', 's390x', `docker://${list}`]), {
    code: 1,
    stderr: 's390x',
  });

  t.match(JSON.parse((await world.ok(['inspect', `containers-storage:${app}`])).stdout), {
    Name: `${host}/team/app`,
  });
  t.equal(JSON.parse((await world.ok(['inspect', 'busybox'])).stdout)[0].RepoTags[0], 'busybox:latest');
  t.match(await world.shale(['inspect', '--raw', 'busybox']), { code: 1, stderr: 'docker://busybox' });
  t.match(await world.shale(['inspect', 'busybox', docker]), {
    code: 1,
    stderr: 'Exactly one argument expected',
  });
});

eachWorld(worlds, 'list-tags and delete do what skopeo does', async (t, world) => {
  const host = await registry();
  const { app } = await pushImages(world, host);
  for (const tag of ['2', 'latest']) skopeo('copy', `docker://${app}`, `docker://${host}/team/app:${tag}`);
  await world.ok(['tag', 'busybox', 'other:1']);
  const { Id } = JSON.parse((await world.ok(['image', 'inspect', 'arm'])).stdout)[0];
  await world.ok(['save', '-o', join(world.base, 'images.tar'), app, 'busybox', 'other:1', Id]);
  const cases = [
    `docker://${host}/team/app`,
    `docker-archive:${world.base}/images.tar`,
    `docker://${host}/team/app:1`,
    `docker://${host}/no/such`,
    `oci:${world.base}`,
    'busybox',
  ];
  for (const name of cases) {
    const [ours, theirs] = [await world.shale(['list-tags', name]), skopeo('list-tags', name)];
    t.strictSame({ ...ours, stderr: '' }, { ...theirs, stderr: '' }, name);
    if (theirs.code !== 0) t.match(ours.stderr, /^shale: /);
  }

  t.strictSame(await world.shale(['delete', `docker://${app}`]), { code: 0, stdout: '', stderr: '' });
  t.equal(skopeo('inspect', `docker://${host}/team/app:2`).code, 1, 'all tags of the same digest go');
  t.match(await world.shale(['delete', `docker://${app}`]), { code: 1, stderr: /not found/ });
  for (const name of [`oci:${world.base}`, 'busybox', 'containers-storage:busybox'])
    t.equal((await world.shale(['delete', name])).code, 1, name);
  t.match(await world.shale(['delete', 'containers-storage:busybox']), { stderr: 'shale rmi' });
  const keeping = await registry({ deletes: false });
  skopeo('copy', `docker-archive:${world.base}/images.tar:${app}`, `docker://${keeping}/a:1`);
  t.match(await world.shale(['delete', `docker://${keeping}/a:1`]), {
    code: 1,
    stderr: 'does not delete images',
  });
  t.equal(skopeo('inspect', `docker://${keeping}/a:1`).code, 0);
});

eachWorld(worlds, 'logins of a file, of flags, and none', async (t, world) => {
  const { stdout: htpasswd } = spawnSync('htpasswd', ['-nbB', 'me', 'pass:word'], { encoding: 'utf8' });
  const host = await registry({ htpasswd });
  const name = `${host}/private/app`;
  await world.ok(['tag', 'busybox', name]);
  await world.ok(['push', '-q', '--creds', 'me:pass:word', name]);
  const auth = Buffer.from('me:pass:word').toString('base64');
  const files = world.files('auth', { 'auth.json': JSON.stringify({ auths: { [host]: { auth } } }) });
  const tags = (...flags: string[]) => world.shale(['list-tags', ...flags, `docker://${name}`]);
  const authfile = ['--authfile', join(files, 'auth.json')];
  t.equal((await tags()).code, 1);
  for (const flags of [
    authfile,
    ['--creds', 'me:pass:word'],
    ['--username', 'me', '--password', 'pass:word'],
  ])
    t.equal((await tags(...flags)).code, 0, flags.join(' '));
  t.match(await tags(...authfile, '--no-creds'), { code: 1, stderr: /authentication required/ });
  t.match(await tags('--registry-token', 'forged'), { code: 1 });
  t.match(await tags('--username', 'me'), { code: 125, stderr: 'go together' });
  t.equal(readFileSync(join(files, 'auth.json'), 'utf8').includes(auth), true);
});
