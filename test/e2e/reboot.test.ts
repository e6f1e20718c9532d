// A machine that was switched off: the files of running containers are as they were, and nobody holds them.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import type { World, WorldSpec } from '../fixtures/e2e/worlds.js';

/** the driver is found out, and remembered */
const one: WorldSpec[] = [{ who: 'range' }];

/** Ends everything of a store at once, and gives its files back as they were before anybody could tidy up. */
async function powerCut(
  world: World,
  id: string,
  change: (files: Map<string, Buffer>) => void,
): Promise<void> {
  const directory = join(world.store, 'containers', id);
  const names = readdirSync(directory, { withFileTypes: true }).filter(entry => entry.isFile());
  const files = new Map(names.map(({ name }) => [name, readFileSync(join(directory, name))]));
  const fields = files.get('report')?.toString('latin1').split('\0') ?? [];
  process.kill(Number(fields[fields.indexOf('monitor') + 1]), 'SIGKILL');
  await world.ok(['wait', id]);
  change(files);
  for (const [name, bytes] of files) writeFileSync(join(directory, name), bytes);
  // what was found out on another boot
  const driver = join(world.store, 'sandbox/driver.json');
  const { key, ...found } = JSON.parse(readFileSync(driver, 'utf8')) as { key: string };
  writeFileSync(driver, JSON.stringify({ ...found, key: key.replace(/^\S+/, 'another-boot') }));
}

/** The number of the monitor is now that of a process that has nothing to do with it. */
function asSomebodyElse(files: Map<string, Buffer>): void {
  const fields = files.get('report')?.toString('latin1').split('\0') ?? [];
  fields[fields.indexOf('monitor') + 1] = String(process.pid);
  files.set('report', Buffer.from(fields.join('\0'), 'latin1'));
}

/** What was not synced when the power went: a file may be empty, or zeros. */
function asHalfWritten(files: Map<string, Buffer>): void {
  files.set('report', Buffer.alloc(100));
  files.set('spec', Buffer.alloc(0));
  files.set('health.json', Buffer.alloc(0));
  files.set('log', Buffer.concat([files.get('log') ?? Buffer.alloc(0), Buffer.alloc(20)]));
}

for (const [title, change] of [
  ['a machine that was rebooted', asSomebodyElse],
  ['a machine that has lost its power', asHalfWritten],
] as const)
  eachWorld(one, title, async (t, world) => {
    const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
    const script = 'echo up; echo x >> /runs; sync; sleep 1000';
    const health = ['--health-cmd', 'true', '--health-interval', '1h'];
    const flags = ['--name', 'box', '--restart', 'always', '-v', 'data:/data', '-p', '80', ...health];
    const id = (await out('run', '-d', ...flags, 'busybox', 'sh', '-c', script)).trim();
    await out('exec', 'box', 'touch', '/data/kept');
    await out('pause', 'box');
    await powerCut(world, id, change);

    t.match(await out('ps', '-a', '--format', '{{.Names}} {{.Status}}'), /^box Exited \(137\) .* ago\n$/);
    t.equal(await out('ps', '-q'), '');
    const state = '{{.State.Status}} {{.State.Running}} {{.State.Paused}} {{.State.Pid}} {{.State.ExitCode}}';
    t.equal(await out('inspect', '-f', state, 'box'), 'exited false false 0 137\n');
    t.match(await out('logs', 'box'), /^up\n/);
    t.equal(await out('port', 'box'), '');
    t.equal(await out('diff', 'box'), 'A /runs\n');
    for (const args of [
      ['exec', 'box', 'true'],
      ['kill', 'box'],
      ['unpause', 'box'],
      ['top', 'box'],
    ])
      t.match(await world.shale(args), { code: /^[1-9]/, stderr: /is not running/ }, args.join(' '));
    t.match((await world.shale(['attach', 'box'])).stderr, /cannot attach to a stopped container/);
    await out('stop', 'box');
    t.match((await world.shale(['volume', 'rm', 'data'])).stderr, /in use/);

    await out('start', 'box');
    t.equal(await out('exec', 'box', 'cat', '/runs'), 'x\nx\n', 'its files are there');
    t.equal(await out('inspect', '-f', '{{.State.Status}} {{.State.Paused}}', 'box'), 'running false\n');
    await out('rm', '-f', 'box');
    await out('volume', 'rm', 'data');
    t.match(await world.shale(['fsck']), { code: 0 });
  });
