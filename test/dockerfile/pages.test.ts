import { readFileSync } from 'node:fs';
import t from 'tap';
import { lint, RULES } from '../../lib/dockerfile/index.js';

const docs = new URL('../../docs/', import.meta.url);
const index = readFileSync(new URL('checks.md', docs), 'utf8');

for (const { name, description } of Object.values(RULES)) {
  t.test(`the page of ${name}`, async t => {
    const page = readFileSync(new URL(`checks/${name}.md`, docs), 'utf8');
    t.ok(page.includes(`> ${description}\n`), 'says what the check says');
    t.ok(index.includes(`| [${name}](checks/${name}.md) | ${description} |`), 'is in the index');
    const [bad = '', good = ''] = [...page.matchAll(/```dockerfile\n(.*?)```/gs)].map(match => match[1]);
    t.ok(bad !== '' && good !== '', 'shows both ways');
    const whole = (text: string): string =>
      /^(ARG.*\n)?(#.*\n)*FROM/m.test(text) ? text : `FROM debian AS base\n${text}`;
    const warned = (text: string): string[] => lint(whole(text)).warnings.map(warning => warning.rule);
    // these two depend on the base or on the context, not on the text
    if (['InvalidBaseImagePlatform', 'CopyIgnoredFile', 'InvalidDefinitionDescription'].includes(name))
      return;
    t.ok(warned(bad).includes(name), 'the first example is warned of');
    t.notOk(warned(good).includes(name), 'the second is not');
  });
}
