// What the monitor does while nobody looks: starts again, checks the health, reaps.
import { setTimeout as sleep } from 'node:timers/promises';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { WORLDS, type World } from '../fixtures/e2e/worlds.js';

const [range, , , single] = WORLDS;
const both = [range, single].flatMap(spec => spec ?? []);
const one = [range].flatMap(spec => spec ?? []);

async function until(world: World, format: string, wanted: RegExp, name: string): Promise<string> {
  let seen = '';
  for (const end = Date.now() + 15_000; Date.now() < end; await sleep(60)) {
    seen = (await world.ok(['inspect', '-f', format, name])).stdout;
    if (wanted.test(seen)) return seen;
  }
  throw new Error(`${name}: ${wanted} did not come: ${seen}`);
}

eachWorld(both, 'a container that ends is started again', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  const state = '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}';
  const fails = ['sh', '-c', 'echo run; echo x >> /count; exit 3'];
  await out('run', '-d', '--name', 'twice', '--restart', 'on-failure:2', 'busybox', ...fails);
  t.equal(await out('wait', 'twice'), '3\n');
  t.equal(await out('inspect', '-f', state, 'twice'), 'exited 3 2\n');
  t.equal(await out('logs', 'twice'), 'run\nrun\nrun\n');
  t.equal(await out('diff', 'twice'), 'A /count\n', 'its files stay');
  await out('run', '-d', '--name', 'good', '--restart', 'on-failure', 'busybox', 'true');
  t.equal(await out('wait', 'good'), '0\n');

  await out('run', '-d', '--name', 'ever', '--restart', 'always', 'busybox', 'false');
  await until(world, state, /restarting 1 [2-9]/, 'ever');
  t.match(await out('ps'), /Restarting \(1\) .* ago/);
  t.match((await world.shale(['rm', 'ever'])).stderr, /container is running/);
  await out('stop', 'ever');
  t.match(await out('inspect', '-f', state, 'ever'), /^exited 1 /);

  const sleeps = ['run', '-d', '--name', 'stopped', '--restart', 'unless-stopped', 'busybox'];
  await out(...sleeps, 'sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done');
  const pid = await out('inspect', '-f', '{{.State.Pid}}', 'stopped');
  process.kill(Number(pid), 'SIGKILL');
  await until(world, state, /running 0 1/, 'stopped');
  await out('kill', 'stopped');
  t.equal(await out('inspect', '-f', state, 'stopped'), 'exited 137 1\n', 'what is killed stays down');
  await out('start', 'stopped');
  await until(world, state, /running 0 0/, 'stopped');
  await out('restart', '-t', '0', 'stopped');
  await until(world, state, /running 0 0/, 'stopped');
  t.equal(await out('update', '--restart', 'no', 'stopped'), 'stopped\n');
  process.kill(Number(await out('inspect', '-f', '{{.State.Pid}}', 'stopped')), 'SIGKILL');
  t.equal(await out('wait', 'stopped'), '137\n');
  await out('rm', '-f', 'twice', 'good', 'ever', 'stopped');

  const wrong = await world.shale(['run', '-d', '--restart', 'always', '--rm', 'busybox', 'true']);
  t.match(wrong, { code: 125, stderr: /cannot specify both --restart and --rm/ });
  const missing = await world.shale([
    'run',
    '-d',
    '--name',
    'missing',
    '--restart',
    'always',
    'busybox',
    '/none',
  ]);
  t.equal(missing.code, 127, 'a program that is not there is not tried again');
  await out('rm', 'missing');
});

eachWorld(one, 'health checks', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  const health = '{{.State.Health.Status}} {{.State.Health.FailingStreak}}';
  const every = ['--health-interval', '200ms', '--health-retries', '2'];
  const check = 'echo looking; test -e /good';
  await out('run', '-d', '--name', 'sick', '--health-cmd', check, ...every, 'busybox', 'sleep', '100');
  await out('run', '-d', '--name', 'new', '--health-cmd', check, 'busybox', 'sleep', '100');
  t.match(await out('ps', '-f', 'health=starting'), /\(health: starting\) .* new$/m);
  await until(world, health, /^unhealthy [2-9]/, 'sick');
  t.match(await out('ps', '-f', 'health=unhealthy'), /\(unhealthy\) /);
  const [entry] = JSON.parse(await out('inspect', '-f', '{{json .State.Health.Log}}', 'sick'));
  t.match(entry, { ExitCode: 1, Output: 'looking\n', Start: /^\d{4}-.*Z$/ });
  await out('exec', 'sick', 'touch', '/good');
  await until(world, health, /^healthy 0/, 'sick');
  await sleep(1200);
  t.equal(JSON.parse(await out('inspect', '-f', '{{json .State.Health.Log}}', 'sick')).length, 5);
  await out('rm', '-f', 'sick', 'new');

  await world.ok(['build', '-t', 'checked', '-'], {
    input: 'FROM busybox\nHEALTHCHECK --interval=200ms --timeout=300ms --retries=1 CMD sleep 10\n',
  });
  await out('run', '-d', '--name', 'slow', 'checked', 'sleep', '100');
  await until(world, health, /^unhealthy 1/, 'slow');
  const log = await out('inspect', '-f', '{{json .State.Health.Log}}', 'slow');
  t.match(log, /"ExitCode":-1,"Output":"Health check exceeded timeout \(0\.3s\)"/);
  await out('run', '-d', '--name', 'none', '--no-healthcheck', 'checked', 'sleep', '100');
  t.equal(await out('inspect', '-f', '{{json .State.Health}}', 'none'), 'null\n');
  await out('rm', '-f', 'slow', 'none');
});

eachWorld(one, 'a first process of its own', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  const orphan = 'sh -c "sleep 0.2 & exit"; sleep 0.5; ps -o stat | grep -c Z; exit 7';
  await out('run', '-d', '--init', '--name', 'box', 'busybox', 'sh', '-c', orphan);
  t.equal(await out('wait', 'box'), '7\n');
  t.equal(await out('logs', 'box'), '0\n', 'orphans are reaped');
  const trap = 'trap "exit 9" TERM; echo $$; while :; do sleep 0.1; done';
  await out('run', '-d', '--init', '--name', 'term', 'busybox', 'sh', '-c', trap);
  await sleep(200);
  await out('stop', 'term');
  t.equal(await out('inspect', '-f', '{{.State.ExitCode}}', 'term'), '9\n', 'signals reach the program');
  t.not(await out('logs', 'term'), '1\n');
  const missing = await world.shale(['run', '--init', '--name', 'no', 'busybox', '/none']);
  t.equal(missing.code, 127);
  t.equal(
    await out('run', '--rm', '--init', 'busybox', 'sh', '-c', 'kill -9 $$')
      .catch(String)
      .then(text => /137/.test(text)),
    true,
  );
  await out('rm', 'box', 'term', 'no');
});
