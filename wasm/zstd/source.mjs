// The sources of libzstd, out of an npm package that carries them: what can be installed from the registry can be built
// without any other place. Nothing of the package is run.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGE = 'zstd-napi@0.0.13';
const INTEGRITY =
  'sha512-ErGF+Ko1PsbooU6oC/sc/diiWKwVa0kd/5AkFSs7kg5kwcEuOtSzOy3xUOadXQlAVNab9TxsxaUk3hOq3cj/lA==';
const cache = join(dirname(fileURLToPath(import.meta.url)), '../../node_modules/.cache/shale');

function run(command, args) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return;
  throw new Error(`wasm: ${command} ${args[0]} of ${PACKAGE} failed: ${error?.message ?? stderr.trim()}`);
}

function verify(file) {
  const found = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
  if (found !== INTEGRITY) throw new Error(`wasm: ${PACKAGE} is not what it was: its digest is ${found}`);
}

/** @returns {string} the directory `lib` of libzstd; fetched once */
export function zstdSource() {
  const kept = join(cache, PACKAGE);
  const lib = join(kept, 'package/deps/zstd/lib');
  if (existsSync(lib)) return lib;
  mkdirSync(cache, { recursive: true });
  const made = mkdtempSync(join(cache, 'fetch-'));
  try {
    run('npm', ['pack', PACKAGE, '--silent', '--pack-destination', made]);
    const [archive] = readdirSync(made);
    verify(join(made, archive));
    run('tar', ['-xzf', join(made, archive), '-C', made, 'package/deps/zstd/lib']);
    rmSync(kept, { recursive: true, force: true });
    renameSync(made, kept);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  return lib;
}
