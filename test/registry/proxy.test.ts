import { copyFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, createServer as createTcp, type Socket } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { HttpTransport } from '../../lib/registry/http.js';
import { proxyFor } from '../../lib/registry/proxy.js';
import { makeCertificates } from '../fixtures/certificates.js';
import { startDockerRegistry } from '../fixtures/docker-registry.js';
import { FakeRegistry } from '../fixtures/fake-registry.js';

t.test('which proxy', async t => {
  const env = {
    HTTPS_PROXY: 'http://secure:3128',
    http_proxy: 'plain:8080',
    NO_PROXY: 'direct.example, .sub.example,10.0.0.0/8,port.example:8443, 192.0.2.7',
  };
  const of = (url: string) => proxyFor(new URL(url), env)?.host;
  t.equal(of('https://registry.example/'), 'secure:3128');
  t.equal(of('http://registry.example/'), 'plain:8080');
  for (const url of [
    'https://direct.example/',
    'https://a.direct.example/',
    'https://a.sub.example/',
    'https://10.9.9.9/',
    'https://port.example:8443/',
    'https://192.0.2.7/',
    'https://localhost/',
    'https://127.0.0.1:5000/',
    'https://[::1]/',
  ]) {
    t.equal(of(url), undefined, url);
  }
  for (const url of ['https://indirect.example/', 'https://port.example/', 'https://11.0.0.1/'])
    t.ok(of(url), url);
  t.equal(proxyFor(new URL('https://a/'), { HTTPS_PROXY: 'http://p', NO_PROXY: '*' }), undefined);
  const socks = { HTTPS_PROXY: 'socks5://u:hunter2@p' };
  const error = t.throws(() => proxyFor(new URL('https://a/'), socks), { code: 'REGISTRY_PROXY_INVALID' });
  t.notMatch(String(error), /hunter2/);
});

interface Proxy {
  url: string;
  seen: { target: string | undefined; authorization: string | undefined }[];
}

/** A proxy that leads every name to one port of this machine. */
async function startProxy(
  t: { teardown: (end: () => unknown) => void },
  port: number,
  status = 200,
): Promise<Proxy> {
  const seen: Proxy['seen'] = [];
  const note = (request: IncomingMessage) =>
    seen.push({ target: request.url, authorization: request.headers['proxy-authorization'] });
  const server = createServer((request, response) => {
    note(request);
    response.end('{"from":"proxy"}');
  });
  const sockets = new Set<Socket>();
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    note(request);
    sockets.add(socket);
    if (status !== 200) return socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    const inner = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      inner.pipe(socket).pipe(inner);
    });
    for (const one of [inner, socket]) one.on('error', () => {});
    return undefined;
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://ann:hunter2@127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const TIMEOUTS = { connect: 1000, headers: 1000, uploadHeaders: 1000, idle: 1000 };
const AUTHORIZATION = `Basic ${Buffer.from('ann:hunter2').toString('base64')}`;

function transport(url: string, env: Record<string, string>, tls = {}): HttpTransport {
  return new HttpTransport({ registry: new URL(url), tls, env, connectTimeout: 1000 }, TIMEOUTS);
}

t.test('https goes through a tunnel, with TLS to the registry inside', async t => {
  const certificates = await makeCertificates();
  const registry = await startDockerRegistry({ tls: certificates.server });
  t.teardown(() => Promise.all([registry.stop(), certificates.remove()]));
  const dir = t.testdir({ ca: {} });
  await copyFile(certificates.ca, join(dir, 'ca', 'ca.crt'));
  const proxy = await startProxy(t, Number(registry.host.split(':')[1]));
  // 198.51.100.1 is nowhere: only the proxy can lead to it.
  const url = 'https://198.51.100.1:5000/v2/';
  const wrongName = transport(url, { HTTPS_PROXY: proxy.url }, { certDir: join(dir, 'ca') });
  await t.rejects(
    wrongName.send({ method: 'GET', url: new URL(url) }),
    { code: 'REGISTRY_TLS' },
    'the name is checked',
  );
  const unverified = transport(url, { HTTPS_PROXY: proxy.url }, { verify: false });
  for (let i = 0; i < 2; i++) {
    const response = await unverified.send({ method: 'GET', url: new URL(url) });
    t.equal(response.status, 200);
    response.body.resume();
    await new Promise(done => response.body.once('end', done));
  }
  t.equal(proxy.seen.length, 2, 'one tunnel per transport: the second request used the kept connection');
  t.same(proxy.seen[0], { target: '198.51.100.1:5000', authorization: AUTHORIZATION });
  unverified.close();
});

t.test('plain http goes to the proxy with the whole URL', async t => {
  const proxy = await startProxy(t, 1);
  const plain = transport('http://registry.example/', { HTTP_PROXY: proxy.url });
  const response = await plain.send({ method: 'GET', url: new URL('http://registry.example:5000/v2/?a=b') });
  response.body.resume();
  t.same(proxy.seen, [{ target: 'http://registry.example:5000/v2/?a=b', authorization: AUTHORIZATION }]);
  plain.close();
});

t.test('proxies that refuse or hang', async t => {
  const url = new URL('https://registry.example/v2/');
  const refusing = await startProxy(t, 1, 407);
  const error = await transport(url.href, { HTTPS_PROXY: refusing.url })
    .send({ method: 'GET', url })
    .catch(e => e);
  t.match(error, { code: 'REGISTRY_PROXY_REFUSED', message: /HTTP status 407/ });
  t.notMatch(error.message, /hunter2/);
  const silent = createTcp(() => {});
  await new Promise<void>(done => silent.listen(0, '127.0.0.1', done));
  t.teardown(() => silent.close());
  const hanging = { HTTPS_PROXY: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` };
  await t.rejects(transport(url.href, hanging).send({ method: 'GET', url }), {
    code: 'REGISTRY_PROXY_REFUSED',
  });
});

t.test('loopback is not proxied', async t => {
  const registry = await FakeRegistry.start();
  t.teardown(() => registry.stop());
  const direct = transport(registry.url, { HTTP_PROXY: 'http://198.51.100.1:1' });
  const response = await direct.send({ method: 'GET', url: new URL('/v2/', registry.url) });
  t.equal(response.status, 200);
  response.body.resume();
  direct.close();
});
