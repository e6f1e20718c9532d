// What buildah's users do with a container that does not run: look into it and change it as a directory, say what its
// image is to be, commit it.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { missingPeer } from '../fixtures/e2e/peers.js';
import { Terminal } from '../fixtures/e2e/terminal.js';
import { stagedPackage, WORLDS, type World, type WorldSpec } from '../fixtures/e2e/worlds.js';

const PEOPLE: WorldSpec[] = [
  ...WORLDS.filter(({ runtime }) => runtime === undefined),
  { who: 'single', driver: 'fuse-overlayfs' },
];

/** A script of a session, in which `shale` is the program that is tried. */
async function script(
  world: World,
  text: string,
): Promise<{ code: number; lines: string[]; stderr: string }> {
  const path = { PATH: `${stagedPackage()}/bin:${process.env.PATH}` };
  const { code, stdout, stderr } = await world.shale(['unshare', 'sh', '-c', text], { env: path });
  return { code, lines: stdout.trim().split('\n'), stderr };
}

eachWorld(PEOPLE, 'a container as a directory', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  const mapped = world.spec.who !== 'single';
  await out('create', '--name', 'box', 'busybox', 'sh', '-c', 'cat /etc/new; ls -ln /etc/new');
  const outside = await world.shale(['mount', 'box']);
  t.equal(outside.code, 1);
  t.match(outside.stderr, /outside of a session/);

  const first = await script(
    world,
    `set -e; cd "$(shale mount box)"; echo new > etc/new; ${mapped ? 'chown 5:6 etc/new;' : ''} rm etc/group
     stat -c '%u:%g' etc/passwd; shale mount; shale diff box; shale start box 2>&1 || echo "code $?"
     shale cp box:/etc/new - 2>&1 | cat; cd /; shale umount box; shale mount; shale commit box made >/dev/null`,
  );
  t.equal(first.code, 0, first.stderr);
  const [owner, place, ...rest] = first.lines;
  t.equal(owner, '0:0', "root's files are root's");
  t.match(place, /^box \//);
  t.same(rest.slice(0, 3), ['C /etc', 'D /etc/group', 'A /etc/new']);
  t.match(
    rest.slice(3).join('\n'),
    /box is mounted at .*\n.*code 1\n.*box is mounted at/s,
    'nobody else writes to it',
  );
  t.match(rest.at(-1), /^[0-9a-f]{64}$/, 'umount says which, and mount then nothing');

  t.equal(await out('diff', 'box'), 'C /etc\nD /etc/group\nA /etc/new\n', 'the changes stay');
  const seen = await out('start', '-a', 'box');
  t.match(seen, mapped ? /^new\n.* 5 +6 / : /^new\n.* 0 +0 /, 'and it starts with them');
  t.equal(await out('run', '--rm', 'made', 'cat', '/etc/new'), 'new\n', 'a session commits');

  const named = await world.shale(['unshare', '-m', 'DIR=box', 'sh', '-c', 'cat "$DIR/etc/new"; exit 7']);
  t.same([named.stdout, named.code], ['new\n', 7]);
  await out('start', '-a', 'box');

  const left = await script(world, 'shale mount box; kill -9 $$');
  t.equal(left.code, 137);
  t.ok(existsSync(left.lines[0] ?? ''), 'a directory of the store');
  await out('start', '-a', 'box');
  t.equal((await script(world, 'shale mount box >/dev/null; shale rm box')).code, 0, 'rm unmounts');
  t.equal(await out('ps', '-aq'), '');
});

eachWorld(WORLDS.slice(0, 1), 'sessions side by side', async (t, world) => {
  await world.ok(['create', '--name', 'box', 'busybox', 'true']);
  const path = { PATH: `${stagedPackage()}/bin:${process.env.PATH}` };
  const other = world.spawn(['unshare', 'sh', '-c', 'shale mount box; read line'], { env: path });
  await new Promise(resolve => other.stdout?.once('data', resolve));
  for (const words of [['start'], ['rm'], ['umount'], ['unshare', '-m']]) {
    const { code, stderr } = await world.shale([...words, 'box']);
    t.ok(code !== 0, words.join(' '));
    t.match(stderr, /mounted at .* by a session \(process \d+\)/);
  }
  t.equal(
    (await world.ok(['container', 'prune', '-f'])).stdout.includes('Total'),
    true,
    'prune passes it over',
  );
  other.stdin?.end('\n');
  await new Promise(resolve => other.once('close', resolve));
  await world.ok(['start', '-a', 'box']);

  const running = (await world.ok(['run', '-d', 'busybox', 'sleep', '1000'])).stdout.trim();
  t.match((await script(world, `shale mount ${running}`)).stderr, /is running/);
  await world.ok(['rm', '-f', running]);

  t.equal((await world.shale(['unshare', 'no-such-program'])).code, 127);
  t.equal((await world.shale(['unshare', world.base])).code, 126);
  const ids = (await world.ok(['unshare', 'id', '-u'])).stdout.trim();
  t.equal(ids, '0');
  t.equal((await world.ok(['unshare', 'cat', '/proc/self/uid_map'])).stdout.trim().split('\n').length, 2);
});

eachWorld(WORLDS.slice(0, 1), 'a shell in a session', async (t, world) => {
  const terminal = new Terminal(world);
  try {
    terminal.start(
      'shale unshare bash --norc -c \'trap "echo caught" INT; touch ready; sleep 30; echo after; id -u\'',
    );
    for (let tries = 0; !existsSync(join(world.base, 'ready')) && tries < 200; tries++) await sleep(50);
    terminal.press('C-c');
    const { text, code } = await terminal.ended();
    t.match(text, /caught[\s\S]*after[\s\S]*\n0\n/, 'Ctrl-C is for the program, and not for us');
    t.equal(code, 0);
  } finally {
    terminal.close();
  }
});

const CONFIG = [
  ...['--author', 'me', '--cmd', 'serve "two words" $HOME', '--entrypoint', '["/bin/sh","-c"]'],
  ...[
    '--env',
    'A=1',
    '--env',
    'B=2',
    '--env',
    'B-',
    '--label',
    'one=1',
    '--label',
    'two=2',
    '--label',
    'two-',
  ],
  ...[
    '--onbuild',
    'RUN true',
    '--port',
    '80/tcp',
    '--port',
    '53/udp',
    '--port',
    '80/tcp-',
    '--shell',
    '/bin/sh -ec',
  ],
  ...[
    '--stop-signal',
    'SIGUSR1',
    '--user',
    'app:extra',
    '--volume',
    '/data',
    '--workingdir',
    '/srv',
    '--arch',
    'arm64',
  ],
  ...[
    '--variant',
    'v8',
    '--os-version',
    '1.2',
    '--hostname',
    'h',
    '--domainname',
    'd',
    '--healthcheck',
    'CMD curl x',
  ],
  ...['--healthcheck-interval', '5s', '--healthcheck-retries', '4', '--healthcheck-timeout', '2s'],
  ...[
    '--healthcheck-start-period',
    '1s',
    '--comment',
    'words',
    '--annotation',
    'k=v',
    '--annotation',
    'gone=1',
  ],
  ...['--annotation', 'gone-', '--history-comment', 'hc', '--created-by', 'by hand', '--os-feature', 'f'],
];

const FIELDS = ['author', 'architecture', 'variant', 'os', 'os.version', 'os.features', 'comment'];

eachWorld(WORLDS.slice(0, 1), 'config, as buildah has it', async (t, world) => {
  await world.ok(['create', '--name', 'box', 'busybox']);
  await world.ok(['config', ...CONFIG, 'box']);
  await world.ok(['commit', 'box', 'made']);
  const shown = JSON.parse((await world.ok(['config', 'box'])).stdout);
  t.same(shown.annotations, { k: 'v' });
  const archive = join(world.base, 'made.tar');
  await world.ok(['save', '-o', archive, 'made']);
  const ours = imageOf(`oci-archive:${archive}`);
  const missing = missingPeer();
  if (missing !== undefined) {
    t.fail(missing);
    return;
  }
  const theirs = byBuildah(world, join(world.base, 'base.tar'));
  const { 'io.buildah.version': _, ...labels } = theirs.config.config.Labels;
  const said = Object.entries(theirs.config.config).filter(([, value]) => value !== false && value !== '');
  t.same(ours.config.config, { ...Object.fromEntries(said), Labels: labels });
  for (const field of FIELDS) t.same(ours.config[field], theirs.config[field], field);
  const [last, other] = [ours.config.history.at(-1), theirs.config.history.at(-1)];
  t.same([last.created_by, last.comment, last.author], [other.created_by, 'hc', 'me']);
  t.same(ours.manifest.annotations, { k: 'v' });

  await world.ok([
    'config',
    '--entrypoint',
    '',
    '--cmd',
    '',
    '--env',
    '-',
    '--healthcheck',
    '',
    '--user',
    '',
    'box',
  ]);
  const cleared = JSON.parse((await world.ok(['config', 'box'])).stdout).config;
  t.same(
    [cleared.Entrypoint, cleared.Cmd, cleared.Env, cleared.Healthcheck, cleared.User],
    [[], [], [], undefined, undefined],
  );
  await world.ok(['config', '--add-history', '--env', 'Z=1', '--port', '81', 'box']);
  await world.ok(['commit', 'box', 'again']);
  t.match(
    (await world.ok(['history', '--no-trunc', '--format', '{{.CreatedBy}}', 'again'])).stdout,
    /^by hand\n.*EXPOSE 81\n.*ENV Z=1\n/,
  );
  for (const wrong of [
    ['--port', 'x'],
    ['--stop-signal', 'NOPE'],
    ['--env', 'NOT_SET_ANYWHERE'],
    ['--healthcheck', 'curl'],
  ])
    t.equal((await world.shale(['config', ...wrong, 'box'])).code, 125, wrong.join(' '));
  await world.ok(['rm', 'box']);
});

interface FoundImage {
  // biome-ignore lint/suspicious/noExplicitAny: another tool's JSON, of which the assertions say what it has to be
  config: any;
  manifest: { annotations?: Record<string, string> };
}

function imageOf(name: string): FoundImage {
  const inspect = (...args: string[]): string =>
    execFileSync('skopeo', ['inspect', ...args, name], { encoding: 'utf8' });
  return { config: JSON.parse(inspect('--config', '--raw')), manifest: JSON.parse(inspect('--raw')) };
}

function byBuildah(world: World, base: string): FoundImage {
  execFileSync('sh', ['-c', `mkdir -p ${world.base}/empty && tar -C ${world.base}/empty -cf ${base} .`]);
  const store = [
    '--root',
    join(world.base, 'buildah'),
    '--runroot',
    join(world.base, 'buildah-run'),
    '--storage-driver',
    'vfs',
  ];
  const run = (...args: string[]): string =>
    execFileSync('buildah', [...store, ...args], { encoding: 'utf8' }).trim();
  const container = run('from', '--format', 'docker', 'scratch');
  // its base has no command of its own
  run('config', '--cmd', '["sh"]', container);
  run('config', ...CONFIG, container);
  run('commit', '-q', '--format', 'docker', container, 'made');
  const archive = join(world.base, 'theirs.tar');
  run('push', '-q', 'made', `docker-archive:${archive}`);
  run('rm', container);
  return imageOf(`docker-archive:${archive}`);
}
