import t from 'tap';
import { parseChallenges } from '../../lib/registry/challenge.js';
import { retryAfterMs } from '../../lib/registry/errors.js';
import { parseMirrors } from '../../lib/registry/mirrors.js';

function plain(header: string): unknown {
  return parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

t.test('challenges', async t => {
  t.same(plain('Bearer realm="https://a/t",service="s",scope="repository:a:pull,push"'), [
    ['bearer', { realm: 'https://a/t', service: 's', scope: 'repository:a:pull,push' }],
  ]);
  t.same(plain('Basic realm=x, Bearer realm="y, z" , service = s'), [
    ['basic', { realm: 'x' }],
    ['bearer', { realm: 'y, z', service: 's' }],
  ]);
  t.same(plain('BEARER Realm="a\\"b"'), [['bearer', { realm: 'a"b' }]]);
  t.same(plain('Negotiate'), [['negotiate', {}]]);
  t.same(plain(''), []);
  t.same(plain('Bearer __proto__="x"'), [['bearer', Object.fromEntries([['__proto__', 'x']])]]);
  const start = Date.now();
  for (const header of [
    `Bearer ${'a="'.repeat(100_000)}`,
    'a '.repeat(100_000),
    `Bearer realm="${'\\'.repeat(100_000)}`,
  ]) {
    t.ok(parseChallenges(header).length < 10_000);
  }
  t.ok(Date.now() - start < 1000, 'in no time');
});

t.test('Retry-After', async t => {
  t.equal(retryAfterMs('3'), 3000);
  t.equal(retryAfterMs('soon'), undefined);
  t.equal(retryAfterMs('Thu, 01 Jan 1970 00:00:00 GMT'), 0);
  t.equal(retryAfterMs(undefined), undefined);
});

t.test('mirrors', async t => {
  const mirrors = parseMirrors(
    'docker.io=http://127.0.0.1:5000, docker.io=https://m.example/hub/ ,quay.io=https://q.example',
  );
  t.same(mirrors.get('docker.io'), [
    { host: '127.0.0.1:5000', plainHttp: true, prefix: '' },
    { host: 'm.example', plainHttp: false, prefix: 'hub/' },
  ]);
  t.equal(mirrors.get('quay.io')?.length, 1);
  t.equal(parseMirrors(undefined).size, 0);
  for (const text of ['x', '=http://a', 'docker.io=', 'docker.io=ftp://a', 'docker.io=http://u:hunter2@a']) {
    const error = t.throws(() => parseMirrors(text), { code: 'USAGE_MIRROR' }, text);
    t.notMatch(String(error), /hunter2/);
  }
});
