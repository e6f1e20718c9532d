import t from 'tap';
import {
  familiarString,
  normalizeReference,
  parseDockerReference,
  parseReference,
  referenceDigest,
  withTag,
} from '../../lib/oci/index.js';

const hex = 'a'.repeat(64);

t.test('docker says why a name is wrong', async t => {
  const cases: [string, RegExp][] = [
    ['', /^repository name must have at least one component$/],
    ['Debian', /^invalid reference format: repository name \(library\/Debian\) must be lowercase$/],
    ['debian:', /^invalid reference format$/],
    ['debian:-x', /^invalid reference format$/],
    [' debian', /^invalid reference format$/],
    ['debian\n', /^invalid reference format$/],
    [hex, /cannot specify 64-byte hexadecimal strings$/],
    [`debian@sha256:${hex.toUpperCase()}`, /^invalid checksum digest format$/],
    [`debian@sha256:${'a'.repeat(63)}`, /^invalid checksum digest length$/],
    [`debian@constructor:${hex}`, /^unsupported digest algorithm$/],
  ];
  for (const [text, message] of cases) {
    t.throws(
      () => normalizeReference(text),
      { code: 'OCI_REFERENCE_INVALID', message },
      JSON.stringify(text),
    );
  }
});

t.test('host, port, tag and digest together', async t => {
  const text = `localhost:5000/team/app:1.0@sha256:${hex}`;
  const full = { domain: 'localhost:5000', path: 'team/app', tag: '1.0', digest: `sha256:${hex}` };
  t.same(normalizeReference(text), full);
  const { tag: _, ...withoutTag } = full;
  t.match(parseDockerReference(text), withoutTag);
  t.equal(parseDockerReference(text).tag, undefined);
  t.equal(familiarString(normalizeReference(text)), text);
  t.same(parseDockerReference('debian'), { domain: 'docker.io', path: 'library/debian', tag: 'latest' });
  t.equal(familiarString(parseDockerReference('index.docker.io/debian')), 'debian:latest');
});

t.test('only digests that can be verified are handed on', async t => {
  t.equal(referenceDigest(parseReference(`a@sha256:${hex}`)), `sha256:${hex}`);
  t.equal(referenceDigest(parseReference('a')), undefined);
  const sha512 = parseReference(`a@sha512:${hex}${hex}`);
  t.throws(() => referenceDigest(sha512), { code: 'OCI_DIGEST_INVALID' });
});

t.test('a tag is checked', async t => {
  const name = parseReference('a');
  t.equal(withTag(name, 'v'.repeat(128)).tag?.length, 128);
  for (const tag of ['', '.x', 'v'.repeat(129), 'a/b', 'a\n']) {
    t.throws(() => withTag(name, tag), { code: 'OCI_REFERENCE_INVALID' }, JSON.stringify(tag));
  }
});

t.test('long nonsense is refused quickly', async t => {
  const start = process.hrtime.bigint();
  for (const text of [
    'a'.repeat(4000),
    `${'a-'.repeat(2000)}!`,
    'a/'.repeat(2000),
    `${'A'.repeat(1_000_000)}`,
  ]) {
    t.throws(() => normalizeReference(`x.y/${text}`), { code: 'OCI_REFERENCE_INVALID' });
  }
  const ms = Number(process.hrtime.bigint() - start) / 1e6;
  t.ok(ms < 2000, `${ms.toFixed(0)} ms`);
});
