import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { holding } from '../fixtures/e2e/holding.js';
import { bareRepository } from '../fixtures/e2e/repository.js';
import { WORLDS, type World } from '../fixtures/e2e/worlds.js';
import { serve } from '../fixtures/http-server.js';

const FIRST = WORLDS.slice(0, 1);
const plain = ['build', '--progress', 'plain'];
const TOKEN = 'tok-5e1f-not-for-layers';
const basic = (text: string): string => `basic ${Buffer.from(text).toString('base64')}`;

/** Files of the world over http, for those who bring the header. */
function serveGuarded(t: Parameters<typeof serve>[0], world: World, authorization: () => string) {
  return serve(t, (request, response) => {
    if (request.headers.authorization !== authorization()) {
      response.writeHead(401).end();
      return;
    }
    try {
      response.end(readFileSync(join(world.base, new URL(request.url ?? '', 'http://x').pathname)));
    } catch {
      response.writeHead(404).end();
    }
  });
}

eachWorld(FIRST, 'secrets open http and git remotes, and stay secret', async (t, world) => {
  bareRepository(world, 'repo', { Dockerfile: 'FROM busybox\nCOPY f /f\n', f: 'of git\n' });
  world.files('.', { 'file.txt': 'of http\n' });
  execFileSync('tar', [
    '-C',
    join(world.base, 'repo-work'),
    '-cf',
    join(world.base, 'c.tar'),
    'Dockerfile',
    'f',
  ]);
  let wanted = '';
  const { url } = await serveGuarded(t, world, () => wanted);
  const { host, hostname } = new URL(url);
  const env = { TOKEN, HEADER: `Custom ${TOKEN}` };
  const build = async (secret: string, variable: keyof typeof env, ...args: string[]) => {
    const given = ['--secret', `id=${secret},env=${variable}`];
    const result = await world.shale([...plain, '--no-cache', ...given, ...args], { env });
    t.equal(result.code, 0, `${secret} ${args.at(-1)}\n${result.stderr}`);
    t.notMatch(result.stdout + result.stderr, TOKEN);
  };
  const adding = world.files('adding', { Dockerfile: `FROM scratch\nADD ${url}/file.txt /\n` });
  const addingGit = world.files('adding-git', {
    Dockerfile: `FROM scratch\nADD ${url}/repo.git#release /\n`,
  });

  const fromNamed = world.files('from-named', { Dockerfile: 'FROM named\n' });

  for (const [secret, variable, header] of [
    [`HTTP_AUTH_TOKEN_${hostname}`, 'TOKEN', `Bearer ${TOKEN}`],
    [`HTTP_AUTH_HEADER_${hostname}`, 'HEADER', env.HEADER],
  ] as const) {
    wanted = header;
    await build(secret, variable, adding);
    await build(secret, variable, `${url}/c.tar`);
  }
  for (const [secret, variable, header] of [
    ['GIT_AUTH_TOKEN', 'TOKEN', basic(`x-access-token:${TOKEN}`)],
    [`GIT_AUTH_TOKEN.${host}`, 'TOKEN', basic(`x-access-token:${TOKEN}`)],
    ['GIT_AUTH_HEADER', 'HEADER', env.HEADER],
    [`GIT_AUTH_HEADER.${host}`, 'HEADER', env.HEADER],
  ] as const) {
    wanted = header;
    await build(secret, variable, addingGit);
  }
  await build('GIT_AUTH_HEADER', 'HEADER', `${url}/repo.git`);
  await build('GIT_AUTH_HEADER', 'HEADER', '--check', `${url}/repo.git`);
  await build('GIT_AUTH_HEADER', 'HEADER', '--build-context', `named=${url}/repo.git#main`, fromNamed);

  for (const context of [adding, addingGit, `${url}/c.tar`, `${url}/repo.git`]) {
    const refused = await world.shale([...plain, '--no-cache', context]);
    t.equal(refused.code, 1, `${context} without a secret`);
  }
  const other = ['--secret', 'id=GIT_AUTH_HEADER.example.com,env=HEADER'];
  t.equal(
    (await world.shale([...plain, '--no-cache', ...other, addingGit], { env })).code,
    1,
    'of another host',
  );
  for (const text of [TOKEN, Buffer.from(`x-access-token:${TOKEN}`).toString('base64')])
    t.same(holding(world.store, text), [], 'no byte of the store holds it');
});

eachWorld(FIRST, 'named contexts from git and from a tar over http', async (t, world) => {
  bareRepository(world, 'repo', { 'sub/f': 'of git\n', 'sub/Dockerfile': 'x' });
  const files = world.files('files', { f: 'of a tar\n' });
  execFileSync('tar', ['-C', files, '-czf', join(world.base, 'c.tar.gz'), '.']);
  const { url } = await serveGuarded(t, world, () => undefined as never);
  const dockerfile =
    'FROM busybox\nCOPY --from=git f /git\nCOPY --from=tar f /tar\nRUN --mount=from=git,target=/m cat /m/f\n';
  const context = world.files('context', { Dockerfile: dockerfile, Base: 'FROM git\n' });
  const given = [
    '--build-context',
    `git=${url}/repo.git#release:sub`,
    '--build-context',
    `tar=${url}/c.tar.gz`,
  ];
  const { stderr } = await world.ok([...plain, ...given, '-t', 'named', context]);
  t.match(stderr, /\d of git\n/);
  t.equal((await world.ok(['run', '--rm', 'named', 'cat', '/git', '/tar'])).stdout, 'of git\nof a tar\n');
  const out = join(world.base, 'out');
  await world.ok([...plain, ...given, '-f', join(context, 'Base'), '-o', out, context]);
  t.equal(readFileSync(join(out, 'f'), 'utf8'), 'of git\n', 'FROM a named context of files');
});

eachWorld(FIRST, 'a repository over ssh gets the agent of --ssh and nothing else', async (t, world) => {
  const bare = bareRepository(world, 'repo', { Dockerfile: 'FROM scratch\nCOPY f /\n', f: 'over ssh\n' });
  // stands for a network: says which keys the agent has, and does what the far side would do
  const program = `#!/bin/sh
case "$*" in *"-F none"*"IdentityFile=none"*) ;; *) exit 9;; esac
ssh-add -l >&2 || exit 8
for last; do :; done
exec sh -c "$last"
`;
  const bin = world.files('bin', { 'ssh!': program });
  chmodSync(bin, 0o755);
  const key = join(world.files('keys', {}), 'key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  execFileSync('chown', [`${world.user}:`, key]);
  const env = { PATH: `${bin}:${process.env.PATH}` };
  const remote = `git@host.invalid:${bare}`;
  const adding = world.files('adding', { Dockerfile: `FROM scratch\nADD ${remote} /src\n` });
  const out = join(world.base, 'out');
  await world.ok([...plain, '--ssh', `default=${key}`, '-o', out, adding], { env });
  t.equal(readFileSync(join(out, 'src/f'), 'utf8'), 'over ssh\n');

  const missing = await world.shale([...plain, '--no-cache', adding], { env });
  t.equal(missing.code, 1);
  t.match(missing.stderr, /no SSH key "default" forwarded/);
  const other = await world.shale([...plain, '--no-cache', '--ssh', `other=${key}`, adding], { env });
  t.match(other.stderr, /no SSH key "default" forwarded/);

  const socket = join(world.base, 'agent');
  const agent = world.command(['ssh-agent', '-D', '-a', socket]);
  t.teardown(() => agent.kill());
  const added = world.command(
    ['sh', '-c', `until test -S ${socket}; do sleep 0.05; done; ssh-add -q ${key}`],
    {
      env: { SSH_AUTH_SOCK: socket },
    },
  );
  await new Promise(resolve => added.on('close', resolve));
  const own = { ...env, SSH_AUTH_SOCK: socket };
  const stolen = await world.shale([...plain, '--no-cache', adding], { env: own });
  t.match(
    stolen.stderr,
    /no SSH key "default" forwarded/,
    "a Dockerfile does not get the person's agent unasked",
  );
  await world.ok([...plain, '-t', 'context', remote], { env: own });
  const secret = readFileSync(key, 'utf8').split('\n')[2] ?? '';
  t.same(holding(world.store, secret), []);
  t.same(holding(world.store, socket), []);
  agent.kill();
  await new Promise(resolve => agent.on('close', resolve));
});
