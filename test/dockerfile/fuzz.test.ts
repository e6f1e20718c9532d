import t from 'tap';
import {
  expandInstruction,
  formatLintJson,
  formatLintText,
  formatSourceError,
  lint,
  parse,
  parseStages,
} from '../../lib/dockerfile/index.js';
import { DockerfileError } from '../../lib/util/errors.js';
import { readCorpus } from '../fixtures/corpora.js';

/** A small deterministic generator: a failure can be repeated by its seed. */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const SEEDS = [
  '# syntax=x\n# escape=`\nARG A=1\nFROM --platform=$B a AS b\nRUN --mount=type=cache,target=/x,"id=a,b" <<E sh\n$A\nE\nCOPY --from=b <<-"F" a ${A:-b} /d\n\tx\n\tF\n',
  'FROM a\nENV A="b c" D=${E%%*x} F ${G//a/b}\nHEALTHCHECK --interval=5s CMD ["a"]\nONBUILD RUN x\nEXPOSE 1-9/udp\nADD --unpack https://x/y.tar /\n',
  'FROM a\nSHELL ["a"]\nVOLUME ["/a"]\nUSER a\nSTOPSIGNAL 9\nWORKDIR $A\nLABEL "a"=b \\\n# c\n\n d=e\nCMD a\n',
];
const PIECES = [
  '\\',
  '\n',
  '"',
  "'",
  '$',
  '${',
  '}',
  '<<',
  '<<E',
  '-',
  '--',
  '=',
  '[',
  ']',
  '`',
  '#',
  '\r',
  '\t',
  '\0',
  ' ',
  ':-',
  '//',
  '*',
  '\u00e9',
  '\ud800',
  'FROM ',
  'ONBUILD ',
  'RUN ',
  ',',
  'E\n',
  '%%',
  '\u2028',
];

function mutate(text: string, pick: (below: number) => number): string {
  let result = text;
  for (let count = 1 + pick(6); count > 0; count--) {
    const at = pick(result.length + 1);
    const action = pick(4);
    if (action === 0) result = result.slice(0, at) + (PIECES[pick(PIECES.length)] ?? '') + result.slice(at);
    else if (action === 1) result = result.slice(0, at) + result.slice(at + 1 + pick(8));
    else if (action === 2)
      result =
        result.slice(0, at) +
        result.slice(pick(result.length + 1), pick(result.length + 1)) +
        result.slice(at);
    else
      result = `${result.slice(0, at)}${(PIECES[pick(PIECES.length)] ?? '').repeat(1 + pick(50))}${result.slice(at)}`;
  }
  return result;
}

/** Everything that this room does with a file. */
function exercise(text: string): void {
  try {
    const { stages, metaArgs } = parseStages(parse(text));
    const env = new Map([['A', 'a *b\\']]);
    for (const instruction of [...metaArgs, ...stages.flatMap(stage => stage.instructions)])
      expandInstruction(instruction, env);
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error;
    formatSourceError(error, text);
  }
  const result = lint(text);
  if (result.error !== undefined && /undefined|not a function|Invalid|Maximum/.test(result.error.message)) {
    throw new Error(`no message of ours: ${result.error.message}`);
  }
  formatLintText(result, text);
  formatLintJson(result, text);
}

t.test('mutated Dockerfiles raise nothing but errors of ours, and take no time', t => {
  const corpus = (readCorpus<{ dockerfile?: string }[]>('parser.json') ?? []).flatMap(({ dockerfile }) =>
    dockerfile !== undefined && dockerfile.length < 5000 ? [dockerfile] : [],
  );
  const seeds = [...SEEDS, ...corpus];
  let slowest = 0;
  for (let seed = 0; seed < 6000; seed++) {
    const pick = random(seed);
    const text = mutate(seeds[pick(seeds.length)] ?? '', pick);
    const started = performance.now();
    try {
      exercise(text);
    } catch (error) {
      t.fail(`seed ${seed}: ${JSON.stringify(text)}: ${error instanceof Error ? error.stack : error}`);
      break;
    }
    slowest = Math.max(slowest, performance.now() - started);
  }
  t.ok(slowest < 1500, `slowest: ${slowest.toFixed(0)} ms`);
  t.end();
});

t.test('texts made to be slow are not', t => {
  const n = 60_000;
  const hostile = [
    `RUN ${' '.repeat(n)}x`,
    `RUN x${'\r'.repeat(n)}y`,
    `ENV A=${'\\'.repeat(n)}`,
    `ENV ${'a=b '.repeat(n / 4)}`,
    `ENV A=${'${A:-'.repeat(n / 5)}`,
    `ENV A=${'"'.repeat(n)}`,
    `LABEL ${"'".repeat(n)}`,
    `RUN ${'<<'.repeat(n / 2)}`,
    `RUN ${'<<E '.repeat(n / 4)}`,
    `COPY ${'<<E '.repeat(n / 4)} /d`,
    `CMD ${'['.repeat(n)}`,
    `COPY ${'--exclude=x '.repeat(n / 12)} a b`,
    `RUN --mount=${'a,'.repeat(n / 2)} x`,
    `RUN --mount=${'"'.repeat(n)} x`,
    `${'ONBUILD '.repeat(n / 8)}RUN x`,
    `HEALTHCHECK --interval=${'1h'.repeat(n / 2)} CMD x`,
    `#${' a='.repeat(n / 3)}`,
    'RUN \\\n'.repeat(n),
    `ENV V=${'a'.repeat(n)}\nENV W=\${V//${'*a'.repeat(50)}b/x}`,
    'FROM a\n'.repeat(3000),
    '# a\n'.repeat(n),
  ];
  for (const text of hostile) {
    const started = performance.now();
    exercise(`FROM a\n${text}\n`);
    const took = performance.now() - started;
    t.ok(took < 5000, `${JSON.stringify(text.slice(0, 30))}: ${took.toFixed(0)} ms`);
  }
  t.end();
});
