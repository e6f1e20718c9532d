// Builds the addon and the runner of platform packages, with libdeflate, libzstd and libseccomp linked statically:
//   prebuild/index.mjs OUTPUT             for this machine, by its own compiler
//   prebuild/index.mjs OUTPUT TARGET...   for any of package.json's `napi.targets`, or `all`, by a cross compiler from npm
// OUTPUT receives shale.PLATFORM.node, as @napi-rs/cli looks for it, and shale-runner.PLATFORM.
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeHeaders } from '../node-headers.mjs';
import { installCompiler, run, writeWrappers } from './compiler.mjs';
import { buildLibraries } from './libraries.mjs';
import { CPUS, platformOf } from './platforms.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const SCRATCH = join(ROOT, 'build', 'prebuild');
const SOURCES = join(SCRATCH, 'sources');

/** Builds with node-gyp in a copy of the sources, so that the machine's own build stays as it is. */
function buildWithGyp(target, tools, prefix) {
  const tree = join(prefix, 'tree');
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree, { recursive: true });
  for (const name of ['native', 'scripts', 'binding.gyp', 'package.json'])
    cpSync(join(ROOT, name), join(tree, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  const headers = nodeHeaders();
  const args = [
    join(ROOT, 'node_modules/node-gyp/bin/node-gyp.js'),
    ...['--jobs=max', `--arch=${CPUS[target.split('-')[0]]}`, ...(headers ? [`--nodedir=${headers}`] : [])],
    'rebuild',
  ];
  run(process.execPath, args, {
    cwd: tree,
    env: { ...tools, LINK: tools.CXX, LDFLAGS: '-Wl,-s', SHALE_LIBRARIES: prefix },
  });
  return join(tree, 'build', 'Release');
}

function prebuild(target, makeTools, output) {
  const prefix = join(SCRATCH, makeTools === ownTools ? 'own' : target);
  const tools = makeTools(target, prefix);
  buildLibraries(SOURCES, tools, prefix);
  const release = buildWithGyp(target, tools, prefix);
  const platform = platformOf(target);
  copyFileSync(join(release, 'shale.node'), join(output, `shale.${platform}.node`));
  copyFileSync(join(release, 'shale-runner'), join(output, `shale-runner.${platform}`));
  console.log(`prebuild: ${platform}`);
}

function crossTools(target, prefix) {
  const zig = installCompiler(join(SCRATCH, 'compiler'));
  return writeWrappers(zig, target, join(prefix, 'bin'), compilerFlags(prefix));
}

function ownTools(_target, prefix) {
  return {
    CC: `cc ${compilerFlags(prefix)}`,
    CXX: `c++ ${compilerFlags(prefix)}`,
    AR: 'ar',
    RANLIB: 'ranlib',
  };
}

function compilerFlags(prefix) {
  return `-I${prefix}/include -L${prefix}/lib`;
}

/** This machine, in the words of `napi.targets`. */
function ownTarget() {
  const [cpu] = Object.entries(CPUS).find(([, name]) => name === process.arch) ?? [];
  const libc = process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'gnu';
  return `${cpu}-unknown-linux-${libc}`;
}

const [output, ...chosen] = process.argv.slice(2);
if (output === undefined) {
  console.error('usage: prebuild/index.mjs OUTPUT [all | TARGET...]');
  process.exit(2);
}
mkdirSync(output, { recursive: true });
mkdirSync(SCRATCH, { recursive: true });
run('bash', [join(ROOT, 'scripts/prebuild/sources.sh'), SOURCES]);
if (chosen.length === 0) {
  prebuild(ownTarget(), ownTools, resolve(output));
} else {
  const { napi } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const target of chosen[0] === 'all' ? napi.targets : chosen)
    prebuild(target, crossTools, resolve(output));
}
