// Containers in which the caller is not root but the same user as outside.
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { ended, stagedPackage, WORLDS, type World } from '../fixtures/e2e/worlds.js';

const ranges = WORLDS.filter(({ who, runtime }) => who === 'range' && runtime === undefined);
const one = ranges.slice(0, 1);

/** The person's own ids, and an image with files of several owners, some of them in a layer that is a tree alone. */
async function prepare(world: World): Promise<{ uid: number; gid: number }> {
  const context = world.files('context', {
    Dockerfile:
      'FROM busybox\nRUN echo x > /home/app/own && chown 1000:1001 /home/app/own && chown 3000:0 /var/lib && ' +
      'touch /var/lib/big && chown 60000:60000 /var/lib/big\n',
  });
  await world.ok(['build', '-q', '-t', 'owners', context]);
  const { uid, gid } = statSync(world.base);
  return { uid, gid };
}

const OWNERS = ['stat', '-c', '%u:%g', '/', '/bin/busybox', '/home/app/own', '/var/lib', '/var/lib/big'];
const EXPECTED = '0:0\n0:0\n1000:1001\n3000:0\n60000:60000\n';

eachWorld(ranges, 'the same user inside and outside', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  const { uid, gid } = await prepare(world);
  const run = ['run', '--rm', '--userns', 'keep-id'];
  t.equal(
    await out(...run, 'owners', 'sh', '-c', 'id -u; id -g; id -un; pwd'),
    `${uid}\n${gid}\n${world.user}\n/\n`,
  );
  t.equal(await out(...run, 'owners', ...OWNERS), EXPECTED, 'the owners of the image');
  const shared = world.files('shared', { mine: 'x' });
  const script = 'stat -c %u:%g /s/mine; echo y > /s/made; chown 5 /s/made 2>&1 || echo refused; echo > /no';
  const written = await world.shale([...run, '-v', `${shared}:/s`, 'owners', 'sh', '-c', script]);
  t.match(written.stdout, new RegExp(`^${uid}:${gid}\n.*\nrefused\n$`));
  t.match(written.stderr, /can't create \/no: Permission denied/, 'it is not root');
  t.match(statSync(join(shared, 'made')), { uid, gid }, 'its files are the caller’s');
  const other = ['run', '--rm', '--userns=keep-id:uid=200,gid=210', '-v', `${shared}:/s`];
  t.equal(await out(...other, 'owners', 'stat', '-c', '%u:%g', '/s/mine', '/bin/sh'), '200:210\n0:0\n');
  t.match(
    await out(...other, 'owners', 'tail', '-n1', '/etc/passwd', '/etc/group'),
    /200:\*:200:210:.*210:x:210:/s,
  );
  const root = ['-u', '0', 'owners', 'sh', '-c', 'id -u; id -G; touch /new; stat -c %u /new'];
  t.equal(await out(...run, ...root), `0\n0 ${gid}\n0\n`, 'another user, in the caller’s group');
  const users = [
    '-u',
    '0',
    'owners',
    'sh',
    '-c',
    'echo new:x:5:5::/: > /etc/p; mv /etc/p /etc/passwd; id -u new',
  ];
  t.equal((await world.shale([...run, ...users])).stdout, '5\n', 'root may replace /etc/passwd');
  const known = [
    'run',
    '--rm',
    '--userns=keep-id:uid=1000,gid=1001',
    'owners',
    'sh',
    '-c',
    'id -un; echo $HOME',
  ];
  t.equal(await out(...known), 'app\n/home/app\n', 'a user that the image has stays as it is');
  t.equal(await out('run', '--rm', 'owners', ...OWNERS), EXPECTED, 'others see the image as ever');
});

eachWorld(ranges, 'a container of other ids that stays', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  const { uid, gid } = await prepare(world);
  const keep = ['run', '-d', '--name', 'box', '--userns=keep-id'];
  await out(...keep, '-v', 'data:/home/app', 'owners', 'sh', '-c', 'echo up; sleep 1000');
  t.equal(await out('diff', 'box'), '', 'nothing is changed by the start');
  const [shown] = JSON.parse(await out('inspect', 'box'));
  t.match(shown, { HostConfig: { UsernsMode: 'keep-id' }, Config: { User: `${uid}:${gid}` } });
  t.equal(await out('exec', 'box', 'id', '-u'), `${uid}\n`);
  t.equal(await out('exec', '-u', 'app', 'box', 'id', '-u'), '1000\n', 'and one by name');
  t.equal(await out('exec', 'box', 'stat', '-c', '%u', '/home/app/own'), '1000\n', 'so in a volume');
  const change = `echo x > /root/r; echo x > /tmp/s; chown ${uid}:7 /tmp/s; echo >> /etc/passwd; rm /var/lib/big`;
  await out('exec', '-u', '0', 'box', 'sh', '-c', change);
  const local = world.files('local', { file: 'copied' });
  await out('cp', join(local, 'file'), 'box:/tmp/copied');
  t.equal(await out('exec', 'box', 'stat', '-c', '%u', '/tmp/copied'), '0\n', 'cp gives to root');
  const changed = 'C /root\nA /root/r\nC /tmp\nA /tmp/copied\nA /tmp/s\nC /var\nC /var/lib\nD /var/lib/big\n';
  t.equal(await out('diff', 'box'), changed);
  await out('stop', '-t', '0', 'box');
  t.equal(await out('diff', 'box'), changed);
  await out('cp', 'box:/tmp/s', join(local, 's'));
  t.ok(existsSync(join(local, 's')), 'cp from a stopped one');

  await out('commit', 'box', 'made');
  const tar = join(world.base, 'made.tar');
  await out('save', '-o', tar, 'made');
  const read = (...args: string[]): string =>
    execFileSync('tar', args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  const [{ Layers }] = JSON.parse(read('-xOf', tar, 'manifest.json'));
  execFileSync('tar', ['-xf', tar, '-C', local, Layers.at(-1)]);
  const listed = read('-tvf', join(local, Layers.at(-1)), '--numeric-owner');
  t.match(listed, /0\/0 .* root\/r\n/, 'owners in the layer');
  t.match(listed, new RegExp(`${uid}/7 .* tmp/s\n`));
  t.match(listed, /3000\/0 .* var\/lib\/\n/);
  t.match(listed, /0\/0 .* var\/lib\/\.wh\.big\n/);
  t.notMatch(listed, /passwd|group/, 'what was mounted is not in it');
  await out('export', '-o', tar, 'box');
  t.match(read('-tvf', tar, '--numeric-owner'), new RegExp(`${uid}/7 .* tmp/s\n`), 'and in an export');

  await out('start', 'box');
  t.equal(await out('exec', 'box', 'cat', '/root/r'), 'x\n');
  await out('kill', 'box');
  t.match(await world.shale(['run', '--rm', '--network', 'container:box', 'busybox', 'true']), { code: 125 });
  await out('rm', 'box');
  t.equal(await out('run', '--rm', 'made', 'stat', '-c', '%u:%g', '/tmp/s', '/root/r'), `${uid}:7\n0:0\n`);
});

eachWorld(ranges, 'a run of the library', async (t, world) => {
  const options = {
    ...{ root: world.store, image: 'busybox', keepId: {}, storageDriver: world.spec.driver },
    secrets: [{ source: { id: 'given', value: 'swordfish' } }],
    command: ['sh', '-c', 'id -u; stat -c %u /bin/busybox; cat /run/secrets/given'],
  };
  const library = join(stagedPackage(), 'dist/index.js');
  const script = `import('${library}').then(({ run }) => run(${JSON.stringify(options)}))`;
  const { stdout, stderr } = await ended(world.command(['node', '-e', script]));
  t.equal(stdout, `${statSync(world.base).uid}\n0\nswordfish`, stderr);
});

eachWorld(one, 'trees of other ids are looked after', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  await prepare(world);
  await out('run', '--rm', 'owners', 'true');
  const trees = () => readdirSync(join(world.store, 'trees'));
  const before = new Set(trees());
  const sizeOf = async (): Promise<string> => await out('system', 'df', '--format', '{{.Type}} {{.Size}}');
  const size = await sizeOf();
  const run = ['run', '--rm', '--userns', 'keep-id', 'owners'];
  await out(...run, 'true');
  const added = trees().filter(name => !before.has(name));
  t.equal(added.length, 2, 'one for each layer');
  t.not(await sizeOf(), size, 'system df counts them');
  t.equal((await world.shale(['fsck'])).code, 0);
  const damaged = added
    .map(name => join(world.store, 'trees', name, 'bin/busybox'))
    .find(path => existsSync(path));
  appendFileSync(damaged ?? '', 'x');
  t.match(await world.shale(['fsck']), { code: 1, stdout: /busybox/ });
  await world.shale(['fsck', '--repair']);
  t.equal(await out(...run, 'echo', 'again'), 'again\n', 'a damaged one is made anew');
  await out(
    'run',
    '--restart',
    'on-failure:1',
    '--name',
    'box',
    ...run.slice(2),
    'sh',
    '-c',
    'id -u; exit 3',
  ).catch(() => '');
  while (!/Exited/.test(await out('ps', '-a', '--format', '{{.Status}}'))) await sleep(50);
  const { uid } = statSync(world.base);
  t.equal(await out('logs', 'box'), `${uid}\n${uid}\n`, 'started again by its monitor');
  await out('rm', 'box');
  await out('rmi', '-f', 'owners', 'busybox');
  await out('system', 'prune', '-af');
  t.same(trees(), [], 'they go with their image');
});

eachWorld([{ who: 'single', driver: 'overlay' }], 'the same user where there is one id', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  const { uid, gid } = statSync(world.base);
  const shared = world.files('shared', { mine: 'x' });
  const script = 'id -u; id -g; id -un; stat -c %u:%g /s/mine /bin/busybox; echo y > /s/made';
  const run = ['--userns', 'keep-id', '-v', `${shared}:/s`, 'busybox', 'sh', '-c', script];
  const own = `${uid}:${gid}\n`;
  t.equal(await out('run', '--rm', ...run), `${uid}\n${gid}\n${world.user}\n${own}${own}`, 'all is theirs');
  t.equal(statSync(join(shared, 'made')).uid, uid);
  await out('run', '-d', '--name', 'box', '--userns', 'keep-id:uid=7', 'busybox', 'sleep', '1000');
  t.equal(await out('exec', 'box', 'id', '-u'), '7\n');
  t.equal(await out('diff', 'box'), '');
  await out('rm', '-f', 'box');
});

eachWorld(one, 'ids that cannot be kept', async (t, world) => {
  const cases: [args: string[], stderr: RegExp][] = [
    [['--userns=keep-id:foo=1'], /unknown option specified: "foo"/],
    [['--userns=keep-id:uid=a'], /invalid uid "a"/],
    [['--userns=keep-id:uid=4294967295'], /must be in range 0-2147483647/],
    [['--userns=keep-idx'], /not supported/],
    [['--userns=host'], /not supported/],
    [['--userns=keep-id', '--network', 'container:x'], /keep-id and the network mode/],
    [['--userns=keep-id', '--runtime', 'runc'], /need shale-runner/],
  ];
  for (const [args, stderr] of cases)
    t.match(
      await world.shale(['run', '--rm', ...args, 'busybox', 'true']),
      { code: 125, stderr },
      args.join(' '),
    );
  for (const mode of ['', 'private', 'auto'])
    t.equal((await world.ok(['run', '--rm', `--userns=${mode}`, 'busybox', 'id', '-u'])).stdout, '0\n');
  const high = ['run', '--rm', '--userns=keep-id:uid=70000', 'busybox', 'id', '-u'];
  t.equal((await world.ok(high)).stdout, '70000\n', 'above all others');
  await world.ok(['create', '--name', 'box', '--userns=keep-id', 'busybox', 'true']);
  t.match(await world.shale(['unshare', join(stagedPackage(), 'bin/shale'), 'mount', 'box']), {
    stderr: /for a user who is not root/,
  });
  await world.ok(['rm', 'box']);
});

eachWorld([{ who: 'root', driver: 'overlay' }], 'root keeps no ids', async (t, world) => {
  const refused = await world.shale(['run', '--rm', '--userns=keep-id', 'nothing', 'true']);
  t.match(refused, { code: 125, stderr: /keep-id is only supported in rootless mode/ });
});
