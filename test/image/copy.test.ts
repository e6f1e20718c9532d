import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type CopyImageOptions, copyImage } from '../../lib/api/copy.js';
import { wantedCompression } from '../../lib/image/copy-layer.js';
import { type Descriptor, encodeJson, OCI } from '../../lib/oci/index.js';
import { digestHex, sha256 } from '../../lib/util/digest.js';
import { FakeRegistry, type Override } from '../fixtures/fake-registry.js';
import { makeImage, type TestImage } from '../fixtures/memory-content.js';

const platform = 'linux/amd64';

async function setUp(t: Test, override?: Override) {
  const registry = await FakeRegistry.start({ override });
  t.teardown(() => registry.stop());
  const image = makeImage([1000, 3_000_000]);
  registry.add(image, 'app:1');
  const base = t.testdir();
  const from = `docker://${registry.host}/app:1`;
  const copy = (source: string, destination: string, more: Partial<CopyImageOptions> = {}) =>
    copyImage({ root: join(base, 'store'), platform, source, destination, ...more });
  return { registry, image, base, from, copy };
}

/** A list of two images, whose entry for amd64 is the first. */
function addList(registry: FakeRegistry): { index: Descriptor; images: TestImage[] } {
  const images = [makeImage([100]), makeImage([200], 'arm64')];
  for (const [at, image] of images.entries()) registry.add(image, `app:image${at}`);
  const manifests = images.map(({ manifest }, at) => ({
    ...manifest,
    platform: { os: 'linux', architecture: at === 0 ? 'amd64' : 'arm64' },
  }));
  const bytes = encodeJson({ schemaVersion: 2, mediaType: OCI.index, manifests });
  const index = { mediaType: OCI.index, digest: sha256(bytes), size: bytes.length };
  registry.addManifest(index, bytes, 'app:list');
  return { index, images };
}

function hexes(...descriptors: Descriptor[]): string[] {
  return descriptors.map(({ digest }) => digestHex(digest));
}

t.test('what a layer is compressed with at the end', async t => {
  const cases: [string, Parameters<typeof wantedCompression>, ReturnType<typeof wantedCompression>][] = [
    ['a registry gets plain layers compressed', ['none', 'compressed', {}], 'gzip'],
    ['in the format that is asked for', ['none', 'compressed', { format: 'zstd' }], 'zstd'],
    ['compressed ones as they are', ['zstd', 'compressed', {}], undefined],
    ['unless another format is asked for', ['zstd', 'compressed', { format: 'gzip' }], 'gzip'],
    ['plain ones stay where that is right', ['none', 'compressed', { acceptPlain: true }], undefined],
    ['unpacking is for dir alone', ['gzip', 'compressed', { decompress: true }], undefined],
    ['a directory keeps all', ['none', 'any', { format: 'zstd' }], undefined],
    ['a directory compresses', ['none', 'any', { compress: true }], 'gzip'],
    ['a directory compresses anew', ['gzip', 'any', { compress: true, format: 'zstd' }], 'zstd'],
    ['a directory unpacks', ['zstd', 'any', { decompress: true }], 'none'],
    ['an archive unpacks', ['gzip', 'plain', { compress: true, format: 'zstd' }], 'none'],
    ['what is no layer stays', [undefined, 'plain', { decompress: true }], undefined],
  ];
  for (const [title, args, expected] of cases) t.equal(wantedCompression(...args), expected, title);
});

t.test('registry to registry: what is there does not travel, and nothing is stored here', async t => {
  const { registry, image, base, from, copy } = await setUp(t);
  const other = await FakeRegistry.start();
  t.teardown(() => other.stop());
  const [first] = image.layers;
  if (first === undefined) throw new Error('no layer');
  other.blobs.set(first.digest, image.blobs.get(first.digest) ?? Buffer.alloc(0));
  const to = `docker://${other.host}/copied:1`;
  t.equal(await copy(from, to), image.manifest.digest);
  t.same(other.manifests.get('copied:1')?.bytes, image.manifestBytes, 'the same bytes');
  t.equal(registry.count('GET', /blobs/), 2, 'the blob that was there was not fetched');
  t.equal(other.count('PUT', /blobs/), 2);
  await copy(from, to);
  t.equal(other.count('PUT', /blobs/), 2, 'nothing travels twice');
  t.notOk(existsSync(join(base, 'store')), 'no store was made');
});

t.test('a list: one image, all of them, or the list alone', async t => {
  const { registry, base, copy } = await setUp(t);
  const { index, images } = addList(registry);
  const [amd, arm] = images as [TestImage, TestImage];
  const from = `docker://${registry.host}/app:list`;
  t.equal(await copy(from, `dir:${base}/one`), amd.manifest.digest);
  t.equal(await copy(from, `dir:${base}/one`, { platform: 'linux/arm64' }), arm.manifest.digest, 'replaced');
  t.same(
    readdirSync(join(base, 'one')).sort(),
    ['manifest.json', 'version', ...hexes(arm.config, ...arm.layers)].sort(),
  );
  t.equal(await copy(from, `dir:${base}/all`, { multiArch: 'all' }), index.digest);
  const instances = images.map(({ manifest }) => `${digestHex(manifest.digest)}.manifest.json`);
  t.same(
    readdirSync(join(base, 'all')).sort(),
    [
      'manifest.json',
      'version',
      ...instances,
      ...images.flatMap(each => hexes(each.config, ...each.layers)),
    ].sort(),
  );
  t.equal(await copy(`dir:${base}/all`, `oci:${base}/layout:x`, { multiArch: 'all' }), index.digest);
  t.equal(await copy(from, `dir:${base}/index`, { multiArch: 'index-only' }), index.digest);
  t.same(readdirSync(join(base, 'index')).sort(), ['manifest.json', 'version']);
  for (const to of [`docker-archive:${base}/a.tar`, 'containers-storage:a'])
    await t.rejects(copy(from, to, { multiArch: 'all' }), { code: 'OCI_LIST_UNSUPPORTED' }, to);
  await t.rejects(copy(from, `dir:${base}/none`, { platform: 'linux/s390x' }), {
    code: 'OCI_PLATFORM_NOT_FOUND',
  });
});

t.test('--preserve-digests fails where a digest would change', async t => {
  const { base, from, copy, image } = await setUp(t);
  const code = 'OCI_DIGESTS_NOT_PRESERVED';
  const preserveDigests = true;
  await t.rejects(copy(from, `docker-archive:${base}/a.tar`, { preserveDigests }), { code });
  await t.rejects(copy(from, `dir:${base}/a`, { preserveDigests, format: 'v2s2' }), { code });
  const compression = { format: 'zstd' } as const;
  await t.rejects(copy(from, `oci:${base}/b`, { preserveDigests, compression }), { code });
  t.notOk(existsSync(join(base, 'a.tar')), 'no half an archive');
  t.equal(await copy(from, `oci:${base}/b`, { preserveDigests }), image.manifest.digest);
  await copy(from, `dir:${base}/plain`, { compression: { decompress: true } });
  const plain = sha256(readFileSync(join(base, 'plain/manifest.json')));
  t.equal(
    await copy(`dir:${base}/plain`, `oci:${base}/c`, { preserveDigests }),
    plain,
    'plain layers stay plain',
  );
  t.not(await copy(`dir:${base}/plain`, `oci:${base}/d`), plain, 'and are compressed otherwise');
});

t.test('bytes that are not those of their digest get nowhere', async t => {
  const lying: Override = (request, response, registry) => {
    const bytes = registry.blobs.get(request.url?.split('/blobs/')[1] ?? '');
    if (bytes === undefined || bytes.length < 1_000_000) return false;
    response.writeHead(200, { 'content-length': String(bytes.length) }).end(Buffer.alloc(bytes.length));
    return true;
  };
  const { base, from, copy, image } = await setUp(t, lying);
  const other = await FakeRegistry.start();
  t.teardown(() => other.stop());
  const code = 'REGISTRY_SOURCE_CHANGED';
  const large = image.layers[1] as Descriptor;
  for (const to of [
    `docker://${other.host}/a:1`,
    `dir:${base}/dir`,
    `oci:${base}/layout`,
    `oci-archive:${base}/a.tar`,
    `docker-archive:${base}/b.tar`,
    'containers-storage:a',
  ])
    await t.rejects(copy(from, to), { code }, to);
  t.equal(other.manifests.size, 0, 'no manifest');
  t.notOk(other.blobs.has(large.digest));
  t.notOk(existsSync(join(base, 'dir/manifest.json')));
  t.notOk(existsSync(join(base, 'layout/index.json')));
  const names = execFileSync(
    'find',
    [base, '-name', `*${digestHex(large.digest)}*`, '-o', '-name', '*.tmp', '-o', '-name', '*.tar'],
    { encoding: 'utf8' },
  );
  t.equal(names, '', 'nothing has its name, and nothing is left of it');
  t.match(
    spawnSync(
      'find',
      [
        '/var/tmp',
        '-maxdepth',
        '1',
        '-name',
        `shale-*`,
        '-user',
        'root',
        '-newer',
        join(base, 'dir/version'),
        '-name',
        'shale-??????',
      ],
      { encoding: 'utf8' },
    ),
    { stdout: '' },
    'no scratch',
  );
});

t.test('a layer that is not the one of the config is not unpacked or compressed into another', async t => {
  const { registry, base, copy, image } = await setUp(t);
  const other = makeImage([500]);
  const layers = [image.layers[0], other.layers[0]];
  const bytes = encodeJson({ schemaVersion: 2, mediaType: OCI.manifest, config: image.config, layers });
  for (const [digest, blob] of other.blobs) registry.blobs.set(digest, blob);
  registry.addManifest(
    { mediaType: OCI.manifest, digest: sha256(bytes), size: bytes.length },
    bytes,
    'app:odd',
  );
  const from = `docker://${registry.host}/app:odd`;
  const code = 'LAYER_DIGEST_MISMATCH';
  await t.rejects(copy(from, `docker-archive:${base}/a.tar`), { code });
  await t.rejects(copy(from, `oci:${base}/a`, { compression: { format: 'zstd' } }), { code });
  await t.rejects(copy(from, 'containers-storage:a'), { code });
  const few = encodeJson({
    schemaVersion: 2,
    mediaType: OCI.manifest,
    config: image.config,
    layers: [layers[0]],
  });
  registry.addManifest({ mediaType: OCI.manifest, digest: sha256(few), size: few.length }, few, 'app:few');
  await t.rejects(copy(`docker://${registry.host}/app:few`, `docker-archive:${base}/a.tar`), {
    code: 'OCI_CONFIG_INVALID',
  });
});

t.test('hostile directories and archives', async t => {
  const { base, from, copy, image } = await setUp(t);
  const to = `dir:${base}/to`;
  const damaged = async (name: string, damage: (path: string) => void) => {
    await copy(from, `dir:${base}/${name}`);
    damage(join(base, name));
    return t.rejects(copy(`dir:${base}/${name}`, to), { code: /^(OCI|REGISTRY)_/ }, name);
  };
  const [layer = ''] = hexes(...image.layers);
  await damaged('large', path =>
    writeFileSync(join(path, 'manifest.json'), Buffer.alloc(4 * 1024 * 1024 + 1, ' ')),
  );
  await damaged('linked', path => {
    execFileSync('mv', [join(path, layer), join(base, 'elsewhere')]);
    symlinkSync('../elsewhere', join(path, layer));
  });
  await damaged('fifo', path =>
    execFileSync('sh', ['-c', 'rm "$1" && mkfifo "$1"', 'sh', join(path, layer)]),
  );
  await damaged('short', path => writeFileSync(join(path, layer), ''));
  await damaged('missing', path => execFileSync('rm', [join(path, layer)]));
  await damaged('schema1', path => writeFileSync(join(path, 'manifest.json'), '{"schemaVersion":1}'));
  await damaged('two', path =>
    writeFileSync(join(path, 'manifest.json'), '{"schemaVersion":2,"manifests":[],"layers":[]}'),
  );

  mkdirSync(join(base, 'layout'));
  mkdirSync(join(base, 'secret'));
  symlinkSync('../secret', join(base, 'layout/blobs'));
  await t.rejects(copy(from, `oci:${base}/layout`), { code: 'USAGE_OUTPUT' }, 'a link to elsewhere');
  t.same(readdirSync(join(base, 'secret')), []);
  writeFileSync(join(base, 'no.tar'), 'this is no archive');
  for (const transport of ['oci-archive', 'docker-archive'])
    await t.rejects(copy(`${transport}:${base}/no.tar`, to), { code: 'OCI_ARCHIVE_INVALID' });
});

t.test('places that are not to be overwritten', async t => {
  const { base, from, copy } = await setUp(t);
  mkdirSync(join(base, 'home'));
  writeFileSync(join(base, 'home/precious'), '');
  const code = 'USAGE_OUTPUT';
  await t.rejects(copy(from, `dir:${base}/home`), { code, message: /don't want to overwrite/ });
  writeFileSync(join(base, 'home/version'), 'Directory Transport Version: 1.1\n');
  await t.rejects(copy(from, `dir:${base}/home`), { code }, 'also beside an image');
  await t.rejects(copy(from, `dir:${base}/no/such`), { code });
  await copy(from, `dir:${base}/image`);
  await t.rejects(
    copy(`dir:${base}/image`, `dir:${base}/../${base.split('/').at(-1)}/image`),
    { code },
    'itself',
  );
  await copy(from, `docker-archive:${base}/a.tar`);
  await t.rejects(copy(from, `docker-archive:${base}/a.tar`), { code, message: /modifying existing images/ });
  await t.rejects(copy(from, `oci-archive:${base}/no/such.tar`), { code });
});
