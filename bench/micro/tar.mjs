// The tar format alone: writing into a file, and reading every entry, of 20,000 small files.
import { createReadStream, createWriteStream, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline as pipe } from 'node:stream/promises';
import tarStream from 'tar-stream';
import { compare } from '../harness/measure.mjs';
import { engines, pipeline } from './layer.mjs';

async function packWithTarStream(root, to) {
  const pack = tarStream.pack();
  const written = pipe(pack, createWriteStream(to));
  for (const name of readdirSync(root, { recursive: true }).sort()) {
    const stat = statSync(join(root, name));
    const header = {
      name,
      mode: stat.mode & 0o7777,
      mtime: stat.mtime,
      type: stat.isDirectory() ? 'directory' : 'file',
    };
    if (stat.isDirectory()) pack.entry(header);
    else pack.entry(header, readFileSync(join(root, name)));
  }
  pack.finalize();
  await written;
}

async function readWithTarStream(tar) {
  const extract = tarStream.extract();
  extract.on('entry', (_header, stream, next) => {
    stream.on('end', next);
    stream.resume();
  });
  await pipe(createReadStream(tar), extract);
}

/** @param {{ quick: boolean, dir: string }} options `dir`: where `layers` has made its trees */
export async function tar({ quick, dir }) {
  const root = join(dir, 'small');
  const made = join(dir, 'made.tar');
  const kept = join(dir, 'kept.tar');
  const remove = () => rmSync(made, { force: true });
  await packWithTarStream(root, kept);
  const bytes = statSync(kept).size;
  const rounds = quick ? 2 : 5;
  const writers = [
    ...(await engines(['writeLayer', { kind: 'tree', root }, { tarPath: made }], remove)),
    { name: 'tar-stream', before: remove, run: () => packWithTarStream(root, made) },
    pipeline('GNU tar -c', 'tar -C "$1" -cf "$2" .', [root, made], remove),
  ];
  const readers = [
    ...(await engines(['applyLayer', { blobPath: kept, compression: 'none' }])),
    { name: 'tar-stream', run: () => readWithTarStream(kept) },
    pipeline('GNU tar -t', 'tar -tvf "$1" > /dev/null', [kept]),
  ];
  const rows = [
    await compare({
      input: 'write, with diffID and index where it is ours',
      bytes,
      rounds,
      peersPeak: !quick,
      subjects: writers,
    }),
    await compare({
      input: 'read, with diffID and index where it is ours',
      bytes,
      rounds,
      peersPeak: !quick,
      subjects: readers,
    }),
  ];
  remove();
  rmSync(kept);
  return { id: 'tar', part: 'micro', title: 'tar: 20,000 small files', rows };
}
