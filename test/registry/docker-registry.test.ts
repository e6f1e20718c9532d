import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { encodeJson, normalizeReference, OCI, parsePlatform } from '../../lib/oci/index.js';
import {
  fetchLayers,
  pullImage,
  pushImage,
  RegistryClient,
  type RegistryEvent,
} from '../../lib/registry/index.js';
import { sha256 } from '../../lib/util/digest.js';
import { startDockerRegistry } from '../fixtures/docker-registry.js';
import { makeImage, sourceOf, TestContent } from '../fixtures/memory-content.js';

const run = promisify(execFile);
const skopeo = async (...args: string[]) => (await run('skopeo', args)).stdout;
const platform = parsePlatform('linux/amd64');
const registry = await startDockerRegistry();
const { host } = registry;
t.teardown(() => registry.stop());

function client(onProgress?: (event: RegistryEvent) => void): RegistryClient {
  const made = new RegistryClient({ domain: host, onProgress });
  t.teardown(() => made.close());
  return made;
}

async function content(): Promise<TestContent> {
  const made = await TestContent.create();
  t.teardown(() => made.remove());
  return made;
}

t.test('push: skopeo reads and verifies it', async t => {
  const image = makeImage([1000, 3_000_000]);
  const events: RegistryEvent[] = [];
  const reference = normalizeReference(`${host}/team/app:1`);
  const pushed = await pushImage(
    client(e => events.push(e)),
    reference,
    image.manifest,
    { content: sourceOf(image) },
  );
  t.match(pushed, { digest: image.manifest.digest, uploaded: 3, mounted: 0, existed: 0 });
  const inspected = JSON.parse(await skopeo('inspect', '--tls-verify=false', `docker://${host}/team/app:1`));
  t.equal(inspected.Digest, image.manifest.digest);
  t.same(
    inspected.Layers,
    image.layers.map(layer => layer.digest),
  );
  const directory = await mkdtemp(join(tmpdir(), 'registry-skopeo-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  await skopeo('copy', '--src-tls-verify=false', `docker://${host}/team/app:1`, `oci:${directory}:x`);
  const last = image.layers[1];
  t.match(events, [{ kind: 'blob' }]);
  t.ok(
    events.some(
      e => e.kind === 'blob' && e.digest === last?.digest && e.status === 'uploaded' && e.current === e.total,
    ),
  );
});

t.test('push again: nothing travels; push to another repository: mounted', async t => {
  const image = makeImage([2000]);
  const source = sourceOf(image);
  const c = client();
  await pushImage(c, normalizeReference(`${host}/a/base:1`), image.manifest, { content: source });
  source.opened.length = 0;
  const again = await pushImage(c, normalizeReference(`${host}/a/base:2`), image.manifest, {
    content: source,
  });
  t.match(again, { uploaded: 0, existed: 2, bytes: 0 });
  const mounted = await pushImage(c, normalizeReference(`${host}/b/child:1`), image.manifest, {
    content: source,
    mountFrom: () => ['no/such', 'a/base'],
  });
  t.match(mounted, { uploaded: 0, mounted: 2, existed: 0 });
  t.same(new Set(source.opened), new Set([image.manifest.digest]), 'no blob was opened');
});

t.test('push in chunks', async t => {
  const image = makeImage([300_000]);
  const options = { content: sourceOf(image), chunkSize: 65_536 };
  await pushImage(client(), normalizeReference(`${host}/chunks:1`), image.manifest, options);
  const sink = await content();
  await pullImage(client(), normalizeReference(`${host}/chunks:1`), { platform, content: sink });
  t.same(new Set(sink.committed), new Set(image.blobs.keys()));
});

t.test('pull what skopeo pushed, missing blobs only', async t => {
  const image = makeImage([500, 100_000, 500_000]);
  await pushImage(client(), normalizeReference(`${host}/src:1`), image.manifest, {
    content: sourceOf(image),
  });
  const flags = ['--src-tls-verify=false', '--dest-tls-verify=false', '--format', 'v2s2'];
  await skopeo('copy', ...flags, `docker://${host}/src:1`, `docker://${host}/copied/app:docker`);
  const sink = await content();
  const events: RegistryEvent[] = [];
  const reference = normalizeReference(`${host}/copied/app:docker`);
  const pulled = await pullImage(
    client(e => events.push(e)),
    reference,
    { platform, content: sink },
  );
  t.equal(pulled.manifest.mediaType, 'application/vnd.docker.distribution.manifest.v2+json');
  t.equal(pulled.config.config?.Labels?.test, 'yes');
  t.ok(pulled.platformMatches);
  t.same(pulled.root, pulled.manifest);
  t.equal(sink.committed.length, 5);
  t.equal(sink.committed.at(-1), pulled.manifest.digest, 'the manifest comes last');
  events.length = 0;
  await pullImage(
    client(e => events.push(e)),
    reference,
    { platform, content: sink },
  );
  t.equal(sink.committed.length, 5);
  t.same(new Set(events.map(e => e.kind === 'blob' && e.status)), new Set(['exists']));
});

t.test('an index: pushed as a whole, pulled by platform, by digest and by tag', async t => {
  const amd = makeImage([1000], 'amd64');
  const arm = makeImage([1000], 'arm64');
  const manifests = [
    { ...amd.manifest, platform: { os: 'linux', architecture: 'amd64' } },
    { ...arm.manifest, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
  ];
  const bytes = encodeJson({ schemaVersion: 2, mediaType: OCI.index, manifests });
  const root = { mediaType: OCI.index, digest: sha256(bytes), size: bytes.length };
  const own = { blobs: new Map([[root.digest, bytes]]) };
  const c = client();
  const options = { content: sourceOf(own, amd, arm) };
  t.match(await pushImage(c, normalizeReference(`${host}/multi:1`), root, options), {
    digest: root.digest,
    uploaded: 4,
  });
  t.same(await c.resolve('multi', '1'), root);
  for (const reference of [`${host}/multi:1`, `${host}/multi@${root.digest}`]) {
    const sink = await content();
    const wanted = parsePlatform('linux/arm64');
    const pulled = await pullImage(c, normalizeReference(reference), { platform: wanted, content: sink });
    t.equal(pulled.manifest.digest, arm.manifest.digest);
    t.equal(pulled.root.digest, root.digest);
    t.equal(sink.committed.at(-1), root.digest);
    t.notOk(sink.committed.includes(amd.manifest.digest));
  }
  const sink = await content();
  const other = { platform: parsePlatform('linux/s390x'), content: sink };
  await t.rejects(pullImage(c, normalizeReference(`${host}/multi:1`), other), {
    code: 'OCI_PLATFORM_NOT_FOUND',
  });
  const single = normalizeReference(`${host}/multi@${amd.manifest.digest}`);
  t.notOk(
    (await pullImage(c, single, other)).platformMatches,
    'a single manifest is given, with a word of warning',
  );
});

t.test('manifests first, layers when something needs them', async t => {
  const image = makeImage([1000, 2000]);
  const c = client();
  await pushImage(c, normalizeReference(`${host}/lazy:1`), image.manifest, { content: sourceOf(image) });
  const sink = await content();
  const reference = normalizeReference(`${host}/lazy:1`);
  const pulled = await pullImage(c, reference, { platform, content: sink, layers: false });
  t.same(new Set(sink.committed), new Set([image.config.digest, image.manifest.digest]));
  await fetchLayers(c, 'lazy', pulled.parsedManifest.layers, { content: sink });
  t.same(new Set(sink.committed), new Set(image.blobs.keys()));
});

t.test('an index of which one image is held by the registry alone', async t => {
  const here = makeImage([1000], 'amd64');
  const there = makeImage([1000], 'arm64');
  const c = client();
  await pushImage(c, normalizeReference(`${host}/part:arm`), there.manifest, { content: sourceOf(there) });
  const manifests = [here.manifest, there.manifest];
  const bytes = encodeJson({ schemaVersion: 2, mediaType: OCI.index, manifests });
  const root = { mediaType: OCI.index, digest: sha256(bytes), size: bytes.length };
  const own = sourceOf({ blobs: new Map([[root.digest, bytes]]) }, here);
  const pushed = await pushImage(c, normalizeReference(`${host}/part:1`), root, { content: own });
  t.match(pushed, { uploaded: 2, existed: 1 });
});

t.test('tags, deletion, what is not there', async t => {
  const image = makeImage([100]);
  const c = client();
  for (const tag of ['a', 'b', 'c']) {
    await pushImage(c, normalizeReference(`${host}/tags:${tag}`), image.manifest, {
      content: sourceOf(image),
    });
  }
  t.same((await c.listTags('tags')).sort(), ['a', 'b', 'c']);
  t.equal((await c.listTags('tags', { limit: 2 })).length, 2);
  await c.deleteManifest('tags', image.manifest.digest);
  await t.rejects(c.getManifest('tags', 'a'), {
    code: 'REGISTRY_NOT_FOUND',
    message: `manifest ${host}/tags:a: not found (MANIFEST_UNKNOWN: manifest unknown)`,
  });
  await t.rejects(c.listTags('never'), { code: 'REGISTRY_NOT_FOUND', message: /NAME_UNKNOWN/ });
  await t.rejects(c.getManifest('../../etc', 'a'), { code: 'OCI_REFERENCE_INVALID' });
  await t.rejects(c.getManifest('tags', '../x'), { code: 'OCI_REFERENCE_INVALID' });
});

t.test('a mirror serves docker.io', async t => {
  const image = makeImage([100]);
  await pushImage(client(), normalizeReference(`${host}/library/debian:12`), image.manifest, {
    content: sourceOf(image),
  });
  const env = { SHALE_REGISTRY_MIRRORS: `docker.io=http://${host}` };
  const hub = new RegistryClient({ domain: 'docker.io', env });
  t.teardown(() => hub.close());
  const pulled = await pullImage(hub, normalizeReference('debian:12'), {
    platform,
    content: await content(),
  });
  t.equal(pulled.manifest.digest, image.manifest.digest);
});
