import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { normalizeReference, parsePlatform } from '../../lib/oci/index.js';
import {
  login,
  logout,
  pullImage,
  pushImage,
  RegistryClient,
  storedCredentials,
} from '../../lib/registry/index.js';
import { makeCertificates } from '../fixtures/certificates.js';
import { startDockerRegistry } from '../fixtures/docker-registry.js';
import { makeImage, sourceOf, TestContent } from '../fixtures/memory-content.js';

const run = promisify(execFile);
/** bcrypt of `s3cret` */
const HTPASSWD = 'ann:$2b$04$3kOfDE1NcBjN3Tc57jEIt..EwUWW/a6WH8vZyWivcBZwVWVG3Ic9O\n';
const SECRET = 's3cret';
const platform = parsePlatform('linux/amd64');

const registry = await startDockerRegistry({ htpasswd: HTPASSWD });
t.teardown(() => registry.stop());
const { host } = registry;

t.test('login, use, logout', async t => {
  const dir = t.testdir({ real: {} });
  const file = join(dir, 'real', 'auth.json');
  await writeFile(file, JSON.stringify({ auths: { 'other.example': { auth: 'eDp5' } }, psFormat: 'kept' }), {
    mode: 0o644,
  });
  await symlink(file, join(dir, 'auth.json'));
  const env = { REGISTRY_AUTH_FILE: join(dir, 'auth.json') };

  await t.rejects(login(host, 'ann', 'wrong', { env }), { code: 'REGISTRY_UNAUTHORIZED' });
  t.notMatch(await readFile(file, 'utf8'), host);
  const result = await login(host, 'ann', SECRET, { env });
  t.match(result, { path: env.REGISTRY_AUTH_FILE, helper: undefined, warning: /unencrypted/ });
  const written = JSON.parse(await readFile(file, 'utf8'));
  t.same(Object.keys(written.auths), ['other.example', host]);
  t.equal(written.psFormat, 'kept');
  t.equal((await stat(file)).mode & 0o777, 0o600);
  t.same(await readdir(join(dir, 'real')), ['auth.json'], 'no temporary file is left');

  const image = makeImage([5000]);
  const client = new RegistryClient({ domain: host, credentials: storedCredentials(env) });
  t.teardown(() => client.close());
  await pushImage(client, normalizeReference(`${host}/private:1`), image.manifest, {
    content: sourceOf(image),
  });
  const skopeo = ['inspect', '--authfile', file, '--tls-verify=false', `docker://${host}/private:1`];
  t.equal(
    JSON.parse((await run('skopeo', skopeo)).stdout).Digest,
    image.manifest.digest,
    'skopeo reads our file',
  );

  t.equal(await logout(host, { env }), true);
  t.equal(await logout(host, { env }), false);
  t.same(Object.keys(JSON.parse(await readFile(file, 'utf8')).auths), ['other.example']);
});

t.test('what skopeo logged in with is found', async t => {
  const authfile = join(t.testdir(), 'auth.json');
  await run('skopeo', [
    'login',
    '--authfile',
    authfile,
    '--tls-verify=false',
    '-u',
    'ann',
    '-p',
    SECRET,
    host,
  ]);
  const credentials = storedCredentials({ REGISTRY_AUTH_FILE: authfile });
  t.match(await credentials(host, 'private'), { username: 'ann', password: SECRET });
});

t.test('without credentials, and with wrong ones: one clear error, no secret in it', async t => {
  const anonymous = new RegistryClient({ domain: host });
  const wrong = new RegistryClient({ domain: host, credentials: { username: 'ann', password: 'hunter2' } });
  t.teardown(() => Promise.all([anonymous.close(), wrong.close()]));
  await t.rejects(anonymous.getManifest('private', '1'), {
    code: 'REGISTRY_UNAUTHORIZED',
    message: `manifest ${host}/private:1: authentication required (UNAUTHORIZED: authentication required)`,
    hint: /shale login/,
  });
  const before = registry.log().split('\n').length;
  const error = await wrong.getManifest('private', '1').catch(e => e);
  t.match(error, { code: 'REGISTRY_UNAUTHORIZED' });
  t.notMatch(JSON.stringify([error, error.message, error.stack, error.detail]), /hunter2|YW5u/);
  t.ok(registry.log().split('\n').length - before < 8, 'it does not hammer');
});

t.test('TLS', async t => {
  const certificates = await makeCertificates();
  t.teardown(() => certificates.remove());
  const { server, client: own, ca } = certificates;
  const plain = await startDockerRegistry({ tls: server });
  const mutual = await startDockerRegistry({ tls: { ...server, clientCa: ca } });
  t.teardown(() => Promise.all([plain.stop(), mutual.stop()]));
  const dir = t.testdir({ ca: {}, pair: {}, broken: { 'client.cert': 'x' } });
  const certDir = join(dir, 'ca');
  await copyFile(ca, join(certDir, 'ca.crt'));
  const pairDir = join(dir, 'pair');
  await copyFile(ca, join(pairDir, 'ca.crt'));
  await copyFile(own.certificate, join(pairDir, 'client.cert'));
  await copyFile(own.key, join(pairDir, 'client.key'));
  const image = makeImage([100_000]);

  const roundTrip = async (domain: string, tls: object) => {
    const client = new RegistryClient({ domain, tls });
    const content = await TestContent.create();
    try {
      const reference = normalizeReference(`${domain}/tls:1`);
      await pushImage(client, reference, image.manifest, { content: sourceOf(image) });
      return (await pullImage(client, reference, { platform, content })).manifest.digest;
    } finally {
      await client.close();
      await content.remove();
    }
  };

  await t.test('an unknown authority is refused, with the way out', async t => {
    await t.rejects(roundTrip(plain.host, {}), { code: 'REGISTRY_TLS', hint: /--cert-dir/ });
  });
  await t.test('own authority by --cert-dir', async t => {
    t.equal(await roundTrip(plain.host, { certDir }), image.manifest.digest);
  });
  await t.test('--tls-verify=false', async t => {
    t.equal(await roundTrip(plain.host, { verify: false }), image.manifest.digest);
  });
  await t.test('client certificates', async t => {
    t.equal(await roundTrip(mutual.host, { certDir: pairDir }), image.manifest.digest);
    await t.rejects(roundTrip(mutual.host, { certDir }), { code: /REGISTRY_(?:TLS|CONNECTION_LOST)/ });
  });
  await t.test('a certificate without its key', async t => {
    const broken = { certDir: join(dir, 'broken') };
    await t.rejects(roundTrip(plain.host, broken), {
      code: 'REGISTRY_CERTIFICATES',
      message: /missing key client\.key/,
    });
  });
  await t.test(
    'certs.d of the machine',
    { skip: process.getuid?.() === 0 ? false : 'needs to write /etc' },
    async t => {
      const machine = `/etc/docker/certs.d/${plain.host}`;
      await mkdir(machine, { recursive: true });
      t.teardown(() => run('rm', ['-rf', machine]));
      await copyFile(ca, join(machine, 'ca.crt'));
      t.equal(await roundTrip(plain.host, {}), image.manifest.digest);
    },
  );
});
