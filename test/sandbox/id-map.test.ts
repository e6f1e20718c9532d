import t from 'tap';
import {
  chooseIdMap,
  type IdMapInput,
  keepIdMap,
  namespaceArguments,
  parseIdMap,
  parseSubordinateIds,
  treeFamily,
} from '../../lib/sandbox/id-map.js';

const FULL = '         0          0 4294967295\n';
const user: IdMapInput = {
  uid: 1000,
  gid: 100,
  user: 'ada',
  subuid: 'ada:100000:65536\n',
  subgid: 'ada:200000:65536\n',
  ownUids: FULL,
  ownGids: FULL,
  helpers: true,
};

t.test('lines of /etc/subuid', async t => {
  const text = 'root:1:2\nada:100000:65536\n1000:300000:10\n# remark\nada:x:5\nada:5\nada:1:0\nada:1:2:3\n';
  t.same(parseSubordinateIds(text, 1000, 'ada'), [
    { start: 100000, count: 65536 },
    { start: 300000, count: 10 },
  ]);
  t.same(parseSubordinateIds(text, 1000), [{ start: 300000, count: 10 }], 'an id without a name');
});

t.test('lines of uid_map', async t => {
  t.same(parseIdMap('  0  1000  1\n  1 100000 65536\n'), [
    { inside: 0, outside: 1000, count: 1 },
    { inside: 1, outside: 100000, count: 65536 },
  ]);
});

t.test('a user with ranges', async t => {
  const map = chooseIdMap(user);
  t.match(map, { kind: 'range', helpers: true, denySetgroups: false });
  t.same(namespaceArguments(map), [
    ...['--uid', '0', '1000', '1', '--uid', '1', '100000', '65536'],
    ...['--gid', '0', '100', '1', '--gid', '1', '200000', '65536', '--helpers'],
  ]);
});

t.test('a user without: one id, and what would help', async t => {
  t.match(chooseIdMap({ ...user, subuid: '' }), {
    kind: 'single',
    why: /subuid/,
    hint: /usermod --add-subuids .* ada/,
  });
  t.match(chooseIdMap({ ...user, subgid: '' }), { kind: 'single', why: /subgid/ });
  t.match(chooseIdMap({ ...user, helpers: false }), { kind: 'single', hint: 'apt-get install uidmap' });
  t.same(namespaceArguments(chooseIdMap({ ...user, subuid: '' })), [
    ...['--uid', '0', '1000', '1', '--gid', '0', '100', '1', '--deny-setgroups'],
  ]);
});

t.test('a nested namespace has only the ids that it has', async t => {
  const ownUids = '0 1000 1\n1 100000 70000\n';
  t.equal(chooseIdMap({ ...user, ownUids, ownGids: ownUids }).kind, 'single', 'the range lies outside');
  const clipped = chooseIdMap({ ...user, subuid: 'ada:65000:65536', ownUids });
  t.same(clipped.uids[1], { inside: 1, outside: 65000, count: 5001 });
});

t.test('a session has the ids of containers already', async t => {
  const ownUids = '0 1000 1\n1 100000 200000\n';
  const own = {
    ...user,
    uid: 0,
    gid: 0,
    ownUids,
    ownGids: ownUids,
    subuid: 'root:100000:65536',
    subgid: 'root:100000:65536',
    user: 'root',
  };
  t.equal(chooseIdMap(own).kind, 'range', 'what root of another machine is given');
  t.match(chooseIdMap({ ...own, session: true }), {
    kind: 'identity',
    uids: [
      { inside: 0, outside: 0, count: 1 },
      { inside: 1, outside: 1, count: 200000 },
    ],
  });
});

t.test('root', async t => {
  const root = { ...user, uid: 0, gid: 0, user: 'root', subuid: '', subgid: '' };
  t.match(chooseIdMap(root), {
    kind: 'range',
    helpers: false,
    uids: [{ outside: 0 }, { outside: 2_000_000_000 }],
  });
  t.match(chooseIdMap({ ...root, subuid: 'root:7000000:65536', subgid: 'root:7000000:65536' }).uids[1], {
    outside: 7_000_000,
  });
  const nested = '0 1000 1\n1 100000 65536\n';
  t.match(chooseIdMap({ ...root, ownUids: nested, ownGids: nested }), {
    kind: 'identity',
    uids: [
      { inside: 0, outside: 0, count: 1 },
      { inside: 1, outside: 1, count: 65536 },
    ],
  });
  t.match(chooseIdMap({ ...root, ownUids: '0 1000 1\n', ownGids: '0 1000 1\n' }), { kind: 'single' });
});

t.test('the caller is somebody else inside than root', t => {
  const usual = chooseIdMap({ ...user, subuid: 'ada:100000:100\nada:300000:50\n' });
  const ids = (uid: number) =>
    keepIdMap(usual, { uid, gid: 0 }).uids.map(r => [r.inside, r.outside, r.count]);
  t.same(ids(30), [
    [30, 1000, 1],
    [0, 100000, 30],
    [31, 100030, 70],
    [101, 300000, 50],
  ]);
  t.same(ids(120).slice(1), [
    [0, 100000, 100],
    [100, 300000, 20],
    [121, 300020, 30],
  ]);
  t.same(ids(100).slice(1), [
    [0, 100000, 100],
    [101, 300000, 50],
  ]);
  t.same(ids(150).slice(1), ids(5000).slice(1), 'above all others');
  t.same(keepIdMap(usual, { uid: 0, gid: 5 }).uids, usual.uids, 'root is as ever');
  const map = keepIdMap(usual, { uid: 7, gid: 8 });
  t.equal(treeFamily(map), 'keep-id 7:8');
  t.ok(namespaceArguments(map).includes('--stay'));
  for (const same of [undefined, { uid: 0, gid: 0 }]) t.equal(treeFamily(keepIdMap(usual, same)), undefined);
  const single = chooseIdMap({ ...user, subuid: '' });
  t.equal(keepIdMap(single, { uid: 7, gid: 8 }), single, 'one id is renamed when the program starts');
  const root = chooseIdMap({ ...user, uid: 0, gid: 0 });
  t.throws(() => keepIdMap(root, { uid: 7, gid: 8 }), { code: 'SANDBOX_USERNS' });
  t.end();
});
