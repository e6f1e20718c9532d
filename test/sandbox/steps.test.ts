// What a RUN step leaves: layers, exit codes, streams, signals. As each kind of user, over each storage driver.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { LayerEntry } from '../../lib/layer/types.js';
import type { StorageDriver } from '../../lib/sandbox/types.js';
import {
  Agent,
  copyPackage,
  makeBase,
  makeImage,
  makeUsers,
  missing,
  packTree,
  processesWith,
  RemoteError,
  storeFor,
  type Who,
} from '../fixtures/sandbox/room.js';

const lacks = missing();
const base = makeBase();
t.teardown(() => rmSync(base, { recursive: true, force: true }));
if (!lacks) makeUsers();
const packageRoot = lacks ? '' : copyPackage(base);
const image = lacks ? '' : makeImage(base, 'image');
const bare = lacks
  ? ''
  : makeImage(base, 'bare', root => {
      rmSync(join(root, 'etc'), { recursive: true });
      rmSync(join(root, 'tmp'), { recursive: true });
    });

/** As any distribution has it: readable and writable for all. Only the test's own mount namespace sees it. */
function openFuse(): string[] {
  const node = join(base, 'fuse');
  if (!existsSync(node)) execFileSync('mknod', ['-m', '666', node, 'c', '10', '229']);
  return ['unshare', '-m', 'sh', '-c', `mount --bind ${node} /dev/fuse && exec "$@"`, 'sh'];
}

function show(entries: LayerEntry[] | undefined): string[] {
  return (entries ?? []).map(({ path, type }) => `${type} ${path}`).sort();
}

const DRIVERS: StorageDriver[] = ['overlay', 'fuse-overlayfs', 'vfs'];
for (const storageDriver of DRIVERS) {
  for (const who of ['root', 'range', 'single'] as Who[]) {
    t.test(`steps of ${who} over ${storageDriver}`, { skip: lacks ?? false }, async t => {
      const wrap = storageDriver === 'fuse-overlayfs' ? openFuse() : [];
      const store = storeFor(base, who, `steps-${storageDriver}`);
      const agent = Agent.open(packageRoot, store, who, { storageDriver }, wrap);
      t.teardown(() => agent.close());
      t.equal((await agent.start()).driver, storageDriver);
      const layers = [await agent.import(image)];

      t.test('a step that changes nothing makes no layer', async t => {
        const { layer, run } = await agent.step(
          layers,
          'cat /etc/resolv.conf /etc/passwd > /dev/null; ls -R /bin /etc > /dev/null',
        );
        t.equal(layer, null);
        t.equal(run.exitCode, 0);
      });

      t.test('mount points that the image lacks are not in the layer', async t => {
        const bareLayers = [await agent.import(bare)];
        t.equal((await agent.step(bareLayers, 'cat /etc/hosts')).layer, null);
        const { entries } = await agent.step(bareLayers, 'echo x > /etc/mine');
        t.same(show(entries), ['dir etc', 'file etc/mine']);
        const deep = { mounts: [{ type: 'tmpfs' as const, target: '/a/b/c' }] };
        t.equal((await agent.step(bareLayers, 'ls -d /a/b/c', deep)).layer, null);
      });

      t.test('what a step changes is the layer', async t => {
        const first = await agent.step(
          layers,
          'mkdir -p /srv/data && echo one > /srv/data/one && ln /srv/data/one /srv/data/two && ln -s one /srv/data/link && ' +
            'chmod 4750 /srv/data/one && mkfifo /srv/fifo && rm /bin/wget && echo more >> /etc/passwd',
        );
        t.same(show(first.entries), [
          'dir bin',
          'dir etc',
          'dir srv',
          'dir srv/data',
          'fifo srv/fifo',
          'file etc/passwd',
          'file srv/data/one',
          'hardlink srv/data/two',
          'symlink srv/data/link',
          'whiteout bin/wget',
        ]);
        t.equal(first.entries?.find(({ path }) => path === 'srv/data/one')?.mode, 0o4750);
        const chain = [...layers, first.layer ?? layers[0]].flatMap(layer => layer ?? []);
        const { out } = await agent.sh(
          chain,
          'cat /srv/data/two; ls /bin/wget 2>&1; stat -c %h /srv/data/one; tail -1 /etc/passwd',
        );
        t.match(out, /^one\n.*No such file[^\n]*\n2\nmore\n$/);

        const second = await agent.step(
          chain,
          'rm -rf /srv/data && mkdir /srv/data && echo new > /srv/data/three',
        );
        const names = show(second.entries);
        t.ok(names.includes('file srv/data/three'));
        const full = [...chain, second.layer ?? layers[0]].flatMap(layer => layer ?? []);
        t.equal(
          (await agent.sh(full, 'ls -A /srv/data')).out,
          'three\n',
          'an emptied directory stays empty below',
        );
      });

      t.test('owners', async t => {
        const { entries } = await agent.step(layers, 'touch /a && chown 33:34 /a');
        const { uid, gid } = entries?.find(({ path }) => path === 'a') ?? {};
        t.same([uid, gid], who === 'single' ? [0, 0] : [33, 34]);
      });

      t.test('a tar can be made of a committed step', async t => {
        const { layer } = await agent.step(layers, 'echo tar > /tar', {});
        const blob = await agent.ask<{ path: string; digest: string }>('makeBlob', { layer });
        t.equal(blob.digest, layer);
        t.match(execFileSync('tar', ['-tvf', blob.path], { encoding: 'utf8' }), / tar\n/);
      });

      t.test('the working directory is made, and belongs to the layer', async t => {
        const { entries, run } = await agent.step(layers, 'pwd', { cwd: '/work/here' });
        t.equal(run.out, '/work/here\n');
        t.same(show(entries), ['dir work', 'dir work/here']);
      });
    });
  }
}

for (const who of ['root', 'range', 'single'] as Who[]) {
  t.test(`processes of ${who}`, { skip: lacks ?? false }, async t => {
    const store = storeFor(base, who, 'processes');
    const agent = Agent.open(packageRoot, store, who);
    t.teardown(() => agent.close());
    const { notes } = await agent.start();
    const layers = [await agent.import(image)];

    t.test('a single id is said, once', async t => {
      t.equal(notes.filter(note => /single id/.test(note)).length, who === 'single' ? 1 : 0);
    });

    t.test('exit codes as docker has them', async t => {
      t.equal((await agent.sh(layers, 'exit 42')).exitCode, 42);
      t.match(await agent.sh(layers, 'sh -c "kill -9 \\$\\$"; exit $?'), { exitCode: 137 });
      t.match(await agent.run(layers, ['nothing-of-that-name']), {
        exitCode: 127,
        message: /executable file not found in \$PATH/,
      });
      t.match(await agent.run(layers, ['/no/such']), { exitCode: 127, message: /No such file/ });
      t.match(await agent.run(layers, ['/etc/passwd']), { exitCode: 126, message: /Permission denied/ });
      t.match(await agent.run(layers, ['/etc']), { exitCode: 126 });
    });

    t.test('input and output', async t => {
      t.equal((await agent.sh(layers, 'cat', {}, { stdin: 'given\0\xff' })).out, 'given\0\xff');
      const { out, err } = await agent.sh(layers, 'echo out; echo err >&2');
      t.same([out, err], ['out\n', 'err\n']);
      const large = await agent.sh(layers, 'head -c 8000000 /dev/zero; echo end >&2');
      t.same([large.out.length, large.err], [8_000_000, 'end\n']);
      const slow = await agent.sh(layers, 'head -c 3000000 /dev/zero', {}, { slow: 2 });
      t.equal(slow.out, '3000000', 'a slow reader loses nothing');
    });

    t.test('background processes end with the step', async t => {
      await agent.sh(layers, 'sleep 98765 & exit 0');
      t.same(processesWith('sleep 98765'), []);
    });

    t.test('several at a time', async t => {
      const started = Date.now();
      const runs = await Promise.all([1, 2, 3, 4].map(n => agent.sh(layers, `sleep 0.5; echo ${n}`)));
      t.same(
        runs.map(({ out }) => out.trim()),
        ['1', '2', '3', '4'],
      );
      t.ok(Date.now() - started < 1900, 'at the same time');
    });

    t.test('abort', async t => {
      const running = agent.sh(layers, 'sleep 98764', {}, { key: 'a' });
      await sleep(300);
      t.equal(processesWith('sleep 98764').length > 0, true);
      await agent.ask('abort', { key: 'a' });
      await t.rejects(running, { message: /abort/i });
      t.same(processesWith('sleep 98764'), []);
    });

    t.test('what cannot be a step is refused with a code', async t => {
      await t.rejects(agent.run(layers, ['true'], { env: ['NOVALUE'] }), { code: 'SANDBOX_SPEC' });
      await t.rejects(agent.run(layers, ['true'], { env: ['A=\0'] }), { code: 'SANDBOX_SPEC' });
      await t.rejects(agent.run(layers, ['true'], { capAdd: ['FLY'] }), { code: 'USAGE_CAPABILITY' });
      await t.rejects(agent.run(layers, ['true'], { cwd: '/etc/passwd' }), { code: 'SANDBOX_CWD' });
      await t.rejects(agent.run([`sha256:${'0'.repeat(64)}`], ['true']), { code: 'SANDBOX_LAYER_MISSING' });
      await t.rejects(
        agent.run(layers, ['true'], { mounts: [{ type: 'bind', source: '/no/such', target: '/m' }] }),
        { code: 'SANDBOX_MOUNT_SOURCE' },
      );
      if (who === 'range')
        await t.rejects(agent.run(layers, ['true'], { uid: 4_000_000_000 }), { code: 'SANDBOX_USER' });
      await t.rejects(agent.ask('readFile', { path: '/etc/passwd', maxBytes: 9 }), {
        code: 'SANDBOX_PATH_OUTSIDE',
      });
      await t.rejects(agent.ask('remove', { paths: [join(store, '../../x')] }), {
        code: 'SANDBOX_PATH_OUTSIDE',
      });
    });

    t.test('trees of mapped ids can be read and removed', async t => {
      const [tree = ''] = await agent.ask<string[]>('unpack', { layers });
      t.match(await agent.ask('readFile', { path: join(tree, 'etc/passwd'), maxBytes: 10 }), 'root:x:0:0');
      const run = await agent.run(layers, [
        'sh',
        '-c',
        'mkdir -m 0 /locked; touch /locked/x; chown 33 /locked',
      ]);
      await agent.ask('discard', { changes: run.changes });
      t.equal(execFileSync('find', [store, '-name', 'locked'], { encoding: 'utf8' }), '');
    });

    t.test('binds', async t => {
      const source = join(dirname(store), 'shared');
      mkdirSync(source);
      chmodSync(source, 0o777);
      writeFileSync(join(source, 'file'), 'bound');
      const mounts = [
        { type: 'bind' as const, source, target: '/rw' },
        { type: 'bind' as const, source, target: '/ro', readonly: true },
      ];
      const { out, err } = await agent.sh(layers, 'cat /ro/file; echo new > /rw/new; echo no > /ro/no', {
        mounts,
      });
      t.equal(out, 'bound');
      t.match(err, /Read-only/);
      t.equal(readFileSync(join(source, 'new'), 'utf8'), 'new\n');
    });
  });

  t.test(`a killed caller of ${who} leaves nothing running`, { skip: lacks ?? false }, async t => {
    const store = storeFor(base, who, 'killed');
    const agent = Agent.open(packageRoot, store, who);
    await agent.start();
    const layers = [await agent.import(image)];
    agent.sh(layers, 'sleep 98763').catch(() => {});
    await sleep(400);
    t.not(processesWith('sleep 98763').length, 0);
    agent.child.kill('SIGKILL');
    await sleep(300);
    t.same(processesWith('sleep 98763'), []);
    t.same(processesWith(store), [], 'worker, runner and supervisors are gone');
    t.notMatch(readFileSync('/proc/mounts', 'utf8'), store);

    const next = Agent.open(packageRoot, store, who);
    t.teardown(() => next.close());
    await next.start();
    t.equal((await next.sh(layers, 'echo alive')).out, 'alive\n', 'the store goes on');
    const left = execFileSync('find', [join(store, 'tmp'), '-name', 'upper'], { encoding: 'utf8' });
    t.equal(left, '', 'the next worker has swept what the dead one left');
  });
}

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
