// Compiles native/core to WebAssembly, with and without SIMD. The compiler is an npm package (clang as WebAssembly),
// so this needs no toolchain, and gives the same bytes on every machine.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runClang } from '@yowasp/clang';

const here = dirname(fileURLToPath(import.meta.url));
const core = join(here, '..', 'native', 'core');

// The kernels for x86 and ARM instructions stay out.
const isForWasm = name => name !== 'sha256_hardware.c';

function readTree(dir, names) {
  return Object.fromEntries(names.map(name => [name, readFileSync(join(dir, name), 'utf8')]));
}

const files = {
  core: readTree(
    core,
    readdirSync(core).filter(name => /\.[ch]$/.test(name) && isForWasm(name)),
  ),
  wasm: readTree(
    here,
    readdirSync(here).filter(name => /\.[ch]$/.test(name)),
  ),
};

const sources = Object.entries(files).flatMap(([dir, tree]) =>
  Object.keys(tree)
    .filter(name => name.endsWith('.c'))
    .map(name => `${dir}/${name}`),
);

const FLAGS = [
  '--target=wasm32-unknown-unknown',
  '-nostdlib',
  '-ffreestanding',
  '-O3',
  '-std=gnu11',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-mbulk-memory',
  '-Icore',
  '-Wl,--no-entry',
  '-Wl,--strip-all',
  '-Wl,-z,stack-size=262144',
  '-Wl,--max-memory=1073741824',
];

async function build(name, flags) {
  const args = ['clang', ...FLAGS, ...flags, ...sources, '-o', name];
  const out = await runClang(args, files, { stderr: bytes => bytes && process.stderr.write(bytes) });
  writeFileSync(join(here, name), out[name]);
  console.log(`wasm/${name}: ${out[name].length} bytes`);
}

await build('shale.wasm', []);
await build('shale-simd.wasm', ['-msimd128']);
