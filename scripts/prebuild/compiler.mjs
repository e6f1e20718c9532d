// The cross compiler: Zig's clang with headers and C libraries for every target, from npm, and the wrappers that make
// it look like `cc` and `c++` to build tools.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));

/** The C library's oldest version that the addon must run with: Debian 10's and RHEL 8's. */
const GLIBC = '2.28';

/** `x86_64-unknown-linux-gnu`, as package.json has it, in the compiler's words. */
export function compilerTarget(target) {
  const [cpu, , system, libc] = target.split('-');
  return `${cpu}-${system}-${libc}${libc === 'gnu' ? `.${GLIBC}` : ''}`;
}

/** Installs the compiler into `directory`, from the lock file beside this one. */
export function installCompiler(directory) {
  const zig = join(directory, 'node_modules', '.bin', 'zig');
  if (existsSync(zig)) return zig;
  mkdirSync(directory, { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) cpSync(join(HERE, name), join(directory, name));
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: directory });
  return zig;
}

/** Writes `cc`, `c++`, `ar` and `ranlib` for a target into `directory`, and returns the variables that name them. */
export function writeWrappers(zig, target, directory, flags) {
  mkdirSync(directory, { recursive: true });
  // Its own C++ library is full of warnings that are not ours to mend.
  const quiet = '-Wno-nullability-completeness';
  const wrappers = {
    cc: `cc -target ${compilerTarget(target)} ${flags}`,
    'c++': `c++ -target ${compilerTarget(target)} ${quiet} ${flags}`,
    ar: 'ar',
    ranlib: 'ranlib',
  };
  for (const [name, words] of Object.entries(wrappers)) {
    const path = join(directory, name);
    writeFileSync(path, `#!/bin/sh\nexec '${zig}' ${words} "$@"\n`);
    chmodSync(path, 0o755);
  }
  const path = name => join(directory, name);
  return { CC: path('cc'), CXX: path('c++'), AR: path('ar'), RANLIB: path('ranlib') };
}

/** Runs a program; its output is shown only where it fails. */
export function run(command, args, options = {}) {
  const { env = {}, ...rest } = options;
  const result = spawnSync(command, args, {
    ...rest,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  if (result.status === 0) return result.stdout;
  throw new Error(`${command} ${args.join(' ')}\n${result.stdout}${result.stderr}${result.error ?? ''}`);
}
