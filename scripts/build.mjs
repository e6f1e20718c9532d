// Builds everything: TypeScript to dist/ (and what is a program into single files), the C core to WASM, and the addon and runner with node-gyp.
// Without a C++ compiler the rest still works: the WASM engine takes over, RUN goes through an OCI runtime.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeHeaders } from './node-headers.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const only = new Set(process.argv.slice(2));
const wants = part => only.size === 0 || only.has(part);

function run(command, args, env = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  return result.status === 0;
}

function has(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}

function buildNative() {
  if (!has('c++') || !has('make')) {
    console.error(
      'build: no C++ compiler and make found (Debian: g++ make): native engine and runner left out, the fallbacks are used',
    );
    return true;
  }
  const dir = nodeHeaders();
  const gyp = join(root, 'node_modules/node-gyp/bin/node-gyp.js');
  const args = [
    gyp,
    '--jobs=max',
    existsSync(join(root, 'build/Makefile')) && unchanged() ? 'build' : 'rebuild',
  ];
  if (dir) args.push(`--nodedir=${dir}`);
  return run(process.execPath, args, { npm_config_loglevel: 'error' });
}

/** True when binding.gyp is older than the generated makefile, so that an incremental build is right. */
function unchanged() {
  return spawnSync('test', ['build/Makefile', '-nt', 'binding.gyp'], { cwd: root }).status === 0;
}

let ok = true;
if (wants('ts'))
  ok =
    run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json']) &&
    run(process.execPath, [join(root, 'scripts/bundle.mjs')]) &&
    ok;
if (wants('wasm') && existsSync(join(root, 'wasm/build.mjs')))
  ok = run(process.execPath, [join(root, 'wasm/build.mjs')]) && ok;
if (wants('native')) ok = buildNative() && ok;
mkdirSync(join(root, 'dist'), { recursive: true });
if (!ok) process.exit(1);
console.log(`shale ${JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version} built`);
