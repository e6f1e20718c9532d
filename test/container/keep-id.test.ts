import { userInfo } from 'node:os';
import t from 'tap';
import { defaultUser, usersWith } from '../../lib/container/keep-id.js';

const own = { uid: 7, gid: 8 };

t.test('the user of a container', async t => {
  t.equal(defaultUser({}, 'image'), 'image');
  t.equal(defaultUser({ keepId: own }, 'image'), '7:8', 'the USER of the image does not count');
  t.equal(defaultUser({ keepId: own, user: '0' }, 'image'), '0');
});

t.test('a line for the caller, where the container has none', async t => {
  t.same(usersWith({}, 7, { passwd: '', group: '' }), {});
  t.same(usersWith({ keepId: own }, 7, { passwd: 'root:x:0:0::/:/bin/sh', group: 'g:x:8:\n' }).users, {
    passwd: 'root:x:0:0::/:/bin/sh\n7:*:7:8:container user:/:/bin/sh\n',
    group: undefined,
  });
  t.same(usersWith({ keepId: own }, 7, { passwd: 'me:x:7:7:::\n', group: '' }).users, {
    passwd: undefined,
    group: '8:x:8:\n',
  });
  t.same(usersWith({ keepId: own }, 0, { passwd: '', group: '' }), {}, 'root may make users of its own');
  const { uid, username } = userInfo();
  const { users } = usersWith({ keepId: { uid, gid: 9 } }, uid, { passwd: '', group: '' });
  t.match(users, { passwd: new RegExp(`^${username}:\\*:${uid}:9:`), group: '9:x:9:\n' });
});
