import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { login, loginFilePath, logout, storedCredentials } from '../../lib/registry/index.js';
import { FakeRegistry } from '../fixtures/fake-registry.js';

const entry = (text: string) => ({ auth: Buffer.from(text).toString('base64') });

/** A credential helper that writes down how it was called. */
async function addHelper(dir: string, name: string, body: string): Promise<void> {
  const path = join(dir, `docker-credential-${name}`);
  await writeFile(path, `#!/bin/sh\necho "$1" >> ${dir}/${name}.calls\n${body}\n`);
  await chmod(path, 0o755);
}

function envOf(dir: string, extra: Record<string, string> = {}) {
  return { PATH: `${dir}:/usr/bin:/bin`, HOME: dir, ...extra };
}

t.test('which file', async t => {
  t.equal(loginFilePath({ HOME: '/h' }), '/h/.docker/config.json');
  t.equal(loginFilePath({ HOME: '/h', DOCKER_CONFIG: '/d' }), '/d/config.json');
  t.equal(loginFilePath({ HOME: '/h', DOCKER_CONFIG: '/d', REGISTRY_AUTH_FILE: '/r' }), '/r');
  const dir = t.testdir({
    '.docker': { 'config.json': JSON.stringify({ auths: { 'a.example': entry('docker:1') } }) },
    run: {
      containers: {
        'auth.json': JSON.stringify({ auths: { 'a.example': entry('podman:1'), b: entry('b:1') } }),
      },
    },
  });
  const find = storedCredentials(envOf(dir, { XDG_RUNTIME_DIR: join(dir, 'run') }));
  t.match(await find('a.example'), { username: 'docker' });
  t.match(await find('b'), { username: 'b' });
  t.equal(await storedCredentials({ HOME: '/nowhere' })('a.example'), undefined);
});

t.test('the most exact entry, and never a similar one', async t => {
  const auths = {
    'r.example/team/app': entry('app:1'),
    'r.example/team': entry('team:1'),
    'r.example': entry('host:1'),
    'r.example:5000': entry('port:1'),
    'https://old.example/v1/': entry('old:with:colons'),
    'https://index.docker.io/v1/': { ...entry('hub:1'), identitytoken: 'refresh' },
    'empty.example': {},
    'padded.example': { auth: Buffer.from('p:q\0\0').toString('base64') },
  };
  const dir = t.testdir({ auth: JSON.stringify({ auths }) });
  const find = storedCredentials({ REGISTRY_AUTH_FILE: join(dir, 'auth') });
  t.match(await find('r.example', 'team/app'), { username: 'app' });
  t.match(await find('r.example', 'team/application'), { username: 'team' });
  t.match(await find('r.example', 'teamwork/app'), { username: 'host' });
  t.match(await find('r.example:5000', 'team/app'), { username: 'port' });
  t.match(await find('old.example'), { username: 'old', password: 'with:colons' });
  t.match(await find('docker.io', 'library/debian'), { username: 'hub', identityToken: 'refresh' });
  t.match(await find('padded.example'), { password: 'q' });
  for (const other of [
    'example',
    'ar.example',
    'r.example.evil',
    'r.example:443',
    'empty.example',
    'evil.docker.io',
  ]) {
    t.equal(await find(other), undefined, other);
  }
});

t.test('helpers', async t => {
  const dir = t.testdir({});
  await addHelper(
    dir,
    'good',
    'read s; printf \'{"ServerURL":"%s","Username":"u-%s","Secret":"s"}\' "$s" "$s"',
  );
  await addHelper(dir, 'token', 'echo \'{"Username":"<token>","Secret":"refresh"}\'');
  await addHelper(dir, 'none', 'echo "credentials not found in native keychain"; exit 1');
  await addHelper(dir, 'fails', 'echo "password is hunter2" >&2; echo hunter2; exit 3');
  await addHelper(dir, 'junk', 'echo hunter2');
  const config = {
    credsStore: 'none',
    credHelpers: {
      'good.example': 'good',
      'token.example': 'token',
      'none.example': 'none',
      'fails.example': 'fails',
      'junk.example': 'junk',
      'missing.example': 'missing',
      'path.example': '../../bin/sh',
    },
    auths: { 'plain.example': entry('plain:1'), 'fails.example': entry('other:1') },
  };
  await writeFile(join(dir, 'auth'), JSON.stringify(config));
  const find = storedCredentials(envOf(dir, { REGISTRY_AUTH_FILE: join(dir, 'auth') }));
  t.match(await find('good.example'), { username: 'u-good.example', password: 's' });
  await find('good.example', 'a/b');
  t.equal(await readFile(join(dir, 'good.calls'), 'utf8'), 'get\n', 'it ran once');
  t.same(await find('token.example'), { identityToken: 'refresh' });
  t.equal(await find('none.example'), undefined);
  t.match(await find('plain.example'), { username: 'plain' }, 'the failing ones do not matter for others');
  for (const [domain, message] of [
    ['fails.example', /docker-credential-fails: exit code 3/],
    ['junk.example', /not JSON/],
    ['missing.example', /not found in PATH/],
    ['path.example', /its name/],
  ] as const) {
    const error = await find(domain).catch(e => e);
    t.match(error, { code: 'REGISTRY_CREDENTIALS_HELPER', message });
    t.notMatch(`${error.message}${JSON.stringify(error)}${String(error.cause)}`, /hunter2/);
  }
});

t.test('broken files name themselves, not their contents', async t => {
  const dir = t.testdir({ bad: '{"auths": {"x": "hunter2', odd: '[1]', directory: {} });
  for (const name of ['bad', 'directory']) {
    const error = await storedCredentials({ REGISTRY_AUTH_FILE: join(dir, name) })('x').catch(e => e);
    t.match(error, { code: 'REGISTRY_CREDENTIALS_FILE' });
    t.notMatch(error.message, /hunter2/);
  }
  t.equal(await storedCredentials({ REGISTRY_AUTH_FILE: join(dir, 'odd') })('x'), undefined);
});

t.test('login and logout through a helper leave no secret in the file', async t => {
  const registry = await FakeRegistry.start({ basic: 'ann:s3cret' });
  t.teardown(() => registry.stop());
  const dir = t.testdir({});
  await addHelper(dir, 'store', `cat > ${dir}/"$1"`);
  await writeFile(join(dir, 'auth'), JSON.stringify({ credsStore: 'store' }));
  const env = envOf(dir, { REGISTRY_AUTH_FILE: join(dir, 'auth') });
  t.match(await login(registry.host, 'ann', 's3cret', { env }), { helper: 'store', warning: undefined });
  const stored = JSON.parse(await readFile(join(dir, 'store'), 'utf8'));
  t.same(stored, { ServerURL: registry.host, Username: 'ann', Secret: 's3cret' });
  t.same(JSON.parse(await readFile(join(dir, 'auth'), 'utf8')).auths, { [registry.host]: {} });
  t.equal(await logout(registry.host, { env }), true);
  t.equal(await readFile(join(dir, 'erase'), 'utf8'), registry.host);
});
