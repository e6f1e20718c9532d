// npm run bench -- [--quick] [--rounds N] [--only PART]...   PART: micro, e2e, or one of the groups (sha256, layers, …)
// Writes bench/results/latest.json and latest.html, and the table in README.md (not with --quick or --only).
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { endToEnd } from './e2e/index.mjs';
import { unmountBelow } from './e2e/peers.mjs';
import { load, machine } from './harness/machine.mjs';
import { bookkeeping } from './micro/bookkeeping.mjs';
import { codecs } from './micro/codecs.mjs';
import { layers } from './micro/layer.mjs';
import { sha256 } from './micro/sha256.mjs';
import { tar } from './micro/tar.mjs';
import { bars } from './report/bars.mjs';
import { html } from './report/html.mjs';
import { table, writeReadme } from './report/table.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    // In place of a temporary directory: which file system is measured can matter.
    scratch: { type: 'string', default: '/var/tmp' },
    // How often each builder does each work; --quick: once.
    rounds: { type: 'string', default: '5' },
    // Writes the table of an --only run too.
    readme: { type: 'boolean', default: false },
  },
});

const GROUPS = [
  ['sha256', 'micro', sha256],
  ['layers', 'micro', layers],
  ['tar', 'micro', tar],
  ['codecs', 'micro', codecs],
  ['bookkeeping', 'micro', bookkeeping],
  ['builds', 'e2e', endToEnd],
];
/** These use the trees that `layers` makes. */
const USES_TREES = new Set(['tar', 'codecs', 'bookkeeping']);

function wanted() {
  const { only } = values;
  if (only === undefined) return GROUPS;
  const named = GROUPS.filter(([id, part]) => only.includes(id) || only.includes(part));
  if (named.length === 0)
    throw new Error(`--only takes micro, e2e or ${GROUPS.map(([id]) => id).join(', ')}`);
  const needsTrees = named.some(([id]) => USES_TREES.has(id)) && !named.some(([id]) => id === 'layers');
  return needsTrees ? GROUPS.filter(group => group[0] === 'layers' || named.includes(group)) : named;
}

async function measure(groups, dir) {
  const measured = [];
  for (const [id, , run] of groups) {
    console.error(`bench: ${id} (load ${load()}, after ${seconds()} s)`);
    measured.push(await run({ quick: values.quick, dir, buildRounds }));
    console.log(table([measured.at(-1)]));
  }
  return measured;
}

const started = Date.now();
const seconds = () => Math.round((Date.now() - started) / 1000);
const dir = mkdtempSync(join(values.scratch, 'shale-bench-'));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
process.on('exit', () => {
  unmountBelow(dir);
  rmSync(dir, { recursive: true, force: true });
});
const buildRounds = values.quick ? 1 : Number(values.rounds);
const report = {
  date: new Date(started).toISOString(),
  quick: values.quick,
  buildRounds,
  machine: machine(),
};
report.groups = await measure(wanted(), dir);
report.loadAtEnd = load();
report.seconds = seconds();
report.bars = bars(report.groups);

const results = join(root, 'bench/results');
mkdirSync(results, { recursive: true });
writeFileSync(join(results, 'latest.json'), `${JSON.stringify(report, null, 2)}\n`);
writeFileSync(join(results, 'latest.html'), html(report));
if (values.readme || (!values.quick && values.only === undefined))
  writeReadme(join(root, 'README.md'), report);
for (const { work, bar, measured, met } of report.bars)
  console.log(`${met === undefined ? '·' : met ? '✓' : '✗'} ${work}: ${measured} (bar: ${bar})`);
console.log(
  `${report.seconds} s, load ${report.machine.load} to ${report.loadAtEnd}; bench/results/latest.html`,
);
