import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { scratch } from '../fixtures/engines.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const core = join(here, '../../native/core');
const sources = readdirSync(core).filter(name => name.endsWith('.c'));

t.test('the C core gives the known answers, sanitizers watching', async t => {
  const program = join(scratch(t), 'core_test');
  const flags = [
    '-std=gnu11',
    '-O1',
    '-g',
    '-Wall',
    '-Wextra',
    '-fsanitize=address,undefined',
    '-fno-sanitize-recover=all',
  ];
  const files = [join(here, 'core_test.c'), ...sources.map(name => join(core, name))];
  const built = spawnSync('cc', [...flags, `-I${core}`, ...files, '-o', program], { encoding: 'utf8' });
  t.equal(built.stderr, '', 'compiles without a warning');
  const run = spawnSync(program, [], { encoding: 'utf8' });
  t.equal(run.status, 0, `${run.stdout}${run.stderr}`);
  t.match(run.stdout, / 0 failures/);
});
