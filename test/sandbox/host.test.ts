import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { HostFacts } from '../../lib/sandbox/types.js';
import {
  copyPackage,
  makeBase,
  makeUsers,
  missing,
  processesWith,
  storeFor,
  USERS,
  type Who,
} from '../fixtures/sandbox/room.js';

const lacks = missing();
const base = makeBase();
t.teardown(() => rmSync(base, { recursive: true, force: true }));
if (!lacks) makeUsers();
const packageRoot = lacks ? '' : copyPackage(base);
const program = join(base, 'facts.mjs');
if (!lacks) {
  const text = `const { detectHost } = await import('${packageRoot}/dist/sandbox/index.js');
    console.log(JSON.stringify(await detectHost({ root: process.argv[2] })));`;
  writeFileSync(program, text);
}

function facts(who: Who, store: string, wrap: string[] = []): HostFacts {
  const as = ['setpriv', `--reuid=${USERS[who]}`, `--regid=${USERS[who]}`, '--init-groups'];
  const [file = '', ...args] = [
    ...wrap,
    ...as,
    'env',
    '-i',
    `PATH=${process.env.PATH}`,
    process.execPath,
    program,
    store,
  ];
  return JSON.parse(execFileSync(file, args, { encoding: 'utf8' }));
}

for (const who of ['root', 'range', 'single'] as Who[]) {
  t.test(`facts for ${who}`, { skip: lacks ?? false }, async t => {
    const store = storeFor(base, who);
    const found = facts(who, store);
    t.equal(found.rootless, who !== 'root');
    t.same(found.userNamespaces, { works: true });
    t.match(found.idMap, who === 'single' ? { kind: 'single', ids: 1, hint: /usermod/ } : { kind: 'range' });
    t.same(
      found.drivers.map(({ name }) => name),
      ['overlay', 'fuse-overlayfs', 'vfs'],
    );
    t.ok(found.drivers.find(({ name }) => name === found.driver)?.works);
    t.match(found.runner, { kind: 'native' });
    t.equal(found.seccomp, true);
    t.equal(
      JSON.parse(readFileSync(join(store, 'sandbox/driver.json'), 'utf8')).driver,
      found.driver,
      'kept for the next time',
    );
    t.same(processesWith(store), []);
  });
}

t.test('user namespaces switched off', { skip: lacks ?? false }, async t => {
  // a namespace of its own has its own limit
  const all = ['0', '0', '4294967295'];
  const runner = join(packageRoot, 'build/Release/shale-runner');
  const wrap = [runner, 'userns', '--uid', ...all, '--gid', ...all, '--', 'sh', '-c'];
  const limit = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"';
  const found = facts('range', storeFor(base, 'range', 'forbidden'), [...wrap, limit, 'sh']);
  t.match(found.userNamespaces, { works: false, why: /user namespace/, hint: /max_user_namespaces/ });
  t.ok(found.drivers.every(({ works }) => !works));
  t.equal(found.driver, undefined);
});
