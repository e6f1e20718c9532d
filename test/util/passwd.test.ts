import t from 'tap';
import { resolveOwner, resolveUser } from '../../lib/util/passwd.js';

const PASSWD =
  'root:x:0:0::/root:/bin/sh\nwww:x:33:34::/var/www:\n1000:x:5:5::/five:\nbad:x:abc:1::/:\nbig:x:4294967296:0::/:\n';
const GROUP = 'root:x:0:\nwww:x:34:\nmedia:x:50:www,other\nlog:x:51:www\n';

t.test('users', async t => {
  t.same(resolveUser('', PASSWD, GROUP), { uid: 0, gid: 0, home: '/root', additionalGids: [] });
  t.same(resolveUser('www', PASSWD, GROUP), { uid: 33, gid: 34, home: '/var/www', additionalGids: [50, 51] });
  t.same(resolveUser('33', PASSWD, GROUP), { uid: 33, gid: 34, home: '/var/www', additionalGids: [50, 51] });
  t.same(resolveUser('www:media', PASSWD, GROUP), { uid: 33, gid: 50, home: '/var/www', additionalGids: [] });
  t.same(resolveUser('4242:77', PASSWD, GROUP), { uid: 4242, gid: 77, home: '/', additionalGids: [] });
  t.same(
    resolveUser('1000', PASSWD, GROUP),
    { uid: 1000, gid: 0, home: '/', additionalGids: [] },
    'a number is never a name',
  );
});

t.test('owners', async t => {
  t.same(resolveOwner('www', PASSWD, GROUP), { uid: 33, gid: 34 });
  t.same(resolveOwner('55', PASSWD, GROUP), { uid: 55, gid: 55 });
  t.same(resolveOwner('55:media', PASSWD, GROUP), { uid: 55, gid: 50 });
});

t.test('what cannot be', async t => {
  for (const user of ['nobody', 'www:nogroup', 'bad', 'big']) {
    t.throws(() => resolveUser(user, PASSWD, GROUP), { code: 'USER_UNKNOWN' }, user);
  }
  for (const user of ['4294967295', '4294967296', '99999999999999999999', '0:4294967296']) {
    t.throws(() => resolveUser(user, PASSWD, GROUP), { code: 'USER_ID_RANGE' }, user);
  }
});
