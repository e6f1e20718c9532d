// What a cached COPY of 20,000 files costs: looking at them all, and reading and writing their index.
import { join } from 'node:path';
import { ContextFiles, DigestCache } from '../../dist/context/index.js';
import { decodeIndex, encodeIndex, loadEngine } from '../../dist/layer/index.js';
import { compare } from '../harness/measure.mjs';
import { shell } from '../harness/process.mjs';

/** Digests of all files below `root`, from the cache of last time where they have not changed. */
async function digestAll(engine, root, caches) {
  const files = (await new ContextFiles(engine, root).below('')).filter(entry => entry.type === 'file');
  const cache = new DigestCache(engine, root, caches);
  await cache.digest(files);
  await cache.save();
}

async function digestRow(dir, rounds) {
  const root = join(dir, 'small');
  const subjects = [];
  for (const name of ['native', 'wasm']) {
    const engine = await loadEngine(name).catch(() => undefined);
    const caches = join(dir, `digests-${name}`);
    if (engine !== undefined)
      subjects.push({ name: `shale, ${name}`, ours: true, run: () => digestAll(engine, root, caches) });
  }
  subjects.push({
    name: 'find -printf',
    run: () => shell(`find "$1" -printf '%s %T@\\n' > /dev/null`, root),
  });
  return compare({ input: 'digests of unchanged files, warm stat cache', rounds, subjects });
}

async function indexRows(dir, { rounds, seconds }) {
  const engine = await loadEngine();
  const { entries } = await engine.writeLayer({ kind: 'tree', root: join(dir, 'small') });
  const index = encodeIndex(entries);
  const json = JSON.stringify(entries);
  const row = (input, ours, peer) =>
    compare({
      input,
      rounds,
      seconds,
      subjects: [
        { name: 'layer index', ours: true, sync: ours },
        { name: 'JSON', sync: peer },
      ],
    });
  return [
    await row(
      'index written',
      () => encodeIndex(entries),
      () => Buffer.from(JSON.stringify(entries)),
    ),
    await row(
      'index read',
      () => decodeIndex(index),
      () => JSON.parse(json),
    ),
  ];
}

/** @param {{ quick: boolean, dir: string }} options `dir`: where `layers` has made its trees */
export async function bookkeeping({ quick, dir }) {
  const rows = [
    await digestRow(dir, 9),
    ...(await indexRows(dir, quick ? { rounds: 3, seconds: 0.3 } : { rounds: 7, seconds: 1 })),
  ];
  return { id: 'bookkeeping', part: 'micro', title: '20,000 entries', rows };
}
