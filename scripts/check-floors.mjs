// Holds the house's rule: imports only go down the floors, and never round in a circle.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const lib = join(dirname(fileURLToPath(import.meta.url)), '..', 'lib');
const FLOORS = [
  ['util'],
  ['oci', 'dockerfile', 'template'],
  ['layer'],
  ['store'],
  ['context', 'registry'],
  ['sandbox'],
  ['image'],
  ['build', 'container'],
  ['api'],
  ['index.ts'],
  ['cli'],
];
const floorOf = new Map(FLOORS.flatMap((names, floor) => names.map(name => [name, floor])));

const files = readdirSync(lib, { recursive: true }).filter(file => file.endsWith('.ts'));
const problems = [];
const graph = new Map();

for (const file of files) {
  const room = file.split('/')[0];
  const floor = floorOf.get(room);
  if (floor === undefined)
    problems.push(
      `lib/${file}: lies on no floor; add its folder to ${relative(process.cwd(), import.meta.url.slice(7))}`,
    );
  const text = readFileSync(join(lib, file), 'utf8');
  const targets = [];
  for (const [statement, target] of text.matchAll(
    /^(?:import|export)\s[^;]*?from\s+'(\.[^']+)'|import\('(\.[^']+)'\)/gm,
  )) {
    const specifier = target ?? statement.match(/'(\.[^']+)'/)[1];
    const path = normalize(join(dirname(file), specifier)).replace(/\.js$/, '.ts');
    const targetRoom = path.split('/')[0];
    const targetFloor = floorOf.get(targetRoom);
    if (targetFloor === undefined || (targetRoom !== room && targetFloor >= floor)) {
      problems.push(`lib/${file}: imports ${path}, which is not on a floor below`);
    }
    if (!/^(import|export) type /.test(statement)) targets.push(path);
  }
  graph.set(file, targets);
}

const state = new Map();
function visit(file, trail) {
  if (state.get(file) === 'done') return;
  if (state.get(file) === 'open') {
    problems.push(`import cycle: ${[...trail.slice(trail.indexOf(file)), file].join(' -> ')}`);
    return;
  }
  state.set(file, 'open');
  for (const target of graph.get(file) ?? []) visit(target, [...trail, file]);
  state.set(file, 'done');
}
for (const file of files) visit(file, []);

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(`floors: ${files.length} files, imports only go down, no cycles`);
