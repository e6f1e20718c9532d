import t from 'tap';
import {
  DOCKER,
  encodeIndex,
  encodeManifest,
  formatOf,
  type ImageIndex,
  type Manifest,
  OCI,
  parseManifest,
} from '../../lib/oci/index.js';
import { sha256 } from '../../lib/util/digest.js';

const digest = sha256('x');

function manifest(layerType: string, changes: Partial<Manifest> = {}): Manifest {
  return {
    schemaVersion: 2,
    mediaType: OCI.manifest,
    config: { mediaType: OCI.config, digest, size: 1 },
    layers: [{ mediaType: layerType, digest, size: 2 }],
    ...changes,
  };
}

t.test('fields stand as Go writes them', async t => {
  const text = Buffer.from(
    encodeManifest(manifest(OCI.layerGzip, { annotations: { b: '<&>', a: '1' } }), 'oci'),
  ).toString();
  t.equal(
    text,
    `{"schemaVersion":2,"mediaType":"${OCI.manifest}",` +
      `"config":{"mediaType":"${OCI.config}","digest":"${digest}","size":1},` +
      `"layers":[{"mediaType":"${OCI.layerGzip}","digest":"${digest}","size":2}],` +
      '"annotations":{"a":"1","b":"\\u003c\\u0026\\u003e"}}',
  );
  t.equal(
    Buffer.from(encodeManifest(manifest(OCI.layer), 'v2s2')).toString(),
    `{"schemaVersion":2,"mediaType":"${DOCKER.manifest}",` +
      `"config":{"mediaType":"${DOCKER.config}","size":1,"digest":"${digest}"},` +
      `"layers":[{"mediaType":"${DOCKER.layer}","size":2,"digest":"${digest}"}]}`,
  );
});

t.test('there and back', async t => {
  const foreign = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
  for (const type of [OCI.layer, OCI.layerGzip, foreign]) {
    const bytes = encodeManifest(manifest(type), 'v2s2');
    const parsed = parseManifest(bytes);
    if (parsed.kind !== 'manifest') throw new Error('an index');
    t.equal(formatOf(parsed.mediaType), 'v2s2');
    t.match(parsed.manifest.layers, [{ mediaType: /^application\/vnd\.docker\.image\.rootfs\./ }]);
    t.same(encodeManifest(parsed.manifest, 'oci'), encodeManifest(manifest(type), 'oci'), type);
  }
});

t.test('what schema 2 cannot say', async t => {
  const code = 'OCI_FORMAT_UNSUPPORTED';
  t.throws(() => encodeManifest(manifest(OCI.layerZstd), 'v2s2'), { code, message: /zstd/ });
  t.throws(() => encodeManifest(manifest('application/vnd.in-toto+json'), 'v2s2'), { code });
  const artifact = manifest(OCI.layer, { config: { mediaType: OCI.empty, digest, size: 2 } });
  t.throws(() => encodeManifest(artifact, 'v2s2'), { code });
  t.equal(parseManifest(encodeManifest(artifact, 'oci')).kind, 'manifest', 'and OCI can');
});

t.test('lists', async t => {
  const platform = { os: 'linux', architecture: 'arm', variant: 'v7' };
  const index: ImageIndex = {
    schemaVersion: 2,
    manifests: [{ mediaType: OCI.manifest, digest, size: 3, platform, annotations: { a: 'b' } }],
  };
  t.equal(
    Buffer.from(encodeIndex(index, 'v2s2')).toString(),
    `{"schemaVersion":2,"mediaType":"${DOCKER.index}","manifests":[{"mediaType":"${OCI.manifest}","size":3,` +
      `"digest":"${digest}","platform":{"architecture":"arm","os":"linux","variant":"v7"}}]}`,
  );
  t.match(parseManifest(encodeIndex(index, 'oci')), {
    index: { manifests: [{ platform, annotations: { a: 'b' } }] },
  });
});
