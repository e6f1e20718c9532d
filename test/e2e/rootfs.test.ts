// Containers that are made of a directory instead of an image.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxTar } from '../fixtures/e2e/busybox.js';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { ended, WORLDS, type World } from '../fixtures/e2e/worlds.js';

/** A root file system in a directory of the person's. */
async function unpacked(world: World): Promise<string> {
  const root = world.files('root', { 'etc/motd': 'hello\n' });
  await ended(world.command(['tar', '-x', '-C', root]), busyboxTar());
  return root;
}

function namesIn(root: string): string[] {
  return (readdirSync(root, { recursive: true }) as string[]).sort();
}

const ours = WORLDS.filter(({ runtime }) => runtime === undefined);

eachWorld(ours, 'a directory as the root', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  const root = await unpacked(world);
  const before = namesIn(root);
  const owner = statSync(root).uid;

  t.equal(await out('run', '--rm', '--rootfs', root, 'cat', '/etc/motd'), 'hello\n');
  t.same(namesIn(root), before, 'mount points of ours are gone');
  symlinkSync('root', join(world.base, 'link'));
  const relative = ['run', '--rm', '--rootfs', 'link', 'sh', '-c', 'echo x > /tmp/made; id -u'];
  t.equal((await world.ok(relative, { cwd: world.base })).stdout, '0\n', 'a path of the current directory');
  t.equal(statSync(join(root, 'tmp/made')).uid, owner, 'what it writes is the caller’s');

  await out('create', '--name', 'box', '-u', 'app', '--rootfs', root, 'sleep', '1000');
  t.match(await out('ps', '-a', '--format', '[{{.Image}}] {{.Status}}'), '[] Created');
  await out('start', 'box');
  if (world.spec.who !== 'single')
    t.equal(await out('exec', 'box', 'id', '-u'), '1000\n', 'names are those of its /etc/passwd');
  const shared = ['run', '-d', '--name', 'also', '--rootfs', root, 'sleep', '1000'];
  await out(...shared);
  await out('rm', '-f', 'box');
  t.match(await out('exec', 'also', 'cat', '/proc/1/cmdline'), /sleep/, 'another one keeps its mounts');
  await out('cp', join(root, 'etc/motd'), 'also:/tmp/copied');
  t.equal(execFileSync('cat', [join(root, 'tmp/copied')], { encoding: 'utf8' }), 'hello\n');
  const [inspected] = JSON.parse(await out('inspect', 'also'));
  t.match(inspected, { Image: '', Rootfs: root, Config: { Image: '' } });
  t.match(await world.shale(['diff', 'also']), { code: 1, stderr: /nothing tells what it has changed/ });
  await out('kill', 'also');
  const tar = await out('export', 'also');
  t.match(tar, /tmp\/copied/, 'all of the directory is exported');
  await out('rm', 'also');
  t.ok(statSync(join(root, 'bin/busybox')).size > 0, 'rm leaves the directory alone');
});

eachWorld(ours, 'an overlay above a directory', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  const root = await unpacked(world);
  const before = namesIn(root);
  const script = 'rm /etc/motd; echo x > /made; sleep 1000';
  await out('run', '-d', '--name', 'box', '--rootfs', `${root}:O`, 'sh', '-c', script);
  while ((await world.shale(['exec', 'box', 'cat', '/made'])).stdout !== 'x\n');
  t.equal(await out('diff', 'box'), 'C /etc\nD /etc/motd\nA /made\n');
  const refused = await world.shale(['commit', 'box', 'made']);
  t.match(refused, { code: 1, stderr: /cannot commit a container that uses an exploded rootfs/ });
  await out('stop', '-t', '0', 'box');
  t.same(namesIn(root), before, 'the directory is as it was');
  await out('start', 'box');
  t.equal(await out('exec', 'box', 'cat', '/made'), 'x\n', 'what was written is there again');
  await out('kill', 'box');
  const archive = join(world.base, 'all.tar');
  await out('export', '-o', archive, 'box');
  await out('import', archive, 'again');
  t.equal(await out('run', '--rm', 'again', 'cat', '/made'), 'x\n');
  const gone = await world.shale(['run', '--rm', 'again', 'cat', '/etc/motd']);
  t.match(gone.stderr, /No such file/, 'what it removed is not exported');
  await out('rm', 'box');
  t.same(namesIn(root), before);
});

eachWorld([{ who: 'range', runtime: 'runc' }], 'a directory in an OCI runtime', async (t, world) => {
  const root = await unpacked(world);
  const before = namesIn(root);
  const above = readdirSync(world.base);
  t.equal((await world.ok(['run', '--rm', '--rootfs', root, 'cat', '/etc/motd'])).stdout, 'hello\n');
  await world.ok(['run', '--rm', '--rootfs', `${root}:O`, 'sh', '-c', 'echo x > /made']);
  t.same(namesIn(root), before);
  t.same(readdirSync(world.base), above, 'nothing lies beside it');
});

eachWorld(WORLDS.slice(0, 1), 'a directory that is none', async (t, world) => {
  const root = await unpacked(world);
  const cases: [operand: string, stderr: RegExp][] = [
    [`${root}:idmap`, /needs root/],
    [`${root}:X`, /no such option: X/],
    ['', /no directory/],
    [join(root, 'nothing'), /no such file or directory/],
    [join(root, 'bin/busybox'), /not a directory/],
    ['/', /overlap/],
    [world.store, /overlap/],
    [world.base, /overlap/],
  ];
  for (const [operand, stderr] of cases)
    t.match(await world.shale(['run', '--rm', '--rootfs', operand, 'true']), { code: 125, stderr }, operand);
  t.match(await world.shale(['run', '--rm', '--rootfs', root]), { code: 125, stderr: /no command/ });
  rmSync(join(root, 'etc/passwd'));
  symlinkSync('../../../../../../../../etc/passwd', join(root, 'etc/passwd'));
  const name = ['run', '--rm', '-u', 'shale-a', '--rootfs', root, 'true'];
  t.match(await world.shale(name), { code: 125, stderr: /shale-a/ }, 'users are not those of the host');
  t.equal((await world.ok(['ps', '-aq'])).stdout, '');
  const others = join(world.base, 'others');
  cpSync(root, others, { recursive: true, verbatimSymlinks: true });
  chmodSync(others, 0o755);
  const stranger = await world.shale(['run', '--rm', '--rootfs', others, 'true']);
  t.match(stranger, { code: 125, stderr: /Permission denied.*a copy of your own/s });
  await world.ok(['create', '--name', 'box', '--rootfs', root, 'true']);
  execFileSync('mv', [root, `${root}-away`]);
  t.match(await world.shale(['start', 'box']), { code: 1, stderr: /no such file or directory/ });
  await world.ok(['rm', 'box']);
});
