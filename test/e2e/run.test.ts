import { execFileSync, spawnSync } from 'node:child_process';
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
  [range, single].flatMap(spec => spec ?? []),
  'run -it on a real terminal',
  async (t, world) => {
    // python's pty is a terminal that we can type into
    const script = `
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
out = b''
def until(text):
    global out
    end = time.time() + 20
    while text not in out and time.time() < end:
        try: out += os.read(fd, 4096)
        except OSError: break
until(b'# ')
os.write(fd, b'tty && stty size; echo in-$((40+2))\\n'); until(b'in-42')
os.write(fd, b'sleep 100\\n'); time.sleep(0.5); os.write(fd, b'\\x03'); os.write(fd, b'echo after-$((1+1))\\n'); until(b'after-2')
os.write(fd, b'exit 7\\n')
try:
    while True:
        d = os.read(fd, 4096)
        if not d: break
        out += d
except OSError: pass
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(out); sys.exit(os.waitstatus_to_exitcode(status))
`;
    const [program = '', ...args] = world.commandLine(['run', '--rm', '-it', 'busybox', 'sh']);
    const result = spawnSync('python3', ['-c', script, program, ...args], {
      encoding: 'utf8',
      env: world.environment(),
    });
    t.match(result.stdout, '/dev/pts/');
    t.match(result.stdout, 'in-42');
    t.match(result.stdout, 'after-2', 'Ctrl-C ends the program, not the shell');
    t.equal(result.status, 7);
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
