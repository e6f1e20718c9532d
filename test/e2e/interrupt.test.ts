import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { alive, leftovers, WORLDS } from '../fixtures/e2e/worlds.js';

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
