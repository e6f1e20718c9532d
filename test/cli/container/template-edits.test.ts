import t from 'tap';
import {
  checkOf,
  directoryOf,
  editEnv,
  editKeys,
  editMap,
  editSet,
  entrypointOf,
  portsOf,
  signalOf,
  wordsOf,
} from '../../../lib/cli/container/template-edits.js';

const template = {
  platform: { os: 'linux', architecture: 'amd64' },
  config: {},
  annotations: {},
  history: [],
};

t.test('maps, sets and variables', async t => {
  t.same(editMap({ a: '1' }, 'b=2=3'), { a: '1', b: '2=3' });
  t.same(editMap({ a: '1', b: '2' }, 'a-'), { b: '2' });
  t.same(editMap({ a: '1' }, 'a-=x'), { a: '1', 'a-': 'x' }, 'a value makes the dash a part of the name');
  t.same(editMap({ a: '1' }, '-'), {});
  t.same(Object.keys(editMap({}, '__proto__=x')), ['__proto__']);
  t.same(editEnv(['A=1', 'B=2'], 'A=3'), ['A=3', 'B=2']);
  t.same(editEnv(['A=1', 'B=2'], 'A-'), ['B=2']);
  process.env.GIVEN_HERE = 'x';
  t.same(editEnv([], 'GIVEN_HERE'), ['GIVEN_HERE=x']);
  t.throws(() => editEnv([], 'NOT_GIVEN_HERE'), { code: 'USAGE_FLAG_VALUE' });
  t.throws(() => editEnv([], '=x'), { code: 'USAGE_FLAG_VALUE' });
  t.same(editSet(['a', 'b'], 'b'), ['a', 'b']);
  t.same(editSet(['a', 'b'], 'b-'), ['a']);
  t.same(editKeys({ '80/tcp': {} }, '81-82', portsOf), { '80/tcp': {}, '81/tcp': {}, '82/tcp': {} });
  t.same(editKeys({ '80/tcp': {}, '81/tcp': {} }, '80-', portsOf), { '81/tcp': {} });
  t.same(editKeys(undefined, '/data'), { '/data': {} });
  t.throws(() => portsOf('x'), { code: 'USAGE_FLAG_VALUE' });
});

t.test('commands', async t => {
  t.same(wordsOf('a "b c" $HOME'), ['a', 'b c', '$HOME']);
  t.same(wordsOf('["a", "b c"]'), ['a', 'b c']);
  t.same(entrypointOf('run it'), ['/bin/sh', '-c', 'run it']);
  t.same(entrypointOf(''), []);
  t.same(checkOf(template, 'CMD-SHELL a || exit 1'), { Test: ['CMD-SHELL', 'a || exit 1'] });
  t.same(checkOf(template, 'CMD a "b c"'), { Test: ['CMD', 'a', 'b c'] });
  t.same(checkOf(template, 'NONE'), { Test: ['NONE'] });
  t.equal(checkOf(template, ''), undefined);
  t.throws(() => checkOf(template, 'curl x'), { code: 'USAGE_FLAG_VALUE' });
  t.equal(directoryOf('/a', 'b/../c'), '/a/c');
  t.equal(directoryOf(undefined, 'b'), '/b');
  t.equal(directoryOf('/a', ''), undefined);
  t.equal(signalOf('SIGTERM'), 'SIGTERM');
  t.throws(() => signalOf('SIGNOPE'), { code: 'USAGE_FLAG_VALUE' });
});
