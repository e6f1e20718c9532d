// Processes of RUN steps: exit codes, streams, ends. As each kind of user.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import {
  Agent,
  copyPackage,
  makeBase,
  makeImage,
  makeUsers,
  missing,
  processesWith,
  storeFor,
  type Who,
} from '../fixtures/sandbox/room.js';

const lacks = missing();
const base = makeBase();
t.teardown(() => rmSync(base, { recursive: true, force: true }));
if (!lacks) makeUsers();
const packageRoot = lacks ? '' : copyPackage(base);
const image = lacks ? '' : makeImage(base, 'image');

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

    t.test('a runner that is killed takes its container along', async t => {
      const running = agent.sh(layers, 'sleep 98761');
      running.catch(() => {});
      await sleep(300);
      const [runner] = processesWith('shale-runner run').filter(line => line.includes(packageRoot));
      process.kill(Number.parseInt(runner ?? '', 10), 'SIGKILL');
      await t.rejects(running, { code: 'SANDBOX_RUNNER_DIED' });
      await sleep(50);
      t.same(processesWith('sleep 98761'), []);
    });

    t.test('an abort does not wait for a reader who has stopped', async t => {
      const running = agent.sh(layers, 'cat /dev/zero', {}, { key: 'stuck', slow: 1_000_000 });
      await sleep(500);
      await agent.ask('abort', { key: 'stuck' });
      await t.rejects(running, { message: /abort/i });
    });

    t.test('whatever a step has made can be deleted', async t => {
      const runs = () =>
        execFileSync('find', [join(store, 'tmp'), '-maxdepth', '2', '-name', '*-run'], { encoding: 'utf8' })
          .split('\n')
          .sort();
      const before = runs();
      const odd = 'touch "$(printf \'/tmp/\\377\\001\')"; chmod 0 /tmp; ';
      const deep =
        'cd /; i=0; while [ $i -lt 60 ]; do n=$(printf %0100d $i); mkdir $n && cd $n; i=$((i+1)); done';
      const run = await agent.run(layers, ['sh', '-c', odd + deep]);
      t.equal(run.exitCode, 0, run.err);
      await agent.ask('discard', { changes: run.changes });
      t.same(runs(), before);
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
