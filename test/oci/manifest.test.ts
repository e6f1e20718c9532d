import t from 'tap';
import { DOCKER, layerCompression, MANIFEST_TYPES, OCI, parseManifest } from '../../lib/oci/index.js';

const digest = `sha256:${'1'.repeat(64)}`;
const config = { mediaType: OCI.config, digest, size: 2 };
const layer = { mediaType: OCI.layerGzip, digest, size: 3 };
const image = { schemaVersion: 2, mediaType: OCI.manifest, config, layers: [layer] };
const index = {
  schemaVersion: 2,
  mediaType: OCI.index,
  manifests: [{ mediaType: OCI.manifest, digest, size: 9 }],
};

function bytes(value: unknown): Uint8Array {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
}

t.test('image and index, with and without a media type', async t => {
  const parsed = parseManifest(bytes({ ...image, custom: { a: 1 } }), `${OCI.manifest}; charset=utf-8`);
  t.match(parsed, {
    kind: 'manifest',
    mediaType: OCI.manifest,
    manifest: { config, layers: [layer], custom: { a: 1 } },
  });
  t.match(parseManifest(bytes(index), OCI.index), {
    kind: 'index',
    index: { manifests: [{ digest, size: 9 }] },
  });
  const { mediaType: _, ...bare } = image;
  t.equal(parseManifest(bytes(bare)).mediaType, OCI.manifest);
  t.equal(parseManifest(bytes(bare), DOCKER.manifest).mediaType, DOCKER.manifest);
  t.equal(parseManifest(bytes(image), 'application/octet-stream').mediaType, OCI.manifest);
  t.equal(parseManifest(bytes({ schemaVersion: 2, manifests: [] })).kind, 'index');
  t.equal(parseManifest(bytes({ ...image, layers: null })).kind, 'manifest');
  t.equal(MANIFEST_TYPES.length, 4);
});

t.test('what is refused', async t => {
  const wrong: [string, unknown, string | undefined, RegExp][] = [
    ['both', { ...image, manifests: index.manifests }, OCI.manifest, /not both/],
    ['both as index', { ...index, layers: [layer] }, OCI.index, /not both/],
    ['image as index', { ...image, mediaType: undefined }, OCI.index, /not both/],
    ['index as image', { ...index, mediaType: undefined }, OCI.manifest, /not both/],
    ['other type', image, DOCKER.manifest, /it came as/],
    ['schema 3', { ...image, schemaVersion: 3 }, undefined, /schemaVersion/],
    ['no config', { ...image, config: undefined }, undefined, /config is not an object/],
    ['negative size', { ...image, layers: [{ ...layer, size: -1 }] }, undefined, /layers\[0\]\.size/],
    ['half a byte', { ...image, layers: [{ ...layer, size: 1.5 }] }, undefined, /layers\[0\]\.size/],
    ['text size', { ...image, layers: [{ ...layer, size: '3' }] }, undefined, /layers\[0\]\.size/],
    ['no size', { ...image, layers: [{ mediaType: OCI.layer, digest }] }, undefined, /layers\[0\]\.size/],
    ['unsafe size', JSON.stringify(image).replace('"size":3', '"size":9007199254740993'), undefined, /size/],
    ['501 layers', { ...image, layers: Array(501).fill(layer) }, undefined, /limit of 500/],
    ['too long', ' '.repeat(4 * 1024 * 1024 + 1), undefined, /limit of 4194304/],
    ['not JSON', '{', undefined, /not JSON/],
    ['list', '[]', undefined, /not an object/],
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]).toString('latin1'), undefined, /not JSON/],
    ['second spelling', { ...image, Layers: [] }, undefined, /must be written layers/],
    ['annotation', { ...image, annotations: { a: 1 } }, undefined, /annotations\["a"\]/],
    ['urls', { ...image, layers: [{ ...layer, urls: 'x' }] }, undefined, /urls is not a list/],
    [
      'platform',
      { ...index, manifests: [{ ...config, platform: { os: 'linux' } }] },
      undefined,
      /architecture/,
    ],
  ];
  for (const [name, value, type, message] of wrong) {
    t.throws(() => parseManifest(bytes(value), type), { code: 'OCI_MANIFEST_INVALID', message }, name);
  }
  const escaping = { ...image, layers: [{ ...layer, digest: 'sha256:../../etc/passwd' }] };
  t.throws(() => parseManifest(bytes(escaping)), { code: 'OCI_DIGEST_INVALID' });
});

t.test('what is not supported says so', async t => {
  t.throws(() => parseManifest(bytes({ schemaVersion: 1, fsLayers: [] })), {
    code: 'OCI_MANIFEST_UNSUPPORTED',
  });
  const artifact = { ...image, mediaType: 'application/vnd.oci.artifact.manifest.v1+json' };
  t.throws(() => parseManifest(bytes(artifact)), { code: 'OCI_MANIFEST_UNSUPPORTED' });
});

t.test('a key __proto__ pollutes nothing', async t => {
  const text = JSON.stringify(image).replace(
    /}$/,
    ',"annotations":{"__proto__":"x"},"__proto__":{"polluted":1}}',
  );
  const parsed = parseManifest(bytes(text));
  t.equal(({} as Record<string, unknown>).polluted, undefined);
  t.equal(parsed.kind === 'manifest' && Object.keys(parsed.manifest.annotations ?? {})[0], '__proto__');
});

t.test('how layers are compressed', async t => {
  t.equal(layerCompression(OCI.layer), 'none');
  t.equal(layerCompression(OCI.layerZstd), 'zstd');
  t.equal(layerCompression(DOCKER.layerGzip), 'gzip');
  t.equal(layerCompression('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'), 'gzip');
  t.equal(layerCompression('application/vnd.oci.image.layer.nondistributable.v1.tar+gzip'), 'gzip');
  t.equal(layerCompression('application/vnd.in-toto+json'), undefined);
});
