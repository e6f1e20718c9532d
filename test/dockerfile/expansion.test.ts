import t from 'tap';
import { lexShell } from '../../lib/dockerfile/shell-words.js';
import { readCorpus } from '../fixtures/corpora.js';

interface ExpansionCase {
  id: string;
  fn: 'ProcessWord' | 'ProcessWords';
  word: string;
  env: string[];
  expected?: string | string[];
  error?: true | string;
  matched?: string[];
  unmatched?: string[];
}

function cut(pair: string): [string, string] {
  const at = pair.indexOf('=');
  return [pair.slice(0, at), pair.slice(at + 1)];
}

for (const entry of readCorpus<ExpansionCase[]>('expansion.json') ?? []) {
  t.test(`${entry.id} ${JSON.stringify(entry.word)}`, t => {
    const env = new Map(entry.env.map((pair): [string, string] => cut(pair)));
    if (entry.error !== undefined) {
      const message = typeof entry.error === 'string' ? { message: new RegExp(entry.error) } : {};
      t.throws(() => lexShell(entry.word, env), { code: 'DOCKERFILE_EXPANSION', ...message });
    } else {
      const result = lexShell(entry.word, env);
      t.same(entry.fn === 'ProcessWord' ? result.text : result.words, entry.expected);
      if (entry.matched) t.same([...result.usedNames].sort(), [...entry.matched].sort());
      if (entry.unmatched) t.same([...result.unsetNames].sort(), [...entry.unmatched].sort());
    }
    t.end();
  });
}

t.test('upstream says the same words when it refuses', t => {
  const messages: [string, string][] = [
    ['${}', 'failed to process "${}": syntax error: bad substitution'],
    ['${PWD', 'failed to process "${PWD": unsupported modifier (\ufffd) in substitution'],
    ['${a:=b}', 'failed to process "${a:=b}": unsupported modifier (:=) in substitution'],
    ['${a:-b', 'failed to process "${a:-b": syntax error: missing \'}\''],
    ['"a', 'failed to process "\\"a": unexpected end of statement while looking for matching double-quote'],
  ];
  for (const [word, message] of messages) t.throws(() => lexShell(word, new Map()), { message });
  t.end();
});

t.test('a pattern never takes more than linear time', t => {
  const env = new Map([['V', 'a'.repeat(20_000)]]);
  const started = Date.now();
  lexShell(`\${V//${'*a'.repeat(12)}*b/x}`, env);
  lexShell(`\${V##${'*a'.repeat(12)}*b}`, env);
  t.ok(Date.now() - started < 3000);
  t.end();
});

t.test('deep nesting is an error of ours', t => {
  t.throws(() => lexShell('${a:-'.repeat(5000), new Map()), { code: 'DOCKERFILE_EXPANSION' });
  t.end();
});
