import t from 'tap';
import { containerSeccomp, parseSeccomp, resolveSeccomp } from '../../lib/sandbox/seccomp-profile.js';

const profile = (...syscalls: object[]) =>
  parseSeccomp(JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 38, syscalls }));
const allow = { action: 'SCMP_ACT_ALLOW' };

t.test('conditions are decided for the container and the machine', async t => {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const rules = resolveSeccomp(
    profile(
      { names: ['a'], ...allow },
      { name: 'old', ...allow },
      { names: ['b'], ...allow, includes: { caps: ['CAP_CHOWN', 'CAP_KILL'] } },
      { names: ['c'], ...allow, includes: { caps: ['CAP_SYS_ADMIN'] } },
      { names: ['d'], ...allow, excludes: { caps: ['CAP_CHOWN'] } },
      {
        names: ['e'],
        ...allow,
        includes: { arches: [arch], minKernel: '4.8' },
        excludes: { arches: ['s390x'] },
      },
      { names: ['f'], ...allow, includes: { arches: ['s390x'] } },
      { names: ['g'], ...allow, includes: { minKernel: '99.0' } },
      { names: ['h'], ...allow, excludes: {}, args: null },
    ),
    ['CHOWN', 'KILL'],
  );
  t.same(
    rules.syscalls.map(rule => rule.names[0]),
    ['a', 'old', 'b', 'e', 'h'],
  );
  t.match(rules, { defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 38 });
});

t.test('conditions on one argument are alternatives', async t => {
  const arg = (index: number, value: number) => ({ index, value, op: 'SCMP_CMP_EQ' });
  const { syscalls } = resolveSeccomp(
    profile(
      { names: ['a'], ...allow, args: [arg(0, 1), arg(0, 2)] },
      { names: ['b'], ...allow, args: [arg(0, 1), arg(1, 2)] },
    ),
    [],
  );
  t.same(
    syscalls.map(({ names, args = [] }) => [names[0], args.length]),
    [
      ['a', 1],
      ['a', 1],
      ['b', 2],
    ],
  );
});

t.test('with a single id, changes of owners seem to succeed whatever the profile says', async t => {
  t.equal(containerSeccomp('unconfined', [], false), 'none');
  t.equal(containerSeccomp(undefined, [], true), undefined);
  const rules = containerSeccomp(profile({ names: ['chown', 'read'], ...allow }), [], true);
  t.match(rules, { syscalls: [{ names: ['read'] }] });
  t.match(
    rules !== undefined && rules !== 'none' && rules.syscalls.find(rule => rule.names.includes('chown')),
    { action: 'SCMP_ACT_ERRNO', errnoRet: 0 },
  );
});

t.test('what is no profile', async t => {
  const cases: [text: string, message: string | RegExp][] = [
    ['', /Decoding seccomp profile failed: /],
    ['[]', 'it has no defaultAction'],
    ['{"defaultAction":"SCMP_ACT_WHAT"}', 'action SCMP_ACT_WHAT is not supported'],
    ['{"defaultAction":"SCMP_ACT_ALLOW","syscalls":{}}', 'syscalls is not a list of rules'],
    [
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":[1],"action":"SCMP_ACT_LOG"}]}',
      'not a list of rules',
    ],
    ['{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["a"]}]}', 'not a list of rules'],
    [`"${'x'.repeat(1 << 20)}"`, 'more than 1048576 bytes'],
  ];
  for (const [text, message] of cases) t.throws(() => parseSeccomp(text), { code: 'USAGE_SECCOMP', message });
  const arg = (more: object) => () =>
    profile({ names: ['a'], ...allow, args: [{ index: 0, value: 1, op: 'SCMP_CMP_EQ', ...more }] });
  t.doesNotThrow(arg({}));
  t.throws(arg({ index: 6 }), { message: 'index from 0 to 5' });
  t.throws(arg({ value: 2 ** 60 }), { message: 'has no value' });
  t.throws(arg({ valueTwo: -1 }), { message: 'has no value' });
  t.throws(arg({ op: 'SCMP_CMP_LIKE' }), { message: 'unknown operator SCMP_CMP_LIKE' });
});
