// podman's own flags of `run`: what a container sees is the same there and here.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { busyboxTar } from '../fixtures/e2e/busybox.js';
import { ended, missingForE2e, World } from '../fixtures/e2e/worlds.js';

const missing = missingForE2e() ?? (existsSync('/usr/bin/podman') ? undefined : 'needs podman');

/** Flags, and what is executed; the words `ROOT` and `FILE` stand for a root file system and a file. */
const CASES: [flags: string[], script: string][] = [
  [['--userns=keep-id', 'busybox'], 'id -u; id -g; id -un; pwd; stat -c %u:%g /bin/busybox /root'],
  [
    ['--userns=keep-id', 'busybox'],
    'grep -c "^$(id -un):" /etc/passwd; tail -n1 /etc/passwd | cut -d: -f1,3,4,6,7',
  ],
  [['--userns=keep-id:uid=200,gid=210', 'busybox'], 'id -u; id -g; id -un; id -gn; tail -n1 /etc/passwd'],
  [['--userns=keep-id:uid=1000,gid=1001', 'busybox'], 'id -un; id -gn; echo $HOME'],
  [['--userns=keep-id', '-u', '0', 'busybox'], 'id -u; id -g; id -G; touch /x; stat -c %u /x'],
  [['--userns=keep-id', '-v', 'FILE:/f', 'busybox'], 'stat -c %u:%g /f'],
  [
    ['--rootfs', 'ROOT'],
    'id -u; pwd; echo $HOME; cat /etc/passwd; stat -c %u:%g /etc/passwd; echo x > /tmp/x; cat /tmp/x',
  ],
  [['-u', 'app', '--rootfs', 'ROOT'], 'id -u; id -g; echo $HOME'],
  [['--secret', 'tok', 'busybox'], 'stat -c "%a %u:%g %s %F" /run/secrets/tok; cat /run/secrets/tok'],
  [['--secret', 'tok,target=/opt/x,uid=1000,gid=1001,mode=0400', 'busybox'], 'stat -c "%a %u:%g" /opt/x'],
  [['--secret', 'tok,target=deep/x,mode=440', 'busybox'], 'stat -c "%a %u:%g" /run/secrets/deep/x'],
  [
    ['--secret', 'tok,type=env', '-e', 'tok=mine', 'busybox'],
    'echo $tok; test -e /run/secrets/tok && echo there',
  ],
  [['--secret', 'tok,type=env,target=TOKEN', 'busybox'], 'echo $TOKEN'],
];

t.test('podman and Shale run the same', { skip: missing ?? false }, async t => {
  const world = new World({ who: 'range', driver: 'overlay' });
  t.teardown(() => world.close());
  const root = world.files('root', {});
  await ended(world.command(['tar', '-x', '-C', root]), busyboxTar());
  const file = join(world.files('outside', { tok: 'swordfish' }), 'tok');
  const runtime = world.files('runtime', {});
  const env = { XDG_RUNTIME_DIR: runtime };
  const podman = async (args: string[], input?: Buffer) => {
    const words = [
      'podman',
      '--storage-driver',
      'vfs',
      '--cgroup-manager',
      'cgroupfs',
      '--runtime',
      'runc',
      ...args,
    ];
    return ended(world.command(words, { env }), input);
  };
  t.teardown(async () => {
    // the process that holds its namespaces
    await podman(['system', 'migrate']);
    spawnSync('rm', ['-rf', join(world.base, '.local')]);
  });
  for (const tool of [podman, (args: string[], input?: Buffer) => world.shale(args, { input })])
    t.equal((await tool(['import', '-', 'busybox'], busyboxTar())).code, 0);
  t.equal((await podman(['secret', 'create', 'tok', file])).code, 0);
  for (const [flags, script] of CASES) {
    const words = flags.map(flag => flag.replace('FILE', file).replace('ROOT', root));
    const ours = words.map(word => (word.startsWith('tok') ? word.replace('tok', `tok,src=${file}`) : word));
    const [theirs, mine] = [
      await podman(['run', '--rm', '--network', 'none', ...words, 'sh', '-c', script]),
      await world.shale(['run', '--rm', '--network', 'none', ...ours, 'sh', '-c', script]),
    ];
    t.equal(mine.stdout, theirs.stdout, `${flags.join(' ')}: ${script}`);
    t.equal(mine.code, theirs.code);
  }
});
