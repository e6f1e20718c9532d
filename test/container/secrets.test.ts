import { join, resolve } from 'node:path';
import t from 'tap';
import { assertKeepable, readSecrets, settledSecrets, withoutSecrets } from '../../lib/container/secrets.js';

t.test('where a secret comes from and goes is settled once', async t => {
  process.env.SHALE_TEST_SECRET = 'x';
  t.teardown(() => delete process.env.SHALE_TEST_SECRET);
  const settled = settledSecrets([
    { source: { id: 'SHALE_TEST_SECRET' } },
    { source: { id: 'file' }, target: '../up' },
    { source: { id: 'a', file: 'b' }, type: 'env' },
    { source: { id: 'c', env: 'C' }, target: '/run/secrets/SHALE_TEST_SECRET/' },
  ]);
  t.strictSame(settled, [
    { source: { id: 'file', file: resolve('file') }, type: 'mount', target: '/run/up' },
    { source: { id: 'a', file: resolve('b') }, type: 'env', target: 'a' },
    { source: { id: 'c', env: 'C' }, type: 'mount', target: '/run/secrets/SHALE_TEST_SECRET' },
  ]);
  t.throws(() => settledSecrets([{ source: { id: 'a' }, type: 'env', mode: 0 }]), { code: 'USAGE_SECRET' });
  t.throws(() => settledSecrets([{ source: { id: 'a=b' }, type: 'env' }]), { code: 'USAGE_SECRET' });
});

t.test('bytes are read, and none are kept', async t => {
  const file = join(t.testdir({ secret: 'bytes' }), 'secret');
  const held = await readSecrets(
    settledSecrets([
      { source: { id: 'a', file }, type: 'env', target: 'A' },
      { source: { id: 'b', value: Buffer.of(0, 255) }, uid: 5, mode: 0o400 },
    ]),
  );
  t.strictSame(held.env, ['A=bytes']);
  t.match(held.mounts, [
    { target: '/run/secrets/b', content: Buffer.of(0, 255), uid: 5, gid: 0, mode: 0o400 },
  ]);
  t.throws(() => assertKeepable([{ source: { id: 'b', value: 'x' } }]), { code: 'USAGE_SECRET' });
  await t.rejects(readSecrets([{ source: { id: 'a', env: 'SHALE_TEST_UNSET' } }]), {
    code: 'CONTAINER_SECRET',
  });
  const env = withoutSecrets(['A=1', 'AB=2'], [{ source: { id: 'A' }, type: 'env', target: 'A' }]);
  t.strictSame(env, ['AB=2']);
});
