import t from 'tap';
import { closestRecord, describeLayers, type MissedStep, reasonsFor } from '../../lib/build/explain.js';
import type { CacheRecord } from '../../lib/store/types.js';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;
const other = (letter: string) => `sha256:${letter.repeat(64)}` as const;

function step(inputs: Record<string, string>, details: MissedStep['details'] = {}): MissedStep {
  return {
    description: 'RUN make',
    inputs: { step: 'run', parent: 'p', command: '["make"]', ...inputs },
    details,
  };
}

function record(description: string, inputs: Record<string, string>, lastUsed = '2026'): CacheRecord {
  const all = { ...step(inputs).inputs };
  return { key: DIGEST, layer: null, created: '', description, inputs: all, lastUsed };
}

t.test('the closest record is of the same instruction, with most in common, used last', async t => {
  const same = record('RUN make', { environment: '[]', user: 'x' });
  const nearer = record('RUN make', { environment: '[]', user: 'y' }, '2025');
  const latest = record('RUN make', { environment: '[]', user: 'y' }, '2027');
  const copy = { ...record('COPY', {}), inputs: { step: 'copy' } };
  const wanted = step({ environment: '[]', user: 'y', network: 'none' });
  t.equal(closestRecord([copy, same, nearer, latest], wanted), latest);
  t.equal(closestRecord([copy], wanted), undefined);
  const renamed = record('RUN make all', {
    environment: '[]',
    user: 'y',
    network: 'none',
    command: '["make all"]',
  });
  t.equal(closestRecord([renamed], wanted), renamed, 'a command that was changed, in the same place');
});

t.test('reasons', async t => {
  t.same(reasonsFor(step({}), undefined), [{ kind: 'new' }]);
  const variables = (...all: [string, string][]) => JSON.stringify(all);
  t.same(
    reasonsFor(
      step({ environment: variables(['A', '2'], ['N', 'new']), command: '["sh","-c","b"]' }, { args: ['A'] }),
      {
        inputs: step({ environment: variables(['A', '1'], ['E', 'x']), command: '["sh","-c","a"]' }).inputs,
        details: {},
      },
    ),
    [
      { kind: 'command', before: 'sh -c a', after: 'sh -c b' },
      { kind: 'argument', name: 'A', before: '1', after: '2' },
      { kind: 'environment', name: 'E', before: 'x', after: undefined },
      { kind: 'environment', name: 'N', before: undefined, after: 'new' },
    ],
  );
  const files = (content: string) => ({ files: { a: `file 644 0:0 ${content}`, b: 'dir 755 0:0' } });
  t.same(
    reasonsFor(step({ plan: '2' }, files('y')), { inputs: step({ plan: '1' }).inputs, details: files('x') }),
    [{ kind: 'file', name: 'a', before: 'file 644 0:0 x', after: 'file 644 0:0 y' }],
  );
});

t.test('of layers, the first that differs; those of the base are the base', async t => {
  const history = [
    { created_by: 'base' },
    { created_by: 'ENV', empty_layer: true },
    { created_by: 'COPY x' },
  ];
  const layers = (...digests: `sha256:${string}`[]) => ({
    layers: describeLayers(digests, history, 1),
    base: 'alpine:3',
  });
  const why = (before: object, after: object) =>
    reasonsFor(step({ parent: 'q' }, after), { inputs: step({}).inputs, details: before });
  t.same(why(layers(DIGEST, other('b')), layers(DIGEST, other('c'))), [
    { kind: 'layer', name: 'COPY x', before: 'bbbbbbbbbbbb', after: 'cccccccccccc' },
  ]);
  t.same(why(layers(DIGEST, other('b')), layers(other('d'), other('b'))), [
    { kind: 'base', name: 'alpine:3', before: 'aaaaaaaaaaaa', after: 'dddddddddddd' },
  ]);
});
