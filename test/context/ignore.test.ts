import t, { type Test } from 'tap';
import {
  compileIgnore,
  goMatch,
  type IgnoreMatcher,
  type IgnoreState,
  parseIgnoreFile,
} from '../../lib/context/index.js';
import { readCorpus } from '../fixtures/corpora.js';

interface IgnoreCase {
  id: string;
  kind: 'match' | 'clean' | 'match-containers' | 'tree' | 'ignorefile';
  patterns?: string[];
  ignorefile?: string;
  path: string;
  excluded?: boolean;
  docker_excluded?: boolean | null;
  error?: boolean;
  files: string[];
  included: string[];
  excluded_match?: Record<string, boolean>;
  count?: number;
  exclusions?: boolean;
}

interface Directory {
  state: IgnoreState | undefined;
  pruned: boolean;
}

/** What a walk down the tree keeps: directories end in a slash; those that can be pruned are not entered. */
function walk(matcher: IgnoreMatcher, files: string[]): string[] {
  const kept = new Set<string>();
  const directories = new Map<string, Directory>([['', { state: undefined, pruned: false }]]);
  const keepDirectories = (path: string) => {
    for (let up = path; up !== ''; up = parentOf(up)) kept.add(`${up}/`);
  };
  const enter = (path: string): Directory => {
    const known = directories.get(path);
    if (known !== undefined) return known;
    const parent = enter(parentOf(path));
    const state = matcher.descend(parent.state, path);
    const pruned = parent.pruned || (state.excluded && matcher.canPrune(path));
    if (!pruned && !state.excluded) keepDirectories(path);
    directories.set(path, { state, pruned });
    return { state, pruned };
  };
  for (const file of files) {
    if (file.endsWith('/')) {
      enter(file.slice(0, -1));
      continue;
    }
    const parent = enter(parentOf(file));
    if (parent.pruned || matcher.descend(parent.state, file).excluded) continue;
    kept.add(file);
    keepDirectories(parentOf(file));
  }
  return [...kept];
}

function parentOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

function check(t: Test, entry: IgnoreCase): void {
  const patterns = entry.patterns ?? parseIgnoreFile(entry.ignorefile ?? '');
  if (entry.error) {
    t.throws(() => compileIgnore(patterns), { code: 'IGNORE_PATTERN' });
    return;
  }
  const matcher = compileIgnore(patterns);
  if (entry.kind === 'clean') {
    t.equal(matcher.patterns.length, entry.count);
    t.equal(matcher.hasExceptions, entry.exclusions);
  } else if (entry.kind === 'match') t.equal(matcher.matches(entry.path), entry.excluded);
  else if (entry.kind === 'match-containers') {
    if (typeof entry.docker_excluded === 'boolean')
      t.equal(matcher.matches(entry.path), entry.docker_excluded);
    else t.pass('docker gives no verdict');
  } else {
    if (entry.ignorefile !== undefined && entry.patterns)
      t.same(parseIgnoreFile(entry.ignorefile), entry.patterns);
    for (const [path, excluded] of Object.entries(entry.excluded_match ?? {})) {
      t.equal(matcher.matches(path), excluded, path);
    }
    t.same(walk(matcher, entry.files).sort(), [...entry.included].sort());
  }
}

for (const entry of readCorpus<IgnoreCase[]>('ignore.json') ?? []) {
  t.test(`${entry.id} ${JSON.stringify(entry.patterns ?? entry.ignorefile)}`.slice(0, 120), t => {
    check(t, entry);
    t.end();
  });
}

t.test('a pattern that was skipped for a directory does not count below it, as in docker', t => {
  const matcher = compileIgnore(['a', '!a/b', 'a']);
  t.equal(matcher.matches('a/b'), true);
  t.same(walk(matcher, ['a/b', 'a/c']), ['a/b', 'a/']);
  t.end();
});

t.test('directories that no exception reaches are pruned', t => {
  const matcher = compileIgnore(['*', '!src/*.js', '!docs/**']);
  t.equal(matcher.canPrune('node_modules'), false, 'an exception with ** may reach anything');
  const plain = compileIgnore(['*', '!src/*.js']);
  t.equal(plain.canPrune('node_modules'), true);
  t.equal(plain.canPrune('src'), false);
  t.equal(plain.canPrune('src/a.js'), true);
  t.equal(compileIgnore(['*']).canPrune('src'), true);
  t.end();
});

t.test('goMatch', t => {
  for (const [pattern, name, want] of [
    ['*', 'a/b', false],
    ['*/b', 'a/b', true],
    ['a*b*c', 'aXbXbXc', true],
    ['a*', 'a', true],
    ['[^a-c]x', 'dx', true],
    ['[^a-c]x', 'bx', false],
    ['\\*', '*', true],
    ['a*/b', 'a/c/b', false],
    ['*a*a*a*a*a*a*a*a*b', 'a'.repeat(5000), false],
    ['', '', true],
  ] as const) {
    t.equal(goMatch(pattern, name), want, `${pattern} ${name.slice(0, 20)}`);
  }
  for (const pattern of ['[', '[a', '[]a]', '[-x]', '[x-]', 'a[', '\\']) {
    t.throws(() => goMatch(pattern, 'a'), { code: 'IGNORE_PATTERN' }, pattern);
  }
  t.end();
});
