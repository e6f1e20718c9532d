// Images that want out of their root, and images with many layers.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { StorageDriver } from '../../lib/sandbox/types.js';
import {
  Agent,
  copyPackage,
  makeBase,
  makeImage,
  makeUsers,
  missing,
  packTree,
  RemoteError,
  storeFor,
} from '../fixtures/sandbox/room.js';

const lacks = missing();
const base = makeBase();
t.teardown(() => rmSync(base, { recursive: true, force: true }));
if (!lacks) makeUsers();
const packageRoot = lacks ? '' : copyPackage(base);
const image = lacks ? '' : makeImage(base, 'image');

t.test('images that attack the sandbox', { skip: lacks ?? false }, async t => {
  const victim = join(base, 'victim');
  mkdirSync(victim);
  chmodSync(victim, 0o777);
  const agent = Agent.open(packageRoot, storeFor(base, 'root', 'hostile'), 'root');
  t.teardown(() => agent.close());
  await agent.start();

  const attack = async (name: string, change: (root: string) => void) =>
    agent.import(makeImage(base, name, change));
  const replace = (root: string, path: string, target: string) => {
    rmSync(join(root, path), { recursive: true, force: true });
    symlinkSync(target, join(root, path));
  };

  for (const name of ['dev', 'proc', 'sys']) {
    t.test(`/${name} is a link out of the root`, async t => {
      const layer = await attack(`link-${name}`, root => replace(root, name, victim));
      await t.rejects(agent.run([layer], ['true']), { code: 'SANDBOX_ROOT_HOSTILE' });
    });
  }
  t.test('/etc is a link out of the root', async t => {
    const layer = await attack('link-etc', root => replace(root, 'etc', victim));
    const { out } = await agent.sh([layer], `cat /etc/hostname; ls ${victim}`);
    t.match(out, /^box\nhostname\nhosts\nresolv.conf\n$/, 'the link means a place inside');
  });
  t.test('/etc/resolv.conf is a link to nothing, outside', async t => {
    const layer = await attack('link-resolv', root =>
      symlinkSync('../../../../run/resolve/stub.conf', join(root, 'etc/resolv.conf')),
    );
    const step = await agent.step([layer], 'cat /etc/resolv.conf; readlink /etc/resolv.conf');
    t.equal(step.layer, null);
    t.match(step.run.out, /stub.conf\n$/);
  });
  t.test('/etc/hosts is a link into /proc', async t => {
    const layer = await attack('link-hosts', root =>
      symlinkSync('/proc/sys/kernel/hostname', join(root, 'etc/hosts')),
    );
    await t.rejects(agent.run([layer], ['true']), { code: 'SANDBOX_ROOT_HOSTILE' });
  });
  t.test('links that go round', async t => {
    const layer = await attack('link-loop', root => symlinkSync('hosts', join(root, 'etc/hosts')));
    await t.rejects(agent.run([layer], ['true']), { code: 'SANDBOX_MOUNT', message: /symbolic links/ });
  });
  t.test('the working directory is a link out of the root', async t => {
    const layer = await attack('link-cwd', root => symlinkSync(victim, join(root, 'work')));
    t.equal((await agent.sh([layer], 'pwd -P', { cwd: '/work/x' })).out, `${victim}/x\n`, 'a place inside');
  });
  t.test('/dev/null of the image is never used', async t => {
    const layer = await attack('null', root => {
      mkdirSync(join(root, 'dev'));
      symlinkSync('/proc/sys/kernel/core_pattern', join(root, 'dev/null'));
    });
    t.match((await agent.sh([layer], 'stat -c %F /dev/null')).out, /character special/);
  });
  t.test('nothing came out', async t => {
    t.equal(execFileSync('find', [victim], { encoding: 'utf8' }).trim(), victim);
  });
});

t.test('150 layers', { skip: lacks ?? false }, async t => {
  const agent = Agent.open(packageRoot, storeFor(base, 'range', 'many'), 'range');
  t.teardown(() => agent.close());
  await agent.start();
  const layers = [await agent.import(image)];
  for (let n = 0; n < 149; n++) {
    const root = join(base, `layer-${n}.d`);
    mkdirSync(root);
    writeFileSync(join(root, `file-${n}`), String(n));
    layers.push(await agent.import(packTree(base, `layer-${n}`, root)));
  }
  const { out } = await agent.sh(layers, 'ls / | grep -c file-; cat /file-148');
  t.match(out, /^149\n148$/);
});

t.test('an error of the worker is the same error here', { skip: lacks ?? false }, async t => {
  const agent = Agent.open(packageRoot, storeFor(base, 'range', 'errors'), 'range', {
    storageDriver: 'nope' as StorageDriver,
  });
  t.teardown(() => agent.close());
  const error = await agent.start().catch(error => error);
  t.type(error, RemoteError);
  t.match(error, { className: 'SandboxError', code: 'SANDBOX_DRIVER' });
});
