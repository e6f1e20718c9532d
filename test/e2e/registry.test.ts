import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type DockerRegistry, startDockerRegistry } from '../fixtures/docker-registry.js';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { holding } from '../fixtures/e2e/holding.js';
import { WORLDS } from '../fixtures/e2e/worlds.js';

const registries: DockerRegistry[] = [];
t.teardown(() => Promise.all(registries.map(registry => registry.stop())));

async function registry(options: Parameters<typeof startDockerRegistry>[0] = {}): Promise<DockerRegistry> {
  const started = await startDockerRegistry(options);
  registries.push(started);
  return started;
}

const [range, , , single, root] = WORLDS;

eachWorld(
  [range, single, root].flatMap(spec => spec ?? []),
  'push, and pull what was pushed',
  async (t, world) => {
    const { host } = await registry();
    const context = world.files('context', {
      Dockerfile:
        'FROM busybox\nCOPY big /big\nRUN echo pushed > /message && mkdir /own && chown 5:6 /own\nCMD ["cat", "/message"]\n',
      big: randomBytes(1 << 20),
    });
    const name = `${host}/team/app:one`;
    await world.ok(['build', '-t', name, '--push', context]);
    const reference = `docker://${name}`;
    const inspected = JSON.parse(
      execFileSync('skopeo', ['inspect', '--tls-verify=false', reference], { encoding: 'utf8' }),
    );
    t.equal(inspected.Layers.length, 3);
    const raw = execFileSync('skopeo', ['inspect', '--raw', '--tls-verify=false', reference], {
      encoding: 'utf8',
    });
    const types = JSON.parse(raw).layers.map((layer: { mediaType: string }) => layer.mediaType);
    t.ok(
      types.every((type: string) => type.endsWith('tar+gzip')),
      'layers travel compressed',
    );
    execFileSync('skopeo', [
      'copy',
      '-q',
      '--src-tls-verify=false',
      reference,
      `oci:${join(world.base, 'copied')}:x`,
    ]);
    const digestFile = join(world.base, 'digest');
    t.equal((await world.ok(['push', '-q', '--digestfile', digestFile, name])).stdout, `${name}\n`);
    t.equal(readFileSync(digestFile, 'utf8'), inspected.Digest, 'pushing again gives the same digest');

    const config = (await world.ok(['image', 'inspect', name])).stdout;
    await world.ok(['rmi', '-f', name]);
    t.equal((await world.shale(['image', 'inspect', name])).code, 1);
    const pulled = await world.ok(['pull', name]);
    t.match(pulled.stdout, `Digest: ${inspected.Digest}`);
    t.equal(JSON.parse((await world.ok(['image', 'inspect', name])).stdout)[0].Id, JSON.parse(config)[0].Id);
    t.equal((await world.ok(['run', '--rm', name])).stdout, 'pushed\n');
    const byDigest = `${host}/team/app@${inspected.Digest}`;
    t.equal((await world.ok(['run', '--rm', byDigest])).stdout, 'pushed\n');

    const elsewhere = { SHALE_ROOT: join(world.base, 'elsewhere') };
    const first = world.files('first', {
      Dockerfile: `FROM ${name}\nRUN cat /message > /copy\nUSER app\nRUN id -u\n`,
    });
    await world.ok(['build', '-t', 'first', first], { env: elsewhere });
    t.equal(
      (await world.ok(['run', '--rm', 'first', 'cat', '/copy'], { env: elsewhere })).stdout,
      'pushed\n',
    );
    await world.ok(['rmi', '-f', 'first', name], { env: elsewhere });

    const derived = world.files('derived', {
      Dockerfile: `FROM ${byDigest}\nCOPY extra /\n`,
      extra: 'extra',
    });
    await world.ok(['build', '-t', `${host}/other/app`, derived]);
    const pushed = await world.ok(['push', `${host}/other/app`]);
    t.match(pushed.stderr, /mounted/, 'layers of the base are mounted, not sent');
  },
);

eachWorld(
  [range].flatMap(spec => spec ?? []),
  'pull what others pushed: docker and OCI types, an index, a zstd layer',
  async (t, world) => {
    const { host } = await registry();
    const context = world.files('context', {
      Dockerfile: 'FROM busybox\nRUN echo others > /message\nCMD ["cat", "/message"]\n',
    });
    const archive = join(world.base, 'image.tar');
    await world.ok(['build', '-t', 'local', '-o', `type=docker,dest=${archive}`, context]);
    const copies: [tag: string, flags: string[]][] = [
      ['v2s2', ['--format', 'v2s2']],
      ['oci', ['--format', 'oci']],
      ['zstd', ['--format', 'oci', '--dest-compress-format', 'zstd']],
    ];
    for (const [tag, flags] of copies) {
      const to = `docker://${host}/peer/app:${tag}`;
      execFileSync('skopeo', [
        'copy',
        '-q',
        '--dest-tls-verify=false',
        ...flags,
        `docker-archive:${archive}`,
        to,
      ]);
      await world.ok(['pull', '-q', `${host}/peer/app:${tag}`]);
      t.equal((await world.ok(['run', '--rm', `${host}/peer/app:${tag}`])).stdout, 'others\n', tag);
    }
  },
);

eachWorld(
  [range].flatMap(spec => spec ?? []),
  'login keeps credentials where docker keeps them, and they are used',
  async (t, world) => {
    const secret = 'correct horse';
    const htpasswd = execFileSync('htpasswd', ['-nbB', 'me', secret], { encoding: 'utf8' });
    const { host } = await registry({ htpasswd });
    const name = `${host}/private/app`;
    await world.ok(['tag', 'busybox', name]);
    const refused = await world.shale(['push', name]);
    t.equal(refused.code, 1);
    t.match(refused.stderr, /401|unauthorized|log in/i);
    const wrong = await world.shale(['login', '-u', 'me', '--password-stdin', host], { input: 'nope' });
    t.equal(wrong.code, 1);
    const right = await world.ok(['login', '-u', 'me', '--password-stdin', host], { input: secret });
    t.match(right.stdout, 'Login Succeeded');
    const file = join(world.base, '.docker/config.json');
    t.equal(statSync(file).mode & 0o777, 0o600);
    t.ok(JSON.parse(readFileSync(file, 'utf8')).auths[host]);
    const { stdout, stderr } = await world.ok(['push', name]);
    t.notMatch(stdout + stderr, secret);
    const context = world.files('private', { Dockerfile: `FROM ${name}\nRUN true\n` });
    const built = await world.ok(['build', '--pull', '--progress', 'plain', context]);
    t.notMatch(built.stdout + built.stderr, secret);
    for (const text of [secret, Buffer.from(`me:${secret}`).toString('base64')])
      t.same(holding(world.store, text), [], 'no byte of the store holds the credentials');
    await world.ok(['logout', host]);
    t.equal((await world.shale(['pull', name])).code, 1);
  },
);

eachWorld(
  [range].flatMap(spec => spec ?? []),
  'a registry that answers 404',
  async (t, world) => {
    const { host } = await registry();
    const missing = await world.shale(['pull', `${host}/no/such:tag`]);
    t.equal(missing.code, 1);
    t.match(missing.stderr, /not found|unknown/i);
    t.match(missing.stderr, /no\/such/);
  },
);

eachWorld(
  [range].flatMap(spec => spec ?? []),
  "every tag of a repository, in docker's lines",
  async (t, world) => {
    const { host } = await registry();
    const name = `${host}/team/app`;
    const context = world.files('context', { Dockerfile: 'FROM busybox\nRUN echo two > /two\n' });
    await world.ok(['build', '-q', '-t', `${name}:two`, context]);
    await world.ok(['tag', 'busybox', `${name}:one`]);
    const digest = 'sha256:[0-9a-f]{64}';
    const pushed = (await world.ok(['push', '--all-tags', name])).stdout;
    const each = (tag: string): string => `${tag}: digest: (${digest}) size: \\d+\n`;
    t.match(
      pushed,
      new RegExp(`^The push refers to repository \\[${name}\\]\n${each('one')}${each('two')}$`),
    );
    const [one, two] = [...pushed.matchAll(/digest: (\S+)/g)].map(([, found]) => found);
    await world.ok(['rmi', `${name}:one`, `${name}:two`]);

    const pulled = (await world.ok(['pull', '-a', name])).stdout;
    t.equal(
      pulled,
      `one: Pulling from team/app\nDigest: ${one}\ntwo: Pulling from team/app\nDigest: ${two}\n` +
        `Status: Downloaded newer image for ${name}\n${name}\n`,
    );
    t.match((await world.ok(['images', '-q', name])).stdout, /^\w{12}\n\w{12}\n$/);
    const again = (await world.ok(['pull', `${name}:one`])).stdout;
    t.match(again, `Status: Image is up to date for ${name}:one\n${name}:one\n`);
    const byDigest = (await world.ok(['pull', `${name}@${two}`])).stdout;
    t.match(byDigest, `${name}@${two}: Pulling from team/app\nDigest: ${two}\nStatus: Image is up to date`);
    t.equal((await world.ok(['pull', '-q', `${name}:two`])).stdout, `${name}:two\n`);
    const both = await world.shale(['pull', '-a', `${name}:one`]);
    t.match(both, { code: 1, stderr: "tag can't be used with --all-tags/-a" });
    t.equal((await world.shale(['pull', '-a', `${host}/no/such`])).code, 1);
  },
);
