import t from 'tap';
import { compileIgnore, parseIgnoreFile } from '../../lib/context/index.js';
import { formatLintJson, formatLintText, lint, RULES, throwOnViolation } from '../../lib/dockerfile/index.js';
import { readCorpus } from '../fixtures/corpora.js';

interface Warning {
  rule: string;
  line: number;
  message: string;
  description?: string;
  url?: string;
}
interface CheckCase {
  id: string;
  dockerfile: string;
  flags: string[];
  dockerignore?: string;
  warnings: Warning[];
  check_warnings?: Warning[];
  check_text?: string;
  build_error?: string;
  error_line?: number;
}

/** `--build-arg K=V` among the flags; BUILDKIT_DOCKERFILE_CHECK stands for the directive. */
function buildArgs(flags: string[]): Map<string, string> {
  const pairs = flags.filter((_, index) => flags[index - 1] === '--build-arg');
  return new Map(
    pairs.map((pair): [string, string] => [pair.split('=')[0] ?? '', pair.slice(pair.indexOf('=') + 1)]),
  );
}

const byLine = (a: Warning, b: Warning) => a.line - b.line || a.message.localeCompare(b.message);

for (const entry of readCorpus<CheckCase[]>('checks.json') ?? []) {
  t.test(entry.id, t => {
    const args = buildArgs(entry.flags);
    const options = {
      buildArgs: args,
      check: args.get('BUILDKIT_DOCKERFILE_CHECK'),
      ignore:
        entry.dockerignore === undefined ? undefined : compileIgnore(parseIgnoreFile(entry.dockerignore)),
    };
    const seen = (reachableOnly: boolean) =>
      lint(entry.dockerfile, { ...options, reachableOnly }).warnings.map(warning => ({
        rule: warning.rule,
        line: warning.range.start,
        message: warning.message,
        description: warning.description,
        url: warning.url,
      }));
    const expected = (warnings: Warning[]) => [...warnings].sort(byLine);
    t.match(seen(true).sort(byLine), expected(entry.warnings));
    t.equal(seen(true).length, entry.warnings.length);
    t.match(seen(false).sort(byLine), expected(entry.check_warnings ?? entry.warnings));
    const result = lint(entry.dockerfile, options);
    if (entry.check_text) {
      t.equal(formatLintText({ ...result, error: undefined }, entry.dockerfile), entry.check_text);
    }
    if (entry.build_error?.startsWith('lint violation')) {
      t.throws(() => throwOnViolation(result), { code: 'DOCKERFILE_CHECK', message: entry.build_error });
    } else t.doesNotThrow(() => throwOnViolation(result));
    t.doesNotThrow(() => JSON.parse(formatLintJson(result, entry.dockerfile)));
    t.end();
  });
}

t.test('there are 22 rules', t => {
  t.equal(Object.keys(RULES).length, 22);
  for (const [name, rule] of Object.entries(RULES)) t.equal(rule.name, name);
  t.end();
});

t.test('rules that the corpus leaves out', t => {
  const rules = (text: string, options = {}) =>
    lint(text, options).warnings.map(warning => `${warning.rule}:${warning.range.start}`);
  t.same(rules('FROM scratch\nARG TOKEN\nENV my_password=x\nENV PUBLIC_KEY=x'), [
    'SecretsUsedInArgOrEnv:2',
    'SecretsUsedInArgOrEnv:3',
  ]);
  t.same(rules('FROM a\n', { baseImage: () => ({ platform: { os: 'linux', architecture: 'arm64' } }) }), [
    'InvalidBaseImagePlatform:1',
  ]);
  t.same(rules('# check=experimental=all\n# words\nFROM scratch AS base\n'), [
    'InvalidDefinitionDescription:3',
  ]);
  t.same(rules('FROM scratch\n# check=skip=JSONArgsRecommended\nCMD x\n'), []);
  t.same(rules('FROM scratch\n# check=skip=Other\nCMD x\n'), ['JSONArgsRecommended:3']);
  t.same(rules('FROM a\nCOPY $X /\n', { baseImage: () => ({ env: ['X=1'] }) }), []);
  t.same(rules('FROM a\nCMD x\n', { baseImage: () => ({ shell: ['x'] }) }), []);
  t.end();
});

t.test('an error comes with the warnings before it', t => {
  const result = lint('FROM a as b\nFOO x\n');
  t.match(result, { warnings: [{ rule: 'FromAsCasing' }], error: { range: { start: 2 } } });
  t.match(formatLintText(result, 'FROM a as b\nFOO x\n'), /unknown instruction: FOO[\s\S]*>>> FOO x/);
  t.match(lint('#check=nonsense\nFROM a'), { error: { message: /invalid check option/ } });
  t.match(lint('FROM a AS b\n', { target: 'c' }), {
    error: { message: 'target stage "c" could not be found (did you mean b?)' },
  });
  t.end();
});
