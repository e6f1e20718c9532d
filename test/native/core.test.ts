import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { scratch } from '../fixtures/engines.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const core = join(here, '../../native/core');
const sources = readdirSync(core).filter(name => name.endsWith('.c'));
const programs = ['core_test', 'sha256_test'];
const warnings = ['-std=gnu11', '-g', '-Wall', '-Wextra', '-Werror'];

function build(t: Test, compiler: string, name: string, flags: string[]): string {
  const program = join(scratch(t), name);
  const files = [join(here, `${name}.c`), ...sources.map(source => join(core, source))];
  const args = [...warnings, ...flags, `-I${core}`, ...files, '-o', program];
  const { stderr } = spawnSync(compiler, args, { encoding: 'utf8' });
  t.equal(stderr, '', 'compiles without a warning');
  return program;
}

function judge(t: Test, command: string, args: string[], env = {}): string {
  const run = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, ...env } });
  t.equal(run.status, 0, `${run.stdout}${run.stderr}`);
  t.match(run.stdout, /^0 failures$/m);
  return run.stdout;
}

for (const name of programs) {
  t.test(`${name}: the C core gives the known answers, sanitizers watching`, async t => {
    const flags = ['-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
    judge(t, build(t, 'cc', name, flags), []);
  });
}

const CROSS = 'aarch64-linux-gnu-gcc';
const QEMU = 'qemu-aarch64-static';
const missing = [CROSS, QEMU].filter(tool => spawnSync(tool, ['--version']).status !== 0);
const skip = missing.length > 0 && `not on this machine: ${missing.join(', ')} (scripts/setup.sh test)`;

t.test('ARM 64: the same answers, with the CPU instructions of ARMv8', { skip }, async t => {
  for (const name of programs) {
    const output = judge(t, QEMU, [build(t, CROSS, name, ['-O2', '-static'])]);
    if (name === 'sha256_test') t.match(output, /^armv8\n(.*\n)*armv8, 2 lanes$/m, 'its kernels were tried');
  }
});
