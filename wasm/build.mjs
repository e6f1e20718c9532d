// Compiles native/core (with and without SIMD) and libzstd to WebAssembly. The compiler is an npm package (clang as
// WebAssembly), so this needs no toolchain, and gives the same bytes on every machine.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runClang } from '@yowasp/clang';
import { zstdSource } from './zstd/source.mjs';

const here = dirname(fileURLToPath(import.meta.url));

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
  '-Ishared',
  '-Wl,--no-entry',
  '-Wl,--strip-all',
  '-Wl,-z,stack-size=262144',
];

/** @returns {Record<string, string>} the C files of a directory that `keep` takes, by name */
function sourcesIn(dir, keep = () => true) {
  const names = readdirSync(dir).filter(name => /\.[ch]$/.test(name) && keep(name));
  return Object.fromEntries(names.map(name => [name, readFileSync(join(dir, name), 'utf8')]));
}

function unitsOf(tree, path = '') {
  return Object.entries(tree).flatMap(([name, content]) => {
    const at = path === '' ? name : `${path}/${name}`;
    if (typeof content !== 'string') return unitsOf(content, at);
    return name.endsWith('.c') ? [at] : [];
  });
}

async function compile(name, files, flags) {
  const args = ['clang', ...FLAGS, ...flags, ...unitsOf(files), '-o', name];
  const out = await runClang(args, files, { stderr: bytes => bytes && process.stderr.write(bytes) });
  writeFileSync(join(here, name), out[name]);
  console.log(`wasm/${name}: ${out[name].length} bytes`);
}

const shared = sourcesIn(join(here, 'shared'));

async function buildCore() {
  const files = {
    shared,
    exports: sourcesIn(join(here, 'core')),
    // The kernels for x86 and ARM instructions stay out.
    core: sourcesIn(join(here, '../native/core'), name => name !== 'sha256_hardware.c'),
  };
  const flags = ['-Icore', '-Wl,--max-memory=1073741824'];
  await compile('shale.wasm', files, flags);
  await compile('shale-simd.wasm', files, [...flags, '-msimd128']);
}

// Half a minute of work for sources that do not change: only when something here is newer than what was made.
function zstdIsBuilt() {
  const inputs = ['.', 'shared', 'zstd'].flatMap(dir =>
    readdirSync(join(here, dir))
      .filter(name => /\.(c|h|mjs)$/.test(name))
      .map(name => join(here, dir, name)),
  );
  const made = join(here, 'zstd.wasm');
  return existsSync(made) && inputs.every(input => statSync(input).mtimeMs <= statSync(made).mtimeMs);
}

async function buildZstd() {
  const source = zstdSource();
  // Threads are for those who have them.
  const keep = name => !['threading.c', 'pool.c', 'zstdmt_compress.c'].includes(name);
  const files = { shared, exports: sourcesIn(join(here, 'zstd')), zstd: sourcesIn(source) };
  for (const dir of ['common', 'compress', 'decompress'])
    files.zstd[dir] = sourcesIn(join(source, dir), keep);
  await compile('zstd.wasm', files, [
    '-Iexports',
    '-Izstd',
    '-DZSTD_DISABLE_ASM',
    '-DZSTD_TRACE=0',
    '-DZSTD_LEGACY_SUPPORT=0',
    // a window of 128 MiB, and what compression needs at level 19
    '-Wl,--max-memory=268435456',
  ]);
}

await buildCore();
if (!zstdIsBuilt()) await buildZstd();
