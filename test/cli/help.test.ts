import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { EXAMPLES } from '../../lib/cli/examples.js';
import { parseFlags } from '../../lib/cli/flags.js';
import { GLOBALS } from '../../lib/cli/globals.js';
import { commandHelp } from '../../lib/cli/help.js';
import { examplesOf, manIndex, manPage, markdownPage, pageName } from '../../lib/cli/manual.js';
import { COMMANDS, findCommand } from '../../lib/cli/registry.js';

/** Where the shell's part of an example begins. */
const SHELL = /^(?:[|>]|\|\||[$<]\(.*|.*\))$/;

t.test('every command says what it is, how it is written, and shows it', async t => {
  for (const { name, summary, aliases, load } of COMMANDS) {
    const command = await load();
    t.equal(command.name, name);
    t.equal(command.summary, summary, `${name}: one summary`);
    t.strictSame(command.aliases ?? [], aliases ?? [], `${name}: the same aliases`);
    const help = commandHelp(command, GLOBALS);
    t.ok(help.startsWith(`Usage:  shale ${name} [OPTIONS]`), `${name}: usage`);
    t.ok(help.includes(`\n${summary}\n`), `${name}: summary`);
    t.match(help, /\nExamples:\n {2}\S/, `${name}: examples`);
    for (const flag of command.flags) t.ok(flag.hidden || flag.help !== '', `${name} --${flag.name}: help`);
    const names = command.flags.map(flag => flag.name);
    t.equal(new Set(names).size, names.length, `${name}: no flag twice`);
    const letters = command.flags.flatMap(flag => flag.short ?? []);
    t.equal(new Set(letters).size, letters.length, `${name}: no letter twice`);
  }
  t.strictSame(
    Object.keys(EXAMPLES).filter(name => !COMMANDS.some(command => command.name === name)),
    [],
    'no examples of commands that there are not',
  );
});

t.test('the examples are lines that the command takes', async t => {
  const shown = new Set<string>();
  for (const { name, load } of COMMANDS) {
    for (const example of examplesOf(await load())) {
      const words = shellWords(example);
      const start = words.findIndex(word => /^(?:[<$]\()?shale$/.test(word)) + 1;
      const { operands } = parseFlags(GLOBALS, words.slice(start), false);
      const found = await findCommand(operands);
      if (!t.ok(found, example) || found === undefined) continue;
      if (found.command.name === name) shown.add(name);
      const end = found.rest.findIndex(word => SHELL.test(word));
      const rest = end < 0 ? found.rest : found.rest.slice(0, end);
      t.doesNotThrow(
        () => parseFlags(found.command.flags, rest, found.command.interspersed ?? true),
        example,
      );
    }
  }
  t.strictSame(
    COMMANDS.map(({ name }) => name).filter(name => !shown.has(name)),
    [],
    'each is in an example of its own',
  );
});

/** Words of a line, quotes taken off: as much of a shell as the examples use. */
function shellWords(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) => word.replace(/['"]/g, ''));
}

t.test('pages', async t => {
  const groff = existsSync('/usr/bin/groff');
  if (!groff) t.fail('needs groff');
  for (const { name, load } of COMMANDS) {
    const command = await load();
    const markdown = markdownPage(command);
    t.ok(markdown.startsWith(`# shale ${name}\n`) && markdown.includes('## Examples'), `${name}: Markdown`);
    const page = manPage(command, GLOBALS, '1.2.3');
    const title = pageName(name).toUpperCase().replaceAll('-', '\\-');
    t.ok(page.startsWith(`.TH "${title}" 1 `), `${name}: title`);
    t.notMatch(page, /^['.](?!TH|SH|TP|BR|nf|fi)/m, `${name}: only requests that are meant`);
  }
  const all = await Promise.all(COMMANDS.map(async ({ load }) => manPage(await load(), GLOBALS, '1.2.3')));
  const input = [manIndex(COMMANDS, GLOBALS, '1.2.3'), ...all].join('');
  const shown = execFileSync('sh', ['-c', 'groff -man -ww -Tascii -P-c 2>&1'], { input, encoding: 'utf8' });
  t.notMatch(shown, /<standard input>:\d+: /, 'no warnings');
  t.match(shown, 'shale-image-layers');
  t.match(shown, '--no-trunc');
});

t.test('every guide that the README names is there', async t => {
  const root = join(import.meta.dirname, '../..');
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  for (const [, path = ''] of readme.matchAll(/\]\((docs\/[^)#]+)/g))
    t.ok(existsSync(join(root, path)), path);
});
