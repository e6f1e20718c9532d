// For binding.gyp: are libdeflate and libzstd there to build the addon with, and how are they linked?
// Prints `yes` or `no`; with --libraries, the arguments of the linker: static archives where they are installed
// as position-independent code, so that the addon runs on machines that have neither.
import { spawnSync } from 'node:child_process';
import { isAbsolute, join } from 'node:path';

const LIBRARIES = ['deflate', 'zstd'];

const compiler = (process.env.CC ?? 'cc').split(' ');

function compile(source, ...args) {
  const [command, ...first] = compiler;
  return (
    spawnSync(command, [...first, '-x', 'c', '-', '-c', '-o', '/dev/null', ...args], { input: source })
      .status === 0
  );
}

/** True when the archive's code may stand in a shared object; Debian's libzstd.a may not. */
function isPositionIndependent(archive) {
  const [command, ...first] = compiler;
  const args = ['-shared', '-o', '/dev/null', '-Wl,--whole-archive', archive, '-Wl,--no-whole-archive'];
  return spawnSync(command, [...first, ...args], { stdio: 'ignore' }).status === 0;
}

/** The static archive, from SHALE_LIBRARIES or where the compiler finds it usable, or the flag for the shared library. */
function linkArgument(name) {
  const own = join(process.env.SHALE_LIBRARIES ?? '', 'lib', `lib${name}.a`);
  if (isAbsolute(own)) return own;
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
