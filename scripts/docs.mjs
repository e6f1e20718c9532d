// Writes a page for every command, from the tables that `--help` shows: dist/docs/commands/*.md and dist/man/man1/*.1.
// node scripts/docs.mjs (after a build)
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const load = file => import(join(root, 'dist/cli', file));
const [{ COMMANDS }, { GLOBALS }, manual, { version }] = await Promise.all(
  ['registry.js', 'globals.js', 'manual.js', 'version.js'].map(load),
);

const pages = join(root, 'dist/docs/commands');
const man = join(root, 'dist/man/man1');
for (const directory of [pages, man]) {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
}
const own = await version();
for (const { name, load: loadCommand } of COMMANDS) {
  const command = await loadCommand();
  const page = manual.pageName(name);
  await writeFile(join(pages, `${page}.md`), manual.markdownPage(command));
  await writeFile(join(man, `${page}.1`), manual.manPage(command, GLOBALS, own));
}
await writeFile(join(pages, 'README.md'), manual.markdownIndex(COMMANDS));
await writeFile(join(man, 'shale.1'), manual.manIndex(COMMANDS, GLOBALS, own));
console.log(`docs: ${COMMANDS.length} commands`);
