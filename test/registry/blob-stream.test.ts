import { buffer } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { RegistryClient } from '../../lib/registry/index.js';
import { sha256 } from '../../lib/util/digest.js';
import { FakeRegistry, type Override } from '../fixtures/fake-registry.js';
import { makeImage } from '../fixtures/memory-content.js';

const SIZE = 3_000_000;

async function setUp(t: Test, override?: Override) {
  const registry = await FakeRegistry.start({ override });
  const image = makeImage([SIZE]);
  registry.add(image, 'app:1');
  const [layer] = image.layers;
  if (layer === undefined) throw new Error('no layer');
  const client = new RegistryClient({ domain: registry.host, retry: { attempts: 3, baseDelay: 5 } });
  t.teardown(() => Promise.all([registry.stop(), client.close()]));
  const ranges = (): (string | undefined)[] =>
    registry.requests.filter(({ url }) => url.includes('/blobs/')).map(({ headers }) => headers.range);
  return { registry, layer, client, ranges };
}

/** Breaks off after `part` bytes of the first answer. @param ranges false: every answer begins at the beginning */
function breaking(part: number, ranges: boolean): Override {
  let broken = false;
  return (request, response, registry) => {
    const bytes = registry.blobs.get(request.url?.split('/blobs/')[1] ?? '');
    if (bytes === undefined || bytes.length < 100_000) return false;
    if (broken && ranges) return false;
    response.writeHead(200, { 'content-length': String(bytes.length) });
    if (broken) response.end(bytes);
    else response.write(bytes.subarray(0, part), () => response.destroy());
    broken = true;
    return true;
  };
}

t.test('a blob is passed on whole, and nothing is asked for an empty one', async t => {
  const { client, layer, ranges } = await setUp(t);
  t.equal(sha256(await buffer(await client.openBlob('app', layer))), layer.digest);
  const empty = { mediaType: 'x', digest: sha256(''), size: 0 };
  t.equal((await buffer(await client.openBlob('app', empty))).length, 0);
  t.strictSame(ranges(), [undefined]);
});

t.test('a stream that breaks goes on where it stopped', async t => {
  const { client, layer, ranges } = await setUp(t, breaking(2_500_000, true));
  t.equal(sha256(await buffer(await client.openBlob('app', layer))), layer.digest);
  t.match(ranges(), [undefined, /^bytes=[1-9]\d*-$/]);
});

t.test('also where the registry can only begin at the beginning', async t => {
  const { client, layer, ranges } = await setUp(t, breaking(2_500_000, false));
  t.equal(sha256(await buffer(await client.openBlob('app', layer))), layer.digest);
  t.equal(ranges().length, 2);
});

t.test('more or fewer bytes than were announced', async t => {
  const lying = (length: number, announced?: number): Override => {
    return (request, response) => {
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(200, announced === undefined ? {} : { 'content-length': String(announced) });
      response.end(Buffer.alloc(length));
      return true;
    };
  };
  for (const [what, override, code] of [
    ['more', lying(2 * SIZE), 'REGISTRY_SIZE_MISMATCH'],
    ['fewer', lying(SIZE - 1), 'REGISTRY_CONNECTION_LOST'],
    ['announced more', lying(2 * SIZE, 2 * SIZE), 'REGISTRY_SIZE_MISMATCH'],
  ] as const) {
    const { client, layer } = await setUp(t, override);
    await t.rejects(async () => buffer(await client.openBlob('app', layer)), { code }, what);
  }
});

t.test('a blob that is not there is an error before the first byte', async t => {
  const { client } = await setUp(t);
  const missing = { mediaType: 'x', digest: sha256('missing'), size: 7 };
  await t.rejects(client.openBlob('app', missing), { code: 'REGISTRY_NOT_FOUND' });
});
