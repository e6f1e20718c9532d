// A container that stays, over every way to keep its files: what it promises does not depend on the storage driver.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { WORLDS, type World, type WorldSpec } from '../fixtures/e2e/worlds.js';

const DRIVERS = new Set(['overlay', 'fuse-overlayfs', 'vfs']);
const PEOPLE: WorldSpec[] = [
  ...WORLDS.filter(({ who, driver, runtime }) => who === 'range' && !runtime && DRIVERS.has(driver ?? '')),
  { who: 'single', driver: 'fuse-overlayfs' },
  { who: 'single', driver: 'vfs' },
];

function monitorOf(world: World, id: string): number {
  const fields = readFileSync(join(world.store, 'containers', id, 'report'), 'latin1').split('\0');
  return Number(fields[fields.indexOf('monitor') + 1]);
}

/** The names in the tar of an image's last layer, as the store keeps it. */
async function layerOf(world: World, image: string): Promise<string[]> {
  const { stdout } = await world.ok(['image', 'inspect', '-f', '{{json .RootFS.Layers}}', image]);
  const [, hex = ''] = (JSON.parse(stdout) as string[]).at(-1)?.split(':') ?? [];
  const blob = join(world.store, 'blobs/sha256', hex);
  return execFileSync('tar', ['-tf', blob], { encoding: 'utf8' }).trim().split('\n');
}

/** The lines of a container's diff. */
const CHANGES = 'C /etc\nD /etc/group\nA /etc/new\nA /srv\nA /srv/deep\nA /srv/deep/file\n';

eachWorld(PEOPLE, 'a container stays', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  const id = (await out('run', '-d', '--name', 'box', 'busybox', 'sh', '-c', 'echo up; sleep 1000')).trim();
  const driver = world.spec.driver === 'overlay' ? 'overlay2' : world.spec.driver;
  t.equal(await out('inspect', '-f', '{{.Driver}} {{.GraphDriver.Name}}', 'box'), `${driver} ${driver}\n`);
  t.equal(await out('diff', 'box'), '', 'what the sandbox provides is no change');
  await out('exec', 'box', 'sh', '-c', 'echo new > /etc/new; rm /etc/group; mkdir -p /srv/deep');
  const from = world.files('from', { file: 'from the host\n' });
  await out('cp', join(from, 'file'), 'box:/srv/deep/file');
  await out('cp', 'box:/etc/new', join(from, 'copied'));
  t.equal(readFileSync(join(from, 'copied'), 'utf8'), 'new\n');
  t.equal(await out('diff', 'box'), CHANGES, 'while it runs');
  await out('commit', 'box', 'live');
  await out('stop', '-t', '0', 'box');
  t.equal(await out('diff', 'box'), CHANGES, 'when it has ended');

  await out('start', 'box');
  t.equal(await out('exec', 'box', 'cat', '/srv/deep/file', '/etc/new'), 'from the host\nnew\n');
  t.equal(await out('logs', 'box'), 'up\nup\n');
  process.kill(monitorOf(world, id), 'SIGKILL');
  await out('wait', 'box');
  t.match(await out('ps', '-a', '--format', '{{.Status}}'), /^Exited \(137\)/);
  t.equal(await out('diff', 'box'), CHANGES, 'when it was killed');
  await out('start', 'box');
  await out('exec', 'box', 'rm', '-r', '/srv');
  await out('exec', 'box', 'mkdir', '/srv', '/home/app/more');
  await out('rm', '-f', '--volumes', 'box');
  t.notOk(existsSync(join(world.store, 'containers', id)), 'nothing of it is left');

  const committed = ['sh', '-c', 'cat /etc/new /srv/deep/file; test -e /etc/group || echo gone'];
  t.equal(await out('run', '--name', 'again', 'live', ...committed), 'new\nfrom the host\ngone\n');
  t.equal(await out('diff', 'again'), '');
  t.same(await layerOf(world, 'live'), [
    'etc/',
    'etc/.wh.group',
    'etc/new',
    'srv/',
    'srv/deep/',
    'srv/deep/file',
  ]);
  await out('export', '-o', join(world.base, 'all.tar'), 'again');
  const names = execFileSync('tar', ['-tf', join(world.base, 'all.tar')], { encoding: 'utf8' }).split('\n');
  t.ok(names.includes('srv/deep/file') && !names.includes('etc/group'));
  await out('rm', 'again');
  t.match(await world.shale(['fsck']), { code: 0 });
});

eachWorld(
  [{ who: 'range', driver: 'fuse-overlayfs' }],
  'a container and another driver',
  async (t, world) => {
    const over = (driver: string) => ({ env: { SHALE_STORAGE_DRIVER: driver } });
    const shell = 'ls /etc; sleep 1000';
    const id = (await world.ok(['run', '-d', '--name', 'box', 'busybox', 'sh', '-c', shell])).stdout.trim();
    await world.ok(['exec', 'box', 'sh', '-c', 'rm /etc/group; rm -r /home; mkdir /home; touch /home/new']);
    const server = execFileSync('pgrep', ['-f', `fuse-overlayfs .*${id}`], { encoding: 'utf8' });
    process.kill(Number(server), 'SIGKILL');
    t.match((await world.ok(['ps', '-q', '--no-trunc'])).stdout, id, 'its files are gone, it is not');
    await world.ok(['stop', '-t', '0', 'box']);

    const refused = await world.shale(['start', 'box'], over('vfs'));
    t.match(refused, {
      code: 1,
      stderr: /kept by the storage driver fuse-overlayfs, and vfs cannot go on with them/,
    });
    await world.ok(['start', 'box'], over('overlay'));
    t.equal((await world.ok(['exec', 'box', 'ls', '-A', '/home', '/etc'])).stdout.includes('.wh.'), false);
    t.equal((await world.ok(['exec', 'box', 'ls', '-A', '/home'])).stdout, 'new\n');
    await world.ok(['stop', '-t', '0', 'box']);
    await world.ok(['start', 'box']);
    const diff = 'D /etc/group\nC /home\nD /home/app\nA /home/new\n';
    t.equal((await world.ok(['diff', 'box'])).stdout.replace('C /etc\n', ''), diff);
    await world.ok(['rm', '-f', 'box']);
  },
);

eachWorld([{ who: 'range', runtime: 'runc' }], 'an OCI runtime keeps no containers', async (t, world) => {
  const result = await world.shale(['run', '-d', '--rm', 'busybox', 'true']);
  t.equal(result.code, 125);
  t.match(result.stderr, /containers that stay cannot be run by the OCI runtime .*runc/);
  t.match(result.stderr, /leave --runtime and SHALE_RUNTIME out/);
  t.equal((await world.ok(['ps', '-aq'])).stdout, '');
});
