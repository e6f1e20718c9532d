import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { normalizeReference, parsePlatform } from '../../lib/oci/index.js';
import { type Credentials, login, pullImage, pushImage, RegistryClient } from '../../lib/registry/index.js';
import { makeCertificates } from '../fixtures/certificates.js';
import { type DockerRegistry, startDockerRegistry } from '../fixtures/docker-registry.js';
import { makeImage, sourceOf, TestContent } from '../fixtures/memory-content.js';
import { startTokenServer, type TokenServer, trusting } from '../fixtures/token-server.js';

const ANN: Credentials = { username: 'ann', password: 's3cret' };
const platform = parsePlatform('linux/amd64');
const certificates = await makeCertificates();
t.teardown(() => certificates.remove());
const pair = certificates.server;
const tokens = await startTokenServer({ pair, user: 'ann:s3cret', refreshToken: 'refresh-me' });
const registry = await startDockerRegistry({ token: trusting(tokens, certificates.ca) });
t.teardown(() => Promise.all([tokens.stop(), registry.stop()]));
t.beforeEach(() => {
  tokens.requests.length = 0;
});

function client(credentials: Credentials | undefined, trustedRealms = [tokens.host]): RegistryClient {
  const made = new RegistryClient({ domain: registry.host, credentials, trustedRealms });
  t.teardown(() => made.close());
  return made;
}

const image = makeImage([20_000, 30_000]);
const reference = (name: string) => normalizeReference(`${registry.host}/${name}`);

t.test('push with a token, mount with the scope of both, pull without an account', async t => {
  const ann = client(ANN);
  await pushImage(ann, reference('public/base:1'), image.manifest, { content: sourceOf(image) });
  t.same(new Set(tokens.requests.flatMap(r => r.scopes)), new Set(['repository:public/base:pull,push']));
  t.equal(tokens.requests.length, 1, 'one token for the whole push');
  const options = { content: sourceOf(image), mountFrom: () => ['public/base'] };
  t.match(await pushImage(ann, reference('private/app:1'), image.manifest, options), {
    mounted: 3,
    uploaded: 0,
  });
  const content = await TestContent.create();
  t.teardown(() => content.remove());
  tokens.requests.length = 0;
  await pullImage(client(undefined), reference('public/base:1'), { platform, content });
  t.same(tokens.requests, [
    { method: 'GET', authorization: undefined, scopes: ['repository:public/base:pull'] },
  ]);
});

t.test('what was not granted is refused', async t => {
  await t.rejects(client(undefined).getManifest('private/app', '1'), { code: 'REGISTRY_UNAUTHORIZED' });
  const push = pushImage(client(undefined), reference('public/base:2'), image.manifest, {
    content: sourceOf(image),
  });
  await t.rejects(push, { code: 'REGISTRY_UNAUTHORIZED' });
  const wrong = client({ username: 'ann', password: 'hunter2' });
  await t.rejects(wrong.getManifest('private/app', '1'), {
    code: 'REGISTRY_UNAUTHORIZED',
    message: /refused/,
  });
});

t.test('an identity token', async t => {
  await client({ identityToken: 'refresh-me' }).getManifest('private/app', '1');
  t.match(tokens.requests, [
    { method: 'POST', authorization: undefined, scopes: ['repository:private/app:pull'] },
  ]);
});

t.test('login asks the token server', async t => {
  const env = { REGISTRY_AUTH_FILE: join(t.testdir(), 'auth') };
  const options = { env, trustedRealms: [tokens.host] };
  await t.rejects(login(registry.host, 'ann', 'wrong', options), { code: 'REGISTRY_UNAUTHORIZED' });
  await login(registry.host, 'ann', 's3cret', options);
  t.match(await readFile(env.REGISTRY_AUTH_FILE, 'utf8'), registry.host);
  await t.rejects(login(registry.host, 'ann', 's3cret', { env }), { message: /cannot be verified/ });
});

t.test('checks switched off for the registry are not switched off for its token server', async t => {
  const started: (TokenServer | DockerRegistry)[] = [];
  t.teardown(() => Promise.all(started.map(server => server.stop())));
  // Another name of the same machine: its certificate is for 127.0.0.1 and of an unknown authority.
  const elsewhere = await startTokenServer({ pair, secure: true, name: 'localhost', user: 'ann:s3cret' });
  const secure = await startDockerRegistry({ token: trusting(elsewhere, certificates.ca), tls: pair });
  started.push(elsewhere, secure);
  const tls = { verify: false };
  const options = { domain: secure.host, credentials: ANN, tls, trustedRealms: [elsewhere.host] };
  const unverified = new RegistryClient(options);
  t.teardown(() => unverified.close());
  await t.rejects(unverified.getManifest('private/app', '1'), { code: 'REGISTRY_TLS' });
  t.equal(elsewhere.requests.length, 0);
});
