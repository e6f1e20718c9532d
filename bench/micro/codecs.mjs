// gzip and zstd of one tar: speed, and what they make of it.
import { createReadStream, createWriteStream, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline as pipe } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { loadEngine } from '../../dist/layer/index.js';
import { compare } from '../harness/measure.mjs';
import { onPath } from '../harness/process.mjs';
import { engines, pipeline } from './layer.mjs';

/** Remembers the size of what each subject wrote. */
function withSizes(subjects, made, sizes) {
  return subjects.map(subject => ({
    ...subject,
    run: async () => {
      await subject.run();
      sizes.set(subject.name, statSync(made).size);
    },
  }));
}

async function compareSizes(work, made) {
  const sizes = new Map();
  const row = await compare({ ...work, subjects: withSizes(work.subjects, made, sizes) });
  for (const result of row.results) result.size = sizes.get(result.name);
  return row;
}

const node = (name, transform, from, to, before) => ({
  name,
  before,
  run: () => pipe(createReadStream(from, { highWaterMark: 1 << 20 }), transform(), createWriteStream(to)),
});

/** @param {{ quick: boolean, dir: string }} options `dir`: where `layers` has made its trees */
export async function codecs({ quick, dir }) {
  const tar = join(dir, 'plain.tar');
  const made = join(dir, 'made');
  const packed = join(dir, 'packed.gz');
  const remove = () => rmSync(made, { force: true });
  const engine = await loadEngine();
  await engine.writeLayer({ kind: 'tree', root: join(dir, 'small') }, { tarPath: tar });
  await engine.compress(tar, packed, 'gzip');
  const bytes = statSync(tar).size;
  const rounds = quick ? 1 : 5;
  const peer = (name, script, from = tar) => pipeline(name, script, [from, made], remove);
  const gzip = [
    ...(await engines(['compress', tar, made, 'gzip'], remove)),
    peer('gzip -6', 'gzip -6 < "$1" > "$2"'),
    node('node:zlib -6', () => createGzip({ level: 6 }), tar, made, remove),
    ...(onPath('pigz') ? [peer('pigz -6', 'pigz -6 < "$1" > "$2"')] : []),
  ];
  const zstd = [
    ...(await engines(['compress', tar, made, 'zstd'], remove)),
    ...(onPath('zstd') ? [peer('zstd -3 -T0', 'zstd -q -3 -T0 < "$1" > "$2"')] : []),
  ];
  const gunzip = [
    ...(await engines(['decompress', packed, made], remove)),
    peer('gzip -d', 'gzip -d < "$1" > "$2"', packed),
    node('node:zlib', createGunzip, packed, made, remove),
  ];
  const options = { bytes, rounds, warmUp: !quick, peersPeak: !quick };
  const rows = [
    await compareSizes({ ...options, input: 'gzip, default level', subjects: gzip }, made),
    await compareSizes({ ...options, input: 'zstd, default level', subjects: zstd }, made),
    await compare({ ...options, input: 'gunzip', subjects: gunzip }),
  ];
  for (const path of [tar, made, packed]) rmSync(path, { force: true });
  return {
    id: 'codecs',
    part: 'micro',
    title: `Compression of a tar of ${Math.round(bytes / 1e6)} MB`,
    rows,
  };
}
