// Layers written and applied, with both engines, beside the tools that people pipe together for it.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadEngine } from '../../dist/layer/index.js';
import { largeFiles, smallFiles } from '../harness/fixtures.mjs';
import { compare } from '../harness/measure.mjs';
import { command, onPath, peakMemory, shell } from '../harness/process.mjs';

const ONE_TASK = fileURLToPath(new URL('engine-task.mjs', import.meta.url));
const TAR = 'tar --sort=name --numeric-owner -C "$1" -cf - .';

/** Both engines doing the same: `task` is a method of the engine with its arguments. */
export async function engines(task, before) {
  const made = [];
  for (const name of ['native', 'wasm']) {
    const engine = await loadEngine(name).catch(() => undefined);
    if (engine === undefined) continue;
    const [method, ...args] = task;
    made.push({
      name: `shale, ${name}`,
      ours: true,
      before,
      run: () => engine[method](...args),
      peak: async () => {
        before?.();
        return peakMemory(process.execPath, [ONE_TASK, name, JSON.stringify(task)]);
      },
    });
  }
  return made;
}

/** A pipeline as a peer. */
export const pipeline = (name, script, args, before) => ({
  name,
  before,
  run: () => shell(script, ...args),
  peak: () => {
    before?.();
    return peakMemory('bash', ['-o', 'pipefail', '-c', script, 'bench', ...args]);
  },
});

/** One core's sha256 as openssl measures it, as the time that it would need for `bytes`. */
function opensslSpeed(bytes) {
  const measure = async () => {
    const printed = await command('openssl', [
      'speed',
      '-mr',
      '-seconds',
      '1',
      '-bytes',
      '16384',
      '-evp',
      'sha256',
    ]);
    const rate = Number(/^\+F:\d+:sha256:([\d.]+)/im.exec(printed)?.[1]);
    return bytes / rate;
  };
  return { name: 'openssl speed', measure };
}

const remove = path => () => rmSync(path, { recursive: true, force: true });
const tree = root => ({ kind: 'tree', root });

async function writeRows(dir, input, bytes, { rounds, peersPeak }) {
  const blob = join(dir, 'layer.gz');
  const gzip = { blob: { path: blob, compression: 'gzip' } };
  const source = join(dir, input.dir);
  const plain = [
    ...(await engines(['writeLayer', tree(source)])),
    ...(onPath('openssl')
      ? [pipeline('tar | openssl sha256', `${TAR} | openssl sha256`, [source]), opensslSpeed(bytes)]
      : [pipeline('tar | sha256sum', `${TAR} | sha256sum`, [source])]),
  ];
  const compressed = [
    ...(await engines(['writeLayer', tree(source), gzip], remove(blob))),
    pipeline('tar | gzip -6', `${TAR} | gzip -6 > "$2"`, [source, blob], remove(blob)),
    ...(onPath('pigz')
      ? [pipeline('tar | pigz -6', `${TAR} | pigz -6 > "$2"`, [source, blob], remove(blob))]
      : []),
  ];
  const rows = [
    await compare({ input: `${input.label}: diffID and index`, bytes, rounds, peersPeak, subjects: plain }),
    await compare({
      input: `${input.label}: diffID, index and gzip`,
      bytes,
      rounds: Math.max(1, rounds >> 1),
      warmUp: false,
      peersPeak,
      subjects: compressed,
    }),
  ];
  remove(blob)();
  return rows;
}

async function applyRow(dir, input, bytes, { rounds, peersPeak }) {
  const tar = join(dir, 'layer.tar');
  const target = join(dir, 'target');
  await (await loadEngine()).writeLayer(tree(join(dir, input.dir)), { tarPath: tar });
  const fresh = () => {
    remove(target)();
    mkdirSync(target);
  };
  const options = { blobPath: tar, compression: 'none', target };
  const subjects = [
    ...(await engines(['applyLayer', options], fresh)),
    pipeline('tar -x', 'tar -C "$1" -xf "$2"', [target, tar], fresh),
  ];
  const row = await compare({
    input: `${input.label}: apply`,
    bytes,
    rounds,
    peersPeak,
    warmUp: false,
    subjects,
  });
  remove(target)();
  remove(tar)();
  return row;
}

/** @param {{ quick: boolean, dir: string }} options `dir`: scratch that holds the trees from then on */
export async function layers({ quick, dir }) {
  const megabytes = quick ? 190 : 760;
  const many = { rounds: quick ? 3 : 7, peersPeak: !quick };
  const few = { rounds: quick ? 2 : 5, peersPeak: !quick };
  const small = { dir: 'small', label: '20,000 small files' };
  const large = { dir: 'large', label: `${megabytes} MB of large files` };
  const smallBytes = smallFiles(join(dir, small.dir), 20_000);
  const largeBytes = largeFiles(join(dir, large.dir), megabytes);
  return {
    id: 'layers',
    part: 'micro',
    title: 'Layers written and applied',
    rows: [
      ...(await writeRows(dir, small, smallBytes, many)),
      await applyRow(dir, small, smallBytes, quick ? { ...many, rounds: 1 } : many),
      ...(await writeRows(dir, large, largeBytes, few)),
      await applyRow(dir, large, largeBytes, few),
    ],
  };
}
