import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { WORLDS, type World } from '../fixtures/e2e/worlds.js';

const kept = WORLDS.filter(({ driver, runtime }) => driver === 'overlay' && runtime === undefined);

const outOf =
  (world: World) =>
  async (...args: string[]): Promise<string> =>
    (await world.ok(args)).stdout;

/** An image with content where volumes go: a file of another user, a link, and hostile links out of the root. */
async function makeImage(world: World): Promise<void> {
  const context = world.files('context', {
    Dockerfile: [
      'FROM busybox',
      'RUN mkdir -p /data/sub /srv && echo first > /data/file && echo x > /data/sub/deep',
      'RUN chown -R 1000:1001 /data && chmod 2750 /data && ln -s file /data/link',
      'RUN ln -s /data /alias && ln -s /../../../../../../etc /escape',
      'VOLUME /data /var/lib/empty',
    ].join('\n'),
  });
  await world.ok(['build', '-q', '-t', 'data', context]);
}

eachWorld(WORLDS, 'a volume keeps what is written, and begins with what the image has', async (t, world) => {
  const out = outOf(world);
  await makeImage(world);
  const sh = (flags: string[], script: string): Promise<string> =>
    out('run', '--rm', ...flags, 'data', 'sh', '-c', script);
  const owner = world.spec.who === 'single' ? '2750 0 0' : '2750 1000 1001';
  t.equal(await sh(['-v', 'one:/data'], 'cat /data/link; echo kept > /data/new'), 'first\n');
  t.equal(
    await sh(
      ['-v', 'one:/data', '-v', 'one:/again:ro'],
      'cat /again/new; stat -c "%a %u %g" /data; cat /data/sub/deep; touch /again/x 2>/dev/null || echo ro',
    ),
    `kept\n${owner}\nx\nro\n`,
  );
  t.equal(
    await sh([], 'ls /data; touch /data/gone; ls /var/lib/empty'),
    'file\nlink\nsub\n',
    "the image's own volumes",
  );
  t.equal(await out('volume', 'ls', '-q'), 'one\n', 'leave nothing');
  await out('volume', 'rm', 'one');
});

eachWorld(kept.slice(0, 1), 'volumes by name, in part, through links', async (t, world) => {
  const out = outOf(world);
  await makeImage(world);
  const sh = (flags: string[], script: string): Promise<string> =>
    out('run', '--rm', ...flags, 'data', 'sh', '-c', script);
  t.equal(await sh(['-v', 'one:/data', '-v', 'two:/srv:nocopy'], 'ls /srv'), '');
  t.equal(await sh(['-v', 'one:/elsewhere'], 'ls /elsewhere'), 'file\nlink\nsub\n');
  t.equal(await sh(['-v', 'three:/alias/sub'], 'ls /data/sub'), 'deep\n', 'links of the image are followed');
  t.equal(await sh(['--mount', 'type=volume,src=one,dst=/m,volume-subpath=sub'], 'ls /m'), 'deep\n');
  await sh(['-v', 'one:/m'], 'ln -s ../../../.. /m/up');
  const out1 = await world.shale([
    ...['run', '--rm', '--mount', 'type=volume,src=one,dst=/m,volume-subpath=up/etc'],
    ...['data', 'true'],
  ]);
  t.match(out1, { code: 125, stderr: /cannot mount/ }, 'a part does not lead out of its volume');
  const hostile = await world.shale([
    ...['run', '--rm', '-v', 'out:/escape/shale-e2e', 'data', 'sh', '-c'],
    'echo x > /escape/shale-e2e/x; cat /etc/shale-e2e/x',
  ]);
  t.match(hostile, { code: 0, stdout: 'x\n' }, "a link of the image leads to the image's own /etc");
  t.notOk(existsSync('/etc/shale-e2e'));
  await out('volume', 'rm', 'one', 'two', 'three', 'out');
  t.equal(await out('volume', 'ls', '-q'), '');
  t.equal((await world.shale(['fsck'])).code, 0);
});

eachWorld(kept, 'volumes and the containers that have them', async (t, world) => {
  const out = outOf(world);
  await makeImage(world);
  t.equal(await out('volume', 'create', '--label', 'a=b', 'named'), 'named\n');
  await out(
    'create',
    '--name',
    'box',
    '-v',
    'named:/n',
    '-v',
    '/own',
    'data',
    'sh',
    '-c',
    'echo 1 > /own/x; ls /data',
  );
  const names = (await out('volume', 'ls', '-q')).trim().split('\n');
  t.equal(names.length, 4, 'the named one, one for -v, two for VOLUME');
  t.match(await out('volume', 'ls', '-qf', 'dangling=true'), /^$/);
  t.equal(await out('start', '-a', 'box'), 'file\nlink\nsub\n');
  const used = await world.shale(['volume', 'rm', 'named']);
  t.match(used, { code: 1, stderr: /Error: remove named: volume is in use - \[[0-9a-f]{64}\]/ });
  t.match(
    await out('volume', 'inspect', '-f', '{{.Driver}} {{.Labels.a}} {{.Mountpoint}}', 'named'),
    /^local b \/.*\/volumes\/named\/_data\n$/,
  );
  t.match(await world.shale(['volume', 'inspect', 'nonesuch']), {
    code: 1,
    stdout: '[]\n',
    stderr: 'no such volume',
  });
  t.equal(await out('run', '--rm', '--volumes-from', 'box:ro', 'data', 'cat', '/own/x'), '1\n');
  const mounts = JSON.parse(await out('inspect', '-f', '{{json .Mounts}}', 'box')) as {
    Destination: string;
    Name: string;
    Type: string;
    RW: boolean;
  }[];
  t.match(mounts.map(mount => mount.Destination).sort(), ['/data', '/n', '/own', '/var/lib/empty']);
  t.equal(await out('inspect', '-f', '{{json .HostConfig.Binds}}', 'box'), '["named:/n"]\n');
  t.equal(await out('volume', 'prune', '-f'), 'Total reclaimed space: 0B\n');
  await out('rm', 'box');
  t.equal((await out('volume', 'ls', '-q')).trim().split('\n').length, 4, 'rm leaves them');
  t.match(
    await out('volume', 'prune', '-f'),
    /^Deleted Volumes:\n([0-9a-f]{64}\n){3}\nTotal reclaimed space: /,
  );
  await out('run', '--name', 'two', '-v', '/own', '-v', 'named:/n', 'data', 'true');
  await out('rm', '-v', 'two');
  t.equal(await out('volume', 'ls', '-q'), 'named\n', 'rm -v removes those without a name');
  const detached = (await out('run', '-d', '--rm', '-v', '/own', 'data', 'true')).trim();
  await world.shale(['wait', detached]);
  for (let tries = 0; tries < 50 && (await out('volume', 'ls', '-q')) !== 'named\n'; tries++)
    await new Promise(resolve => setTimeout(resolve, 100));
  t.equal(await out('volume', 'ls', '-q'), 'named\n', 'and so does --rm');
  t.match(await out('volume', 'prune', '-af', '--filter', 'label!=a'), /^Total/);
  t.match(await out('volume', 'prune', '-af', '--filter', 'label=a=b'), 'named');
  t.equal(await out('volume', 'rm', '-f', 'named'), 'named\n');

  mkdirSync(join(world.store, 'volumes/broken/_data'), { recursive: true });
  writeFileSync(join(world.store, 'volumes/broken/_data/file'), 'precious');
  writeFileSync(join(world.store, 'volumes/broken/volume.json'), '{"sha256":');
  execFileSync('chown', ['-R', `${world.user}:`, join(world.store, 'volumes/broken')]);
  t.equal((await world.shale(['fsck'])).code, 1);
  await world.shale(['fsck', '--repair']);
  t.equal(await out('run', '--rm', '-v', 'broken:/v', 'busybox', 'cat', '/v/file'), 'precious', 'data stays');
});

eachWorld(kept.slice(0, 1), 'many processes with one new volume, and one killed', async (t, world) => {
  await makeImage(world);
  const all = await Promise.all(
    [1, 2, 3, 4].map(n =>
      world.shale(['run', '--rm', '-v', 'v:/data', 'data', 'sh', '-c', `ls /data; touch /data/by-${n}`]),
    ),
  );
  for (const each of all) t.match(each, { code: 0, stdout: /^(by-\d\n)*file\nlink\nsub\n$/ });
  const data = join(world.store, 'volumes/v/_data');
  t.same(readdirSync(data).sort(), ['by-1', 'by-2', 'by-3', 'by-4', 'file', 'link', 'sub']);
  // as if killed between the content being complete and its last file being moved
  execFileSync('sh', [
    '-c',
    `cd ${world.store}/volumes/v && mkdir fill && mv _data/sub fill && rm -r _data/by-* && chown --reference=_data fill`,
  ]);
  t.match(await world.shale(['run', '--rm', '-v', 'v:/data', 'data', 'ls', '/data']), {
    stdout: 'file\nlink\nsub\n',
  });
  t.notOk(existsSync(join(world.store, 'volumes/v/fill')));
  t.not(statSync(data).uid, 0);
});

eachWorld(kept.slice(0, 1), "mounts that make no sense, in docker's words", async (t, world) => {
  const file = join(world.base, 'nonesuch');
  const cases: [flags: string[], message: string | RegExp][] = [
    [
      ['-v', 'a:b'],
      'invalid mount config for type "volume": invalid mount path: \'b\' mount path must be absolute',
    ],
    [['-v', ':/x'], "invalid volume specification: ':/x'"],
    [['-v', '/a:/b:ro:z'], "invalid volume specification: '/a:/b:ro:z'"],
    [['-v', '/tmp:/x:foo'], 'invalid mode: foo'],
    [['-v', 'a/b:/x'], '"a/b" includes invalid characters for a local volume name'],
    [['-v', '/tmp:/'], "invalid specification: destination can't be '/'"],
    [['-v', 'a:/x', '-v', '/tmp:/x/'], 'Duplicate mount point: /x'],
    [
      ['--mount', 'type=bind,src=/tmp'],
      'invalid argument "type=bind,src=/tmp" for "--mount" flag: target is required',
    ],
    [
      ['--mount', `type=bind,src=${file},dst=/x`],
      `invalid mount config for type "bind": bind source path does not exist: ${file}`,
    ],
    [['--mount', 'type=foo,dst=/x'], 'invalid mount config for type "foo": mount type unknown'],
    [['--mount', 'type=tmpfs,dst=/x,volume-nocopy'], "cannot mix 'volume-*' options with mount type 'tmpfs'"],
    [['--mount', 'type=bind,src=/tmp,dst=/x,readonly=maybe'], 'invalid value for readonly: maybe'],
    [['--mount', 'type=bind,src=/tmp,dst=/x,what=1'], "unexpected key 'what' in 'what=1'"],
    [['--mount', 'dst'], "invalid field 'dst' must be a key=value pair"],
    [['--tmpfs', '/x:size=lots'], 'invalid tmpfs option ["size=lots"]'],
    [['--volumes-from', 'nobody'], 'No such container: nobody'],
  ];
  for (const [flags, message] of cases) {
    const { code, stderr } = await world.shale(['run', '--rm', ...flags, 'busybox', 'true']);
    t.match({ code, stderr }, { code: 125, stderr: message }, flags.join(' '));
  }
  t.notOk(existsSync(file));
  const made = await world.shale(['run', '--rm', '-v', `${file}:/x`, 'busybox', 'touch', '/x/y']);
  t.equal(made.code, 0);
  t.ok(existsSync(join(file, 'y')), '-v makes the directory');
  const tmpfs = '--tmpfs';
  t.match(
    (
      await world.ok([
        'run',
        '--rm',
        tmpfs,
        '/t:size=1m,mode=700,uid=1000,exec',
        'busybox',
        'sh',
        '-c',
        'grep " /t " /proc/mounts; stat -c "%a %u" /t',
      ])
    ).stdout,
    /^tmpfs \/t tmpfs rw,nosuid,nodev,relatime,size=1024k,mode=700,uid=\d+.*\n700 1000\n$/,
  );
  t.match(
    (
      await world.ok([
        'run',
        '--rm',
        '--mount',
        'type=tmpfs,dst=/t',
        'busybox',
        'grep',
        ' /t ',
        '/proc/mounts',
      ])
    ).stdout,
    'noexec',
  );
});
