import t from 'tap';
import {
  normalizeReference,
  OCI,
  parseImageConfig,
  parseManifest,
  parsePlatform,
  parseReference,
} from '../../lib/oci/index.js';
import { isShaleError } from '../../lib/util/errors.js';

/** Park and Miller's generator: the same cases on every run. */
function randomFrom(seed: number): (limit: number) => number {
  let state = seed;
  return limit => {
    state = (state * 48271) % 2147483647;
    return state % limit;
  };
}

const digest = `sha256:${'1'.repeat(64)}`;
const SEEDS: [name: string, text: string, parse: (text: string) => unknown][] = [
  [
    'manifest',
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI.manifest,
      config: { mediaType: OCI.config, digest, size: 2 },
      layers: [{ mediaType: OCI.layer, digest, size: 3, urls: ['https://a'], annotations: { a: 'b' } }],
    }),
    text => parseManifest(Buffer.from(text, 'latin1')),
  ],
  [
    'config',
    JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      config: { Env: ['A=1'], Cmd: null, Labels: { a: 'b' }, ExposedPorts: { '80/tcp': {} } },
      rootfs: { type: 'layers', diff_ids: [digest] },
      history: [{ created_by: 'x' }],
    }),
    text => parseImageConfig(Buffer.from(text, 'latin1')),
  ],
  ['reference', `reg.example:5000/a/b:tag@${digest}`, text => parseReference(text)],
  ['normalized reference', `reg.example:5000/a/b:tag@${digest}`, text => normalizeReference(text)],
  ['platform', 'windows(10.0)/arm64/v8', text => parsePlatform(text)],
];

const PIECES = [
  'null',
  '[]',
  '{}',
  '"',
  '-1',
  '1e400',
  '"__proto__":{}',
  ',',
  ':',
  '@',
  '/',
  '\0',
  '\xff',
  ' ',
  'A',
];

function mutate(text: string, random: (limit: number) => number): string {
  let result = text;
  for (let i = random(4); i >= 0; i--) {
    const at = random(result.length + 1);
    const piece = PIECES[random(PIECES.length)] ?? '';
    result = result.slice(0, at) + piece + result.slice(at + random(12));
  }
  return result;
}

for (const [name, text, parse] of SEEDS) {
  t.test(`${name}: damaged in 3000 ways, it is read or refused, and never anything else`, async t => {
    const random = randomFrom(20240229);
    const outcomes = { read: 0, refused: 0 };
    for (let i = 0; i < 3000; i++) {
      const damaged = mutate(text, random);
      try {
        parse(damaged);
        outcomes.read++;
      } catch (error) {
        if (!isShaleError(error)) throw new Error(`${JSON.stringify(damaged)}: ${String(error)}`);
        outcomes.refused++;
      }
    }
    t.ok(outcomes.refused > 100, JSON.stringify(outcomes));
  });
}
