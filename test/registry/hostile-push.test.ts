import { Readable } from 'node:stream';
import t from 'tap';
import { normalizeReference } from '../../lib/oci/index.js';
import { pushImage, RegistryClient, type RetryPolicy } from '../../lib/registry/index.js';
import { FakeRegistry, type Override, reply } from '../fixtures/fake-registry.js';
import { makeImage, sourceOf } from '../fixtures/memory-content.js';

type Test = { teardown: (end: () => unknown) => void };
const SECRET = 'hunter2';

async function setUp(
  t: Test,
  override?: Override,
  retry: Partial<RetryPolicy> = { attempts: 3, baseDelay: 5 },
) {
  const registry = await FakeRegistry.start({ basic: `ann:${SECRET}`, override });
  const credentials = { username: 'ann', password: SECRET };
  const abort = new AbortController();
  const timeouts = { connect: 1000, headers: 500, uploadHeaders: 500, idle: 1000 };
  const options = {
    domain: registry.host,
    credentials,
    plainHttp: true,
    retry,
    timeouts,
    signal: abort.signal,
  };
  const client = new RegistryClient(options);
  t.teardown(() => Promise.all([registry.stop(), client.close()]));
  const image = makeImage([50_000]);
  const content = sourceOf(image);
  const push = (extra = {}) =>
    pushImage(client, normalizeReference(`${registry.host}/app:1`), image.manifest, { content, ...extra });
  return { registry, client, image, push, abort, content };
}

const isPut = (url: string | undefined) => url?.includes('/blobs/uploads/u') === true;

t.test('an honest push, and the Location used as it was given', async t => {
  const { registry, image, push } = await setUp(t);
  t.match(await push(), { uploaded: 2, digest: image.manifest.digest });
  t.equal(registry.uploads.size, 0);
  const kinds = registry.requests.map(r => r.method);
  t.equal(kinds.at(-1), 'PUT');
  t.ok(registry.manifests.has('app:1'));
});

t.test('Location on another host: no credentials there', async t => {
  const evil = await FakeRegistry.start({ override: (_q, response) => reply(response, 201, '') ?? true });
  t.teardown(() => evil.stop());
  const { push } = await setUp(t, (request, response) => {
    if (request.method !== 'POST' || request.headers.authorization === undefined) return false;
    reply(response, 202, '', { location: `${evil.url}/upload?x=1` });
    return true;
  });
  await push();
  t.ok(evil.requests.length > 0);
  t.notOk(evil.requests.some(r => r.authorization !== undefined));
});

t.test('Locations that are refused', async t => {
  for (const location of ['file:///tmp/x', 'http://u:p@127.0.0.1/', 'http://[', undefined]) {
    const { push, registry } = await setUp(t, (request, response) => {
      if (request.method !== 'POST') return false;
      reply(response, 202, '', location === undefined ? {} : { location });
      return true;
    });
    await t.rejects(push(), { code: /REGISTRY_(?:REDIRECT_REFUSED|RESPONSE_INVALID)/ }, String(location));
    t.notOk(registry.manifests.has('app:1'), 'no manifest without its blobs');
  }
});

t.test('an upload that the registry has lost begins again', async t => {
  let lost = 0;
  const { push, registry, image } = await setUp(t, (request, response) => {
    if (request.method !== 'PUT' || !isPut(request.url) || lost++ > 0) return false;
    request.resume();
    request.once('end', () => reply(response, 404, '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}'));
    return true;
  });
  await push();
  t.equal(registry.blobs.size, 2);
  t.ok(registry.count('POST', /uploads/) >= 3);
  t.ok(registry.manifests.has(image.manifest.digest));
});

t.test('an upload that is cut goes again, and what was begun is deleted', async t => {
  let cuts = 0;
  const { push, registry } = await setUp(t, (request, response) => {
    if (request.method !== 'PUT' || !isPut(request.url) || cuts++ > 0) return false;
    request.once('data', () => response.destroy());
    return true;
  });
  await push();
  t.equal(registry.uploads.size, 0);
  t.equal(registry.count('DELETE', /uploads/), 1);
});

t.test('503 to an upload: repeated, then given up', async t => {
  const { push, registry } = await setUp(t, (request, response) => {
    if (request.method !== 'PUT' || !isPut(request.url)) return false;
    reply(response, 503, 'busy');
    return true;
  });
  await t.rejects(push({ maxParallel: 1 }), { code: 'REGISTRY_UNAVAILABLE' });
  t.equal(registry.count('PUT', /uploads/), 3);
  t.equal(registry.uploads.size, 0, 'nothing is left begun');
});

t.test('a refusal in the middle of a long body', async t => {
  const { push } = await setUp(t, (request, response) => {
    if (request.method !== 'PUT' || !isPut(request.url)) return false;
    reply(response, 413, '{"errors":[{"code":"SIZE_INVALID","message":"too large for us"}]}', {
      connection: 'close',
    });
    return true;
  });
  await t.rejects(push(), {
    code: 'REGISTRY_REQUEST_FAILED',
    message: /HTTP status 413 \(SIZE_INVALID: too large for us\)/,
  });
});

t.test('a registry that says it stored something else', async t => {
  const other = `sha256:${'0'.repeat(64)}`;
  const lie: (kind: RegExp) => Override = kind => (request, response) => {
    if (request.method !== 'PUT' || !kind.test(request.url ?? '')) return false;
    request.resume();
    request.once('end', () => reply(response, 201, '', { 'docker-content-digest': other }));
    return true;
  };
  const blob = await setUp(t, lie(/uploads/));
  await t.rejects(blob.push(), { code: 'REGISTRY_DIGEST_MISMATCH' });
  const manifest = await setUp(t, lie(/manifests/));
  await t.rejects(manifest.push(), { code: 'REGISTRY_DIGEST_MISMATCH' });
});

t.test('a mount that is not granted becomes an upload', async t => {
  const { push, registry } = await setUp(t);
  t.match(await push({ mountFrom: () => ['other'] }), { mounted: 0, uploaded: 2 });
  t.equal(registry.uploads.size, 0, 'the uploads that were begun instead are ended');
  const denied = await setUp(t, (request, response) => {
    if (!request.url?.includes('mount=')) return false;
    reply(response, 403, '{"errors":[{"code":"DENIED"}]}');
    return true;
  });
  t.match(await denied.push({ mountFrom: () => ['other'] }), { mounted: 0, uploaded: 2 });
});

t.test('a blob of another size under the right digest is not taken for ours', async t => {
  const { push, registry, image } = await setUp(t, (request, response) => {
    if (request.method !== 'HEAD' || !request.url?.includes('/blobs/')) return false;
    response.writeHead(200, { 'content-length': '1' }).end();
    return true;
  });
  t.match(await push(), { existed: 0, uploaded: 2 });
  t.ok(registry.blobs.has(image.config.digest));
});

t.test('local bytes that are not what they should be are not completed', async t => {
  const { client, registry, image } = await setUp(t);
  const [layer] = image.layers;
  const right = layer && image.blobs.get(layer.digest);
  if (layer === undefined || right === undefined) throw new Error('no layer');
  const wrong: Record<string, () => Readable> = {
    changed: () => Readable.from([Buffer.from(right).fill(0, 10, 20)]),
    shorter: () => Readable.from([right.subarray(1)]),
    longer: () => Readable.from([Buffer.concat([right, Buffer.from('x')])]),
    broken: () =>
      new Readable({
        read() {
          this.destroy(new Error('disk on fire'));
        },
      }),
  };
  for (const [name, open] of Object.entries(wrong)) {
    await t.rejects(client.uploadBlob('app', layer, open), { code: 'REGISTRY_SOURCE_CHANGED' }, name);
  }
  t.notOk(registry.blobs.has(layer.digest));
  t.equal(registry.uploads.size, 0);
});

t.test('an abort stops at once with its reason, and ends the upload', async t => {
  const { push, registry, abort } = await setUp(t, request => request.method === 'PUT' && isPut(request.url));
  const reason = new Error('enough');
  setTimeout(() => abort.abort(reason), 100);
  const start = Date.now();
  const error = await push().catch(e => e);
  t.equal(error, reason);
  t.ok(Date.now() - start < 450, `${Date.now() - start} ms`);
  t.equal(registry.uploads.size, 0);
  t.notOk(registry.manifests.has('app:1'));
});
