// sha256 kernels on one core, from 64 bytes on, and as batches of small inputs.
import { createHash } from 'node:crypto';
import { createSHA256 } from 'hash-wasm';
import { WasmCore } from '../../dist/layer/wasm/core.js';
import { WasmSha256 } from '../../dist/layer/wasm/sha256.js';
import { WasmSha256Many } from '../../dist/layer/wasm/sha256-many.js';
import { loadAddon } from '../../dist/util/addon.js';
import { compare } from '../harness/measure.mjs';

const CHUNK = 1 << 20;
const MIB = 1 << 20;

/** Inputs beyond this are one buffer hashed again and again: it is the stream that is long. */
function* chunks(size, buffer) {
  for (let left = size; left > 0; left -= CHUNK) yield left < CHUNK ? buffer.subarray(0, left) : buffer;
}

function wasm(variant) {
  const one = new WasmSha256(WasmCore.load(variant));
  const many = new WasmSha256Many(WasmCore.load(variant));
  return {
    name: `WASM, ${variant === 'simd' ? 'SIMD' : 'plain'}`,
    ours: true,
    hash: parts => stream(one.reset(), parts).digest(),
    hashAll: inputs => {
      for (const input of inputs) {
        if (many.add(input)) continue;
        many.digests();
        many.add(input);
      }
      return many.digests();
    },
  };
}

function stream(hash, parts) {
  for (const part of parts) hash.update(part);
  return hash;
}

/** name, a function that hashes all the chunks of one input, and one for many small inputs where there is one */
async function kernels() {
  const peer = await createSHA256();
  const { addon } = loadAddon();
  const native = addon && {
    name: 'native',
    ours: true,
    hash: parts => addon.sha256([...parts]),
    hashAll: inputs => addon.sha256Many(inputs),
  };
  return [
    ...(native ? [native] : []),
    wasm('simd'),
    wasm('plain'),
    { name: 'hash-wasm', hash: parts => stream(peer.init(), parts).digest() },
    { name: 'node:crypto', hash: parts => stream(createHash('sha256'), parts).digest() },
  ];
}

async function oneStream(size, all, { rounds, seconds }) {
  const buffer = Buffer.alloc(CHUNK, 'shale');
  // Of what takes seconds, one call is one sample.
  const long = size > 16 * MIB;
  const subjects = all.map(({ name, ours, hash }) => ({
    name,
    ours,
    [long ? 'run' : 'sync']: long ? async () => hash(chunks(size, buffer)) : () => hash(chunks(size, buffer)),
  }));
  return compare({
    input: label(size),
    bytes: size,
    rounds: long ? 3 : rounds,
    seconds,
    warmUp: !long,
    subjects,
  });
}

/** Many inputs of the same size, one digest each. */
async function batch(size, count, all, { rounds, seconds }) {
  const inputs = Array.from({ length: count }, (_, i) => Buffer.alloc(size, i));
  const subjects = all.map(({ name, ours, hash, hashAll }) => ({
    name,
    ours,
    sync: hashAll === undefined ? () => inputs.forEach(input => void hash([input])) : () => hashAll(inputs),
  }));
  return compare({ input: `${count} × ${label(size)}`, bytes: size * count, rounds, seconds, subjects });
}

const label = size =>
  size >= 1 << 30
    ? `${size >> 30} GiB`
    : size >= MIB
      ? `${size / MIB} MiB`
      : size >= 1024
        ? `${size / 1024} KiB`
        : `${size} B`;

export async function sha256({ quick }) {
  const all = await kernels();
  const sizes = [64, 1024, 16 * 1024, MIB, ...(quick ? [16 * MIB] : [64 * MIB, 1 << 30])];
  const effort = quick ? { rounds: 2, seconds: 0.05 } : { rounds: 5, seconds: 0.3 };
  const rows = [];
  for (const size of sizes) rows.push(await oneStream(size, all, effort));
  rows.push(await batch(4096, 256, all, effort));
  return { id: 'sha256', part: 'micro', title: 'sha256, one core', rows };
}
