import t from 'tap';
import { type Credentials, RegistryClient } from '../../lib/registry/index.js';
import { FakeRegistry, type FakeRegistryOptions, type Override, reply } from '../fixtures/fake-registry.js';
import { makeImage } from '../fixtures/memory-content.js';

const SECRET = 'hunter2';
const ANN: Credentials = { username: 'ann', password: SECRET };
const BASIC = `Basic ${Buffer.from(`ann:${SECRET}`).toString('base64')}`;
const image = makeImage([100]);

interface Setting extends FakeRegistryOptions {
  credentials?: Credentials;
  trustedRealms?: string[];
}

type Test = { teardown: (end: () => unknown) => void };

async function setUp(t: Test, { credentials = ANN, trustedRealms, ...options }: Setting) {
  const registry = await FakeRegistry.start(options);
  registry.add(image, 'app:1');
  const retry = { attempts: 3, baseDelay: 5 };
  const client = new RegistryClient({
    domain: registry.host,
    credentials,
    trustedRealms,
    plainHttp: true,
    retry,
  });
  t.teardown(() => Promise.all([registry.stop(), client.close()]));
  return { registry, client };
}

async function evilServer(t: Test, override?: Override): Promise<FakeRegistry> {
  const evil = await FakeRegistry.start({ override });
  t.teardown(() => evil.stop());
  return evil;
}

const challenge = (realm: string): Override => {
  return (request, response) => {
    if (request.headers.authorization?.startsWith('Bearer ')) return false;
    reply(response, 401, '', { 'www-authenticate': `Bearer realm="${realm}",service="s"` });
    return true;
  };
};

t.test('a token, once for all requests, with the scope of this repository alone', async t => {
  const { registry, client } = await setUp(t, { bearer: true });
  await Promise.all([
    client.getManifest('app', '1'),
    client.getManifest('app', '1'),
    client.getManifest('app', '1'),
  ]);
  await client.getManifest('app', '1');
  t.equal(registry.count('GET', /^\/token/), 1, 'requests at the same time share it');
  const asked = registry.requests.find(r => r.url.startsWith('/token'));
  t.equal(asked?.authorization, BASIC);
  const { searchParams } = new URL(asked?.url ?? '', registry.url);
  t.same(searchParams.getAll('scope'), ['repository:app:pull']);
  t.equal(searchParams.get('service'), 'test');
  t.notOk(registry.requests.some(r => r.url.startsWith('/v2') && r.authorization?.startsWith('Basic')));
});

t.test('no secret to a realm on another port', async t => {
  const evil = await evilServer(t);
  const { client } = await setUp(t, {
    override: challenge(`${evil.url}/token`),
    bearer: `${evil.url}/token`,
  });
  await client.getManifest('app', '1');
  t.equal(evil.requests.length, 1, 'asked for an anonymous token');
  t.equal(evil.requests[0]?.authorization, undefined);
  t.notMatch(evil.requests[0]?.url, /ann|hunter2/);
});

t.test(
  'a foreign realm that refuses: the error says why no secret went there, and how to allow it',
  async t => {
    const evil = await evilServer(t, (_request, response) => reply(response, 401, '{}') ?? true);
    const { client } = await setUp(t, { bearer: `${evil.url}/token` });
    await t.rejects(client.getManifest('app', '1'), {
      code: 'REGISTRY_UNAUTHORIZED',
      hint: /SHALE_REGISTRY_TRUSTED_REALMS/,
    });
    await t.rejects(
      client.ping(),
      { code: 'REGISTRY_UNAUTHORIZED' },
      'a login cannot be verified anonymously',
    );
    const trusted = await setUp(t, { bearer: `${evil.url}/token`, trustedRealms: [evil.host] });
    await t.rejects(trusted.client.getManifest('app', '1'), { code: 'REGISTRY_UNAUTHORIZED' });
    t.equal(evil.requests.at(-1)?.authorization, BASIC);
  },
);

t.test('realms that are refused', async t => {
  const cases: Record<string, string> = {
    'a file': 'file:///etc/passwd',
    'no URL': 'not a url',
    'credentials inside': 'http://u:p@127.0.0.1:1/token',
    'plain http elsewhere': 'http://token.example/token',
    script: 'javascript:alert(1)',
  };
  for (const [name, realm] of Object.entries(cases)) {
    const { client } = await setUp(t, { bearer: realm });
    await t.rejects(client.getManifest('app', '1'), { code: 'REGISTRY_REALM_REFUSED' }, name);
  }
});

t.test('answers of a token server', async t => {
  const cases: [string, string, string][] = [
    ['too long', 'x'.repeat(1024 * 1024), 'REGISTRY_RESPONSE_INVALID'],
    ['a long token', JSON.stringify({ token: 'x'.repeat(100_000) }), 'REGISTRY_RESPONSE_INVALID'],
    ['a token of two lines', JSON.stringify({ token: 'x\r\nevil: 1' }), 'REGISTRY_RESPONSE_INVALID'],
    ['no token', '{}', 'REGISTRY_RESPONSE_INVALID'],
    ['null', 'null', 'REGISTRY_RESPONSE_INVALID'],
    ['HTML', '<html>', 'REGISTRY_RESPONSE_INVALID'],
  ];
  for (const [name, body, code] of cases) {
    const override: Override = (request, response) =>
      request.url?.startsWith('/token') && (reply(response, 200, body) ?? true);
    const { client } = await setUp(t, { bearer: true, override });
    await t.rejects(client.getManifest('app', '1'), { code }, name);
  }
});

t.test('a token server that redirects gets no secret carried on', async t => {
  const evil = await evilServer(t);
  const override: Override = (request, response) =>
    request.url?.startsWith('/token') &&
    (reply(response, 307, '', { location: `${evil.url}/token` }) ?? true);
  const { client } = await setUp(t, { bearer: true, override });
  await client.getManifest('app', '1');
  t.equal(evil.requests[0]?.authorization, undefined);
});

t.test('an identity token is exchanged by POST, and never follows a redirect', async t => {
  const bodies: string[] = [];
  const override: Override = async (request, response) => {
    if (!request.url?.startsWith('/token')) return false;
    for await (const chunk of request) bodies.push(String(chunk));
    reply(response, 200, JSON.stringify({ access_token: 'good-token' }));
    return true;
  };
  const { registry, client } = await setUp(t, {
    bearer: true,
    override,
    credentials: { identityToken: 'refresh-me' },
  });
  await client.getManifest('app', '1');
  const form = new URLSearchParams(bodies.join(''));
  t.match(Object.fromEntries(form), {
    grant_type: 'refresh_token',
    refresh_token: 'refresh-me',
    service: 'test',
    scope: 'repository:app:pull',
  });
  t.notMatch(JSON.stringify(registry.requests), /refresh-me/);

  const evil = await evilServer(t);
  const away: Override = (request, response) =>
    request.url?.startsWith('/token') &&
    (reply(response, 307, '', { location: `${evil.url}/token` }) ?? true);
  const lured = await setUp(t, {
    bearer: true,
    override: away,
    credentials: { identityToken: 'refresh-me' },
  });
  await t.rejects(lured.client.getManifest('app', '1'), { code: 'REGISTRY_REQUEST_FAILED' });
  t.equal(evil.requests.length, 0);
});

t.test('a registry token is used as it is', async t => {
  const { registry, client } = await setUp(t, { bearer: true, credentials: { registryToken: 'good-token' } });
  await client.getManifest('app', '1');
  t.equal(registry.count('GET', /^\/token/), 0);
});

t.test('401 at most twice', async t => {
  const { registry, client } = await setUp(t, {
    bearer: true,
    override: (request, response, self) => {
      if (request.url?.startsWith('/token')) return false;
      reply(response, 401, '', { 'www-authenticate': `Bearer realm="${self.url}/token",service="s"` });
      return true;
    },
  });
  await t.rejects(client.getManifest('app', '1'), { code: 'REGISTRY_UNAUTHORIZED' });
  t.equal(registry.count('GET', /^\/v2/), 2);
  t.equal(registry.count('GET', /^\/token/), 1);
});

t.test('a token that has run out is replaced', async t => {
  let valid = 'none';
  let issued = 0;
  const { registry, client } = await setUp(t, {
    override: (request, response, self) => {
      if (request.url?.startsWith('/token')) {
        valid = `token-${++issued}`;
        reply(response, 200, JSON.stringify({ token: valid, expires_in: 300 }));
        return true;
      }
      if (request.headers.authorization === `Bearer ${valid}`) return false;
      reply(response, 401, '', { 'www-authenticate': `Bearer realm="${self.url}/token"` });
      return true;
    },
  });
  await client.getManifest('app', '1');
  valid = 'revoked';
  await client.getManifest('app', '1');
  t.equal(issued, 2);
  t.equal(registry.count('GET', /^\/v2/), 4);
});

t.test('Basic is not sent before it is asked for, nor to who asks in another way', async t => {
  const { registry, client } = await setUp(t, { basic: `ann:${SECRET}` });
  await client.getManifest('app', '1');
  t.same(
    registry.requests.map(r => r.authorization),
    [undefined, BASIC],
  );
  const odd: Override = (_request, response) =>
    reply(response, 401, '', { 'www-authenticate': 'Negotiate' }) ?? true;
  const other = await setUp(t, { override: odd });
  await t.rejects(other.client.getManifest('app', '1'), { code: 'REGISTRY_UNAUTHORIZED' });
  t.notOk(other.registry.requests.some(r => r.authorization !== undefined));
});

t.test('a mirror never gets the credentials of the registry that it stands for', async t => {
  const mirror = await FakeRegistry.start({ override: challengeBasic });
  const { registry } = await setUp(t, {});
  registry.add(image, 'app:1');
  t.teardown(() => mirror.stop());
  const env = { SHALE_REGISTRY_MIRRORS: `${registry.host}=${mirror.url}` };
  const client = new RegistryClient({ domain: registry.host, credentials: ANN, plainHttp: true, env });
  t.teardown(() => client.close());
  await client.getManifest('app', '1');
  t.ok(mirror.requests.length > 0);
  t.notOk(mirror.requests.some(r => r.authorization !== undefined));
});

function challengeBasic(_request: unknown, response: Parameters<Override>[1]): true {
  reply(response, 401, '', { 'www-authenticate': 'Basic realm="mirror"' });
  return true;
}

t.test('tags: a list without end, on another host, of nonsense', async t => {
  const pages = (link: (n: number) => string) => {
    let n = 0;
    const override: Override = (request, response) =>
      request.url?.includes('/tags/') &&
      (reply(response, 200, JSON.stringify({ tags: [`t${n}`, '../x', 7] }), { link: link(++n) }) ?? true);
    return override;
  };
  const loop = await setUp(t, { override: pages(() => '</v2/app/tags/list?n=1000>; rel="next"') });
  await t.rejects(loop.client.listTags('app'), { code: 'REGISTRY_RESPONSE_INVALID', message: /never ends/ });
  t.ok(loop.registry.requests.length < 5);
  const endless = await setUp(t, { override: pages(n => `</v2/app/tags/list?last=${n}>; rel="next"`) });
  t.same(
    await endless.client.listTags('app', { limit: 3 }),
    ['t0', 't1', 't2'],
    'what is no tag is left out',
  );
  const evil = await evilServer(t);
  const away = await setUp(t, { override: pages(() => `<${evil.url}/v2/app/tags/list>; rel="next"`) });
  await t.rejects(away.client.listTags('app'), { code: 'REGISTRY_RESPONSE_INVALID' });
  t.equal(evil.requests.length, 0);
});
