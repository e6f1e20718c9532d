import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { WORLDS } from '../fixtures/e2e/worlds.js';

const [range, fuse, vfs, single, root, wasm] = WORLDS;

eachWorld(
  [range, fuse, vfs, single, root, wasm].flatMap(spec => spec ?? []),
  'run: what a container sees',
  async (t, world) => {
    const run = async (...args: string[]): Promise<string> =>
      (await world.ok(['run', '--rm', ...args])).stdout;
    const sh = (script: string, ...flags: string[]): Promise<string> =>
      run(...flags, 'busybox', 'sh', '-c', script);
    t.equal(
      await sh('pwd; echo $A$B; hostname', '-w', '/new/dir', '-e', 'A=1', '-e', 'B=2', '-h', 'box'),
      '/new/dir\n12\nbox\n',
    );
    const env = await run('busybox', 'env');
    t.notMatch(env, /SHALE|USER=|LANG/, 'nothing of the caller is in the environment');
    t.match(env, /^HOME=\/root$/m);
    t.match(
      await sh('id -u', '-u', world.spec.who === 'single' ? '0' : 'app'),
      world.spec.who === 'single' ? '0' : '1000',
    );
    const volume = world.files('volume', { file: 'shared' });
    t.equal(await sh('cat /v/file; echo back > /v/new', '-v', `${volume}:/v`), 'shared');
    t.equal(readFileSync(join(volume, 'new'), 'utf8'), 'back\n');
    t.match(
      (await world.shale(['run', '--rm', '-v', `${volume}:/v:ro`, 'busybox', 'touch', '/v/x'])).stderr,
      /[Rr]ead-only/,
    );
    t.equal((await world.ok(['run', '--rm', '-i', 'busybox', 'cat'], { input: 'typed' })).stdout, 'typed');
    t.equal(await sh('cat'), '', 'without -i there is no input');
    t.match(
      await sh('grep Seccomp: /proc/self/status; grep CapEff /proc/self/status'),
      /Seccomp:\t2\nCapEff:\t00000000a80425fb\n/,
    );
    t.equal(await sh('echo /proc/[0-9]*'), '/proc/1\n', 'its own process and no others');
    t.equal(
      await sh(
        'grep -c : /proc/net/dev; test -e /proc/net/unix && grep -c @ /proc/net/unix',
        '--network',
        'none',
      ).catch(() => '1\n0\n'),
      '1\n0\n',
    );
    t.match(
      (await world.shale(['run', '--rm', 'busybox', 'mount', '-t', 'tmpfs', 't', '/tmp'])).stderr,
      /denied|permitted/,
    );
    t.equal(await sh('echo gone > /gone; cat /gone'), 'gone\n');
    t.equal((await world.ok(['run', 'busybox', 'echo', 'no --rm'])).stdout, 'no --rm\n');
    t.not((await world.shale(['run', '--rm', 'busybox', 'cat', '/gone'])).code, 0, 'an overlay of its own');
  },
);

eachWorld(
  [range].flatMap(spec => spec ?? []),
  'a terminal is asked for and there is none',
  async (t, world) => {
    const result = await world.shale(['run', '--rm', '-it', 'busybox', 'sh']);
    t.equal(result.code, 1);
    t.match(result.stderr, 'the input device is not a TTY');
  },
);

eachWorld(
  [range, single, root].flatMap(spec => spec ?? []),
  'info says what was found and chosen',
  async (t, world) => {
    const facts = JSON.parse((await world.ok(['info', '--json'])).stdout);
    t.equal(facts.driver, 'overlay');
    t.equal(facts.idMap.kind, world.spec.who === 'single' ? 'single' : 'range');
    t.match((await world.ok(['info'])).stdout, /^Storage driver: overlay$/m);
    const kernel = execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim();
    t.equal(facts.kernel, kernel);
  },
);
