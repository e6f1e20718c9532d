// Prints what failed and was skipped of a TAP file, and one closing line: `N passed, N failed, N skipped`.
// In CI a skipped test is a failure: whatever it lacked is for .ci/run to install.
import { readFileSync } from 'node:fs';

const lines = readFileSync(process.argv[2], 'utf8').split('\n');
const count = { pass: 0, fail: 0, skip: 0, todo: 0 };
const totals = lines.findLast(line => line.startsWith('# { total:')) ?? '';
for (const [, name, number] of totals.matchAll(/(pass|fail|skip|todo): (\d+)/g)) count[name] = Number(number);

const trail = [];
let diagnostics = 0;
for (const line of lines) {
  const [, indent, rest] = line.match(/^( *)(.*)$/);
  const depth = indent.length / 4;
  if (rest.startsWith('# Subtest: ')) {
    trail.length = Math.max(0, Math.floor(depth));
    trail.push(rest.slice(11));
  }
  const failed = /^not ok \d+ - (.*)/.exec(rest);
  if (failed && !/# TODO/.test(rest)) {
    console.log(`FAILED ${[...trail.slice(0, Math.floor(depth)), failed[1]].join(' > ')}`);
    diagnostics = 40;
  } else if (/^ok \d+ - .*# SKIP/.test(rest)) {
    console.log(
      `SKIPPED ${[...trail.slice(0, Math.floor(depth)), rest.replace(/^ok \d+ - /, '')].join(' > ')}`,
    );
  } else if (diagnostics > 0) {
    diagnostics -= 1;
    if (/^(ok|# Subtest)/.test(rest)) diagnostics = 0;
    else console.log(`    ${rest}`);
  }
}

// The suite has to stay quick: this is where to look.
const files = lines.flatMap(line => {
  const [, file, time] = /^(?:not )?ok \d+ - (\S+) # time=([\d.]+)ms/.exec(line) ?? [];
  return file === undefined ? [] : [{ file, seconds: Number(time) / 1000 }];
});
const slowest = files.sort((a, b) => b.seconds - a.seconds).slice(0, 8);
if (files.length > 8)
  console.log(`slowest: ${slowest.map(({ file, seconds }) => `${file} ${seconds.toFixed(0)} s`).join(', ')}`);

const failures = count.fail + count.todo;
console.log(`${count.pass} passed, ${failures} failed, ${count.skip} skipped`);
if (failures > 0 || count.pass === 0 || (process.env.CI && count.skip > 0)) process.exit(1);
