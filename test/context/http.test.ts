import { text } from 'node:stream/consumers';
import t from 'tap';
import { fetchUrl } from '../../lib/context/index.js';
import { serve } from '../fixtures/http-server.js';

t.test('fetches, and gives headers and the final address', async t => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/from') response.writeHead(302, { location: '/to' }).end();
    else response.writeHead(200, { 'Last-Modified': 'Mon, 01 Jan 2024 00:00:00 GMT' }).end('body');
  });
  const found = await fetchUrl(`${url}/from`);
  t.equal(found.url, `${url}/to`);
  t.equal(found.headers['last-modified'], 'Mon, 01 Jan 2024 00:00:00 GMT');
  t.equal(await text(found.stream), 'body');
});

t.test('gives up after ten redirects, and on what is not 200', async t => {
  const { url, requests } = await serve(t, (request, response) => {
    if (request.url === '/loop') response.writeHead(301, { location: '/loop' }).end();
    else response.writeHead(404).end('no');
  });
  await t.rejects(fetchUrl(`${url}/loop`), { code: 'CONTEXT_FETCH', message: /more than 10 redirects/ });
  t.equal(requests.length, 11);
  await t.rejects(fetchUrl(`${url}/x`), { code: 'CONTEXT_FETCH', detail: { status: 404 } } as never);
  await t.rejects(fetchUrl('http://127.0.0.1:1/'), { code: 'CONTEXT_FETCH' });
});

t.test('other schemes are not fetched, not even through a redirect', async t => {
  const { url } = await serve(t, (_, response) => {
    response.writeHead(302, { location: 'file:///etc/passwd' }).end();
  });
  await t.rejects(fetchUrl(url), { code: 'CONTEXT_URL_INVALID' });
  await t.rejects(fetchUrl('ftp://x/'), { code: 'CONTEXT_URL_INVALID' });
  await t.rejects(fetchUrl('http://'), { code: 'CONTEXT_URL_INVALID' });
});

t.test('a body over the limit fails', async t => {
  const { url } = await serve(t, (_, response) => {
    response.end('x'.repeat(200_000));
  });
  const { stream } = await fetchUrl(url, { maxBytes: 100_000 });
  await t.rejects(text(stream), { code: 'CONTEXT_TOO_LARGE' });
});

t.test('credentials stay with the host they were given for', async t => {
  const other = await serve(t, (_, response) => {
    response.end('x');
  });
  const first = await serve(t, (request, response) => {
    if (request.url === '/away') response.writeHead(302, { location: other.url }).end();
    else if (request.url === '/here') response.writeHead(302, { location: '/done' }).end();
    else response.end('x');
  });
  const headers = { authorization: 'Bearer secret' };
  (await fetchUrl(`${first.url}/away`, { headers })).stream.destroy();
  (await fetchUrl(`${first.url}/here`, { headers })).stream.destroy();
  t.same(
    first.requests.map(request => request.headers.authorization),
    ['Bearer secret', 'Bearer secret', 'Bearer secret'],
  );
  t.same(
    other.requests.map(request => request.headers.authorization),
    [undefined],
  );
  const refused: unknown = await fetchUrl('http://user:hunter2@127.0.0.1:1/').catch(error => error);
  t.match(refused, { code: 'CONTEXT_FETCH' });
  t.notMatch(String(refused), 'hunter2');
});

t.test('an abort ends a transfer', async t => {
  const { url } = await serve(t, (_, response) => {
    response.write('x');
  });
  const abort = new AbortController();
  const { stream } = await fetchUrl(url, { signal: abort.signal });
  abort.abort();
  await t.rejects(text(stream));
});
