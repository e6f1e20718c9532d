import type { ChildProcess } from 'node:child_process';
import { on, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { alive, ended, leftovers, WORLDS } from '../fixtures/e2e/worlds.js';

const DOCKERFILE = 'FROM busybox\nRUN echo kept > /kept\nRUN echo running; sleep 300 & sleep 300\n';

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  eachWorld(WORLDS, `${signal} stops everything and leaves nothing`, async (t, world) => {
    const context = world.files('context', { Dockerfile: DOCKERFILE });
    const build = world.spawn(['build', '--progress', 'plain', context]);
    const seen: Buffer[] = [];
    build.stderr?.on('data', (data: Buffer) => seen.push(data));
    while (!/ running\n/.test(Buffer.concat(seen).toString())) await sleep(50);
    const closed = once(build, 'close');
    const since = Date.now();
    build.kill(signal);
    const [exitCode] = await closed;
    t.equal(exitCode, code);
    t.ok(Date.now() - since < 5000, `ended after ${Date.now() - since} ms`);
    t.same(leftovers(world.base), []);
    t.match((await world.ok(['fsck'])).stdout, /0 damaged/);
  });
}

eachWorld(
  WORLDS.slice(0, 3),
  'kill -9: the step dies with us, and the next build goes on',
  async (t, world) => {
    const context = world.files('context', { Dockerfile: DOCKERFILE });
    const build = world.spawn(['build', '--progress', 'plain', context]);
    const seen: Buffer[] = [];
    build.stderr?.on('data', (data: Buffer) => seen.push(data));
    while (!/ running\n/.test(Buffer.concat(seen).toString())) await sleep(50);
    build.kill('SIGKILL');
    await once(build, 'close');
    for (let tries = 0; tries < 40 && alive(world.base).length > 0; tries++) await sleep(50);
    t.same(alive(world.base), [], 'no process, no mount');
    const next = world.files('next', {
      Dockerfile: 'FROM busybox\nRUN echo kept > /kept\nRUN echo after > /after\n',
    });
    const { stderr } = await world.ok(['build', '--progress', 'plain', next]);
    t.match(stderr, /RUN echo kept > \/kept\n#\d+ CACHED/);
    t.match((await world.ok(['fsck'])).stdout, /0 damaged/);
  },
);

async function outputOf(child: ChildProcess, wanted: string): Promise<void> {
  let seen = '';
  for await (const [data] of on(child.stdout ?? child, 'data')) {
    seen += String(data);
    if (seen.includes(wanted)) return;
  }
}

eachWorld(WORLDS.slice(0, 1), 'signals are for the program that runs in the foreground', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  const script = 'trap "echo heard; exit 5" INT; echo up; while :; do sleep 0.1; done';
  const health = ['--health-cmd', 'true', '--health-interval', '100ms'];
  const listens = world.spawn(['run', '--rm', ...health, 'busybox', 'sh', '-c', script]);
  await outputOf(listens, 'up');
  let status = '';
  while (!status.includes('healthy')) status = await out('ps', '--format', '{{.Image}} {{.Status}}');
  t.match(status, /^busybox Up .* \(healthy\)/, 'it can be found, and its health is checked');
  const over = ended(listens);
  listens.kill('SIGINT');
  t.match(await over, { code: 5, stdout: 'heard\n' });
  t.equal(await out('ps', '-aq'), '');

  const deaf = world.spawn(['run', '--rm', 'busybox', 'sh', '-c', 'echo up; sleep 1000']);
  await outputOf(deaf, 'up');
  const left = ended(deaf);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGINT'] as const) {
    t.equal(deaf.exitCode, null);
    deaf.kill(signal);
    await sleep(300);
  }
  t.match(await left, { code: 1, stderr: /got 3 SIGTERM\/SIGINTs, forcefully exiting/ });
  const id = (await out('ps', '-q')).trim();
  t.match(id, /^[0-9a-f]{12}$/, 'as with docker, the container goes on');
  await out('kill', id);
  while ((await out('ps', '-aq')) !== '') await sleep(50);
});
