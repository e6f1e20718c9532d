// For binding.gyp: are libdeflate and libzstd there to build the addon with, and how are they linked?
// Prints `yes` or `no`; with --libraries, the arguments of the linker: static archives where they are installed
// as position-independent code, so that the addon runs on machines that have neither.
import { spawnSync } from 'node:child_process';
import { isAbsolute } from 'node:path';

const LIBRARIES = ['deflate', 'zstd'];

const compiler = (process.env.CC ?? 'cc').split(' ');

function compile(source, ...args) {
  const [command, ...first] = compiler;
  return (
    spawnSync(command, [...first, '-x', 'c', '-', '-fsyntax-only', ...args], { input: source }).status === 0
  );
}

/** True when the archive's code may stand in a shared object; Debian's libzstd.a may not. */
function isPositionIndependent(archive) {
  const [command, ...first] = compiler;
  const args = ['-shared', '-o', '/dev/null', '-Wl,--whole-archive', archive, '-Wl,--no-whole-archive'];
  return spawnSync(command, [...first, ...args], { stdio: 'ignore' }).status === 0;
}

/** The path of the static archive where it can be used, or the flag for the shared library. */
function linkArgument(name) {
  const [command, ...first] = compiler;
  const printed = spawnSync(command, [...first, `-print-file-name=lib${name}.a`], { encoding: 'utf8' });
  const path = (printed.stdout ?? '').trim();
  return isAbsolute(path) && isPositionIndependent(path) ? path : `-l${name}`;
}

const found = compile('#include <libdeflate.h>\n#include <zstd.h>\n');
if (process.argv.includes('--libraries')) {
  if (found) console.log(LIBRARIES.map(linkArgument).join('\n'));
} else {
  if (!found) {
    console.error(
      'build: libdeflate and libzstd are needed to build the native engine (Debian: libdeflate-dev libzstd-dev): left out, the WASM engine is used',
    );
  }
  console.log(found ? 'yes' : 'no');
}
