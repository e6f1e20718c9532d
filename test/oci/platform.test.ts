import t from 'tap';
import {
  formatPlatform,
  hostPlatform,
  type ImageIndex,
  isAttestation,
  normalizePlatform,
  parsePlatform,
  platformPreference,
  selectPlatform,
} from '../../lib/oci/index.js';
import { sha256 } from '../../lib/util/digest.js';

t.test('spellings', async t => {
  const cases: [text: string, platform: string][] = [
    ['linux/amd64', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['LINUX/AMD64', 'linux/amd64'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64/v8'],
    ['linux/arm64/8', 'linux/arm64/v8'],
    ['linux/arm', 'linux/arm'],
    ['linux/armhf', 'linux/arm'],
    ['linux/armel', 'linux/arm/v6'],
    ['linux/arm/7', 'linux/arm/v7'],
    ['linux/i386', 'linux/386'],
    ['arm64', 'linux/arm64'],
    ['s390x', 'linux/s390x'],
    ['macos/arm64', 'darwin/arm64'],
    ['windows(10.0.17763)/amd64', 'windows/amd64'],
    ['linux', formatPlatform(hostPlatform())],
  ];
  for (const [text, platform] of cases) t.equal(formatPlatform(parsePlatform(text)), platform, text);
  t.equal(parsePlatform('windows(10.0.17763)/amd64')['os.version'], '10.0.17763');
  for (const text of ['', '/', 'linux/', 'a/b/c/d', 'linux/&', 'nonsense', 'linux amd64', '../x']) {
    t.throws(() => parsePlatform(text), { code: 'OCI_PLATFORM_INVALID' }, JSON.stringify(text));
  }
});

t.test('normal form', async t => {
  t.same(normalizePlatform({ os: 'linux', architecture: 'arm64', variant: 'v8' }), {
    os: 'linux',
    architecture: 'arm64',
  });
  t.match(normalizePlatform({ os: 'linux', architecture: 'arm' }), { variant: 'v7' });
});

t.test('preference order', async t => {
  const names = (text: string) => platformPreference(parsePlatform(text)).map(formatPlatform);
  t.same(names('linux/amd64'), ['linux/amd64', 'linux/386']);
  t.same(names('linux/amd64/v3'), ['linux/amd64/v3', 'linux/amd64/v2', 'linux/amd64', 'linux/386']);
  t.same(names('linux/arm64'), [
    'linux/arm64',
    'linux/arm/v8',
    'linux/arm/v7',
    'linux/arm/v6',
    'linux/arm/v5',
  ]);
  t.same(names('linux/arm'), ['linux/arm/v7', 'linux/arm/v6', 'linux/arm/v5']);
  t.same(names('linux/s390x'), ['linux/s390x']);
});

function indexOf(...platforms: (string | undefined)[]): ImageIndex {
  const manifests = platforms.map(text => ({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: sha256(text ?? 'none'),
    size: 1,
    ...(text === undefined ? {} : { platform: split(text) }),
  }));
  return { schemaVersion: 2, manifests };
}

function split(text: string) {
  const [os = '', architecture = '', variant] = text.split('/');
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

function chosen(index: ImageIndex, platform: string): string {
  const { platform: found } = selectPlatform(index, parsePlatform(platform));
  return found === undefined ? 'none' : formatPlatform(found);
}

t.test('selection', async t => {
  const many = indexOf(
    'unknown/unknown',
    'linux/386',
    'linux/arm/v6',
    'linux/arm/v7',
    'linux/amd64',
    'linux/arm64/v8',
  );
  t.equal(chosen(many, 'linux/amd64'), 'linux/amd64');
  t.equal(chosen(many, 'linux/arm64'), 'linux/arm64/v8');
  t.equal(chosen(many, 'linux/arm'), 'linux/arm/v7');
  t.equal(chosen(many, 'linux/arm/v6'), 'linux/arm/v6');
  t.equal(chosen(many, 'linux/amd64/v2'), 'linux/amd64');
  t.equal(chosen(indexOf('linux/arm/v5', 'linux/arm/v7'), 'linux/arm64'), 'linux/arm/v7');
  t.equal(chosen(indexOf('linux/amd64', 'linux/amd64/v2'), 'linux/amd64/v3'), 'linux/amd64/v2');
  t.equal(chosen(indexOf(undefined), 'linux/amd64'), 'none');
  t.equal(chosen(indexOf(undefined, 'linux/amd64'), 'linux/amd64'), 'linux/amd64');
  t.throws(() => chosen(indexOf('unknown/unknown', 'linux/s390x'), 'linux/amd64'), {
    code: 'OCI_PLATFORM_NOT_FOUND',
    message: /linux\/amd64 in the index: it has linux\/s390x$/,
  });
});

t.test('attestations by annotation', async t => {
  const [entry] = indexOf('linux/amd64').manifests;
  if (entry === undefined) throw new Error('empty');
  t.notOk(isAttestation(entry));
  t.ok(isAttestation({ ...entry, annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } }));
});
