import t from 'tap';
import { matchPath } from '../../lib/oci/index.js';

t.test("Go's path.Match", async t => {
  const cases: [pattern: string, name: string, matches: boolean][] = [
    ['abc', 'abc', true],
    ['*', 'abc', true],
    ['*c', 'abc', true],
    ['a*', 'a', true],
    ['a*', 'ab/c', false],
    ['a*/b', 'abc/b', true],
    ['a*b*c*d*e*/f', 'axbxcxdxe/f', true],
    ['a*b?c*x', 'abxbbxdbxebxczzy', false],
    ['ab[c]', 'abc', true],
    ['ab[b-d]', 'abc', true],
    ['ab[^c]', 'abc', false],
    ['ab[^e-g]', 'abc', true],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'ab', false],
    ['a?b', 'a☺b', true],
    ['a[^a]b', 'a☺b', true],
    ['a?b', 'a/b', false],
    ['[\\]a]', ']', true],
    ['[x\\-]', '-', true],
    ['*x', 'xxx', true],
    ['', '', true],
    ['', 'a', false],
  ];
  for (const [pattern, name, matches] of cases)
    t.equal(matchPath(pattern, name), matches, `${pattern} ${name}`);
});

t.test('malformed patterns', async t => {
  for (const pattern of ['[]a]', '[-]', '[x-]', '[-x]', '[', '[^', '[^bc', 'a[', '\\']) {
    t.throws(() => matchPath(pattern, 'a'), { code: 'OCI_PATTERN_INVALID' }, pattern);
  }
});

t.test('many stars cost no exponential time', async t => {
  t.equal(matchPath(`${'a*'.repeat(50)}b`, 'a'.repeat(500)), false);
});
