// Whoever is killed, and whenever: what is left is a container that ps, rm and start can deal with.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { alive, WORLDS } from '../fixtures/e2e/worlds.js';

const one = [WORLDS[0]].flatMap(spec => spec ?? []);

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

eachWorld(one, 'the parts of a running container', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  const state = (): Promise<string> => out('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'box');
  await out('run', '-d', '--name', 'box', 'busybox', 'sh', '-c', 'echo up; echo x >> /runs; sleep 1000');
  // first process, runner, the namespace's first, its supervisor, monitor
  for (let above = 0; above < 5; above++) {
    let pid = Number(await out('inspect', '-f', '{{.State.Pid}}', 'box'));
    for (let step = 0; step < above; step++) pid = parentOf(pid);
    process.kill(pid, 'SIGKILL');
    t.equal(await out('wait', 'box'), '137\n', `${above} above the program`);
    t.equal(await state(), 'exited 137\n');
    t.match((await world.shale(['exec', 'box', 'true'])).stderr, /is not running/);
    t.match((await world.shale(['attach', 'box'])).stderr, /cannot attach to a stopped container/i);
    t.match(await out('logs', '-f', 'box'), 'up\n');
    t.same(alive(world.base), [], 'nothing runs, nothing is mounted');
    await out('start', 'box');
    t.equal(await state(), 'running 0\n');
  }
  // as a machine that loses its power, or is rebooted: all of it at once
  let pid = Number(await out('inspect', '-f', '{{.State.Pid}}', 'box'));
  const all: number[] = [];
  for (let step = 0; step < 5; step++, pid = parentOf(pid)) all.push(pid);
  // the later ones may have gone with the first
  for (const each of all.reverse()) spawnSync('kill', ['-9', String(each)]);
  await out('wait', 'box');
  t.match(await out('ps', '-a'), /Exited \(137\)/);
  await out('start', 'box');
  t.match(await out('exec', 'box', 'wc', '-l', '/runs'), /^7 /, 'its files are there');
  await out('rm', '-f', 'box');
});

eachWorld(one, 'the command, while it starts a container', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  await out('run', '--rm', 'busybox', 'true');
  const moments = [60, 120, 160, 200, 240, 280, 340];
  for (const [number, milliseconds] of moments.entries()) {
    const child = world.spawn(['run', '-d', '--name', `box${number}`, 'busybox', 'sleep', '1000']);
    await sleep(milliseconds);
    child.kill('SIGKILL');
  }
  await sleep(300);
  const seen = (await out('ps', '-a', '--format', '{{.Names}} {{.State}}')).split('\n').filter(Boolean);
  t.comment(seen.join(', '));
  for (const line of seen) {
    const [name = '', state = ''] = line.split(' ');
    t.match(state, /^(created|running|exited)$/);
    await out('start', name);
    t.equal(await out('inspect', '-f', '{{.State.Running}}', name), 'true\n');
    await out('rm', '-f', name);
  }
  t.equal(await out('ps', '-aq'), '');
  t.equal((await world.shale(['fsck'])).code, 0);
  t.same(readdirSync(`${world.store}/containers`), []);
});
