import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';

const REPOSITORY = resolve(import.meta.dirname, '..');

// The package by its own name, as a program of somebody else has it, in a process that has loaded nothing of ours.
const PROGRAM = `
import { deepStrictEqual as same, throws } from 'node:assert';
import { expandInstruction, expandWord, lint, parse, parseStages } from 'shale/dockerfile';
import { familiarString, formatPlatform, normalizeReference, parsePlatform, parseReference } from 'shale/oci';
import { compileIgnore, goMatch, parseGitUrl, parseIgnoreFile } from 'shale/context';

const { stages } = parseStages(parse('FROM base AS x\\nCOPY <<E \${A%.*} /d\\n$A\\nE\\n'));
same([stages[0].name, stages[0].base], ['x', 'base']);
const [copy] = stages[0].instructions;
const { instruction, usedNames } = expandInstruction(copy, new Map([['A', 'file.txt']]));
same([instruction.sources, instruction.heredocs[0].content, [...usedNames]], [['file'], 'file.txt\\n', ['A']]);
same(copy.sources, ['\${A%.*}'], 'what goes in stays as it is');
same(expandWord('\${X:-d}', new Map()).text, 'd');
throws(() => parse('FROM a\\nRUN <<E\\n'), { code: 'DOCKERFILE_HEREDOC' });
same(lint('FROM a as b\\n').warnings.map(warning => warning.rule), ['FromAsCasing']);

same(familiarString(normalizeReference('alpine')), 'alpine');
same(parseReference('host:5000/a/b:tag').tag, 'tag');
same(formatPlatform(parsePlatform('linux/x86_64')), 'linux/amd64');

const ignore = compileIgnore(parseIgnoreFile('# c\\n*.log\\n!keep.log\\n'));
same(['a.log', 'keep.log', 'd/a.log'].map(path => ignore.matches(path)), [true, false, false]);
same([goMatch('a?c', 'abc'), goMatch('*', 'a/b')], [true, false]);
same(parseGitUrl('https://x/y.git#main:sub'), { remote: 'https://x/y.git', ref: 'main', subdir: 'sub' });
`;

const missing = existsSync(join(REPOSITORY, 'dist/index.js')) ? undefined : 'needs dist: npm run build';

t.test('parser, expander, references and ignore patterns from the package', { skip: missing }, async t => {
  const env = { PATH: process.env.PATH };
  const options = { cwd: REPOSITORY, env, input: PROGRAM, encoding: 'utf8' as const };
  t.equal(execFileSync('node', ['--input-type=module', '-'], options), '');
});
