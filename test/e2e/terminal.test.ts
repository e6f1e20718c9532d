// The session of somebody who learns an image by touching it, typed at a real terminal.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { debianTar, missingForDebian } from '../fixtures/e2e/debian.js';
import { Terminal } from '../fixtures/e2e/terminal.js';
import { alive, missingForE2e, WORLDS, World } from '../fixtures/e2e/worlds.js';

const missing = missingForE2e() ?? missingForDebian();

t.test('a session on Debian', { skip: missing ?? false, timeout: 240_000 }, async t => {
  const world = new World(WORLDS[0] ?? { who: 'range' });
  const terminal = new Terminal(world);
  t.teardown(async () => {
    terminal.close();
    await world.close();
  });
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  await world.ok(['import', '--change', 'CMD ["bash"]', '-', 'debian'], {
    input: readFileSync(debianTar()),
  });

  await t.test('a terminal: size, job control, keys, colours', async t => {
    terminal.shale('run', '-it', '--name', 'git', 'debian', 'bash');
    await terminal.until(/root@\w+:\/# $/m);
    terminal.type('stty size\n');
    await terminal.until(/^30 100$/m);
    terminal.resize(90, 40);
    terminal.type('clear; stty size\n');
    await terminal.until(/^40 90$/m);
    terminal.type('sleep 100\n');
    await sleep(300);
    terminal.press('C-z');
    await terminal.until(/Stopped +sleep 100/);
    terminal.type('fg\n');
    await sleep(200);
    terminal.press('C-c');
    terminal.type('echo code-$?\n');
    await terminal.until(/^code-130$/m);
    terminal.type('clear; ls --color=always -d /etc\n');
    await terminal.until(/^\/etc$/m);
    t.match(terminal.screen(true), '\u001b[1m\u001b[34m/etc', 'blue');
  });

  await t.test('leaving and coming back', async t => {
    terminal.press('C-p', 'C-q');
    await terminal.until(/read escape sequence\s+ended-with-0/);
    t.equal(await out('ps', '--format', '{{.Names}} {{.State}}'), 'git running\n');
    terminal.shale('attach', '--detach-keys', 'ctrl-x,x', 'git');
    await sleep(1000);
    terminal.press('C-x', 'C-p', 'C-q', 'C-x', 'x');
    await terminal.until(/read escape sequence\s+ended-with-0/);
    terminal.shale('attach', 'git');
    await sleep(1000);
    terminal.press('C-c');
    terminal.type('echo back-$((1+1))\n');
    await terminal.until(/^back-2$/m);
  });

  await t.test('a package is installed, and what it changed is committed', async t => {
    terminal.type(
      'clear; apt-get update >/dev/null && apt-get install -y git >/dev/null 2>&1; echo installed-$?\n',
    );
    await terminal.until(/^installed-0$/m, 120);
    terminal.type('rm /etc/issue; exit\n');
    await terminal.until(/ended-with-0/);
    const diff = await out('diff', 'git');
    t.match(diff, /^A \/usr\/bin\/git$/m);
    t.match(diff, /^C \/etc$/m);
    t.match(diff, /^D \/etc\/issue$/m);
    terminal.type(`clear; ${world.commandLine(['diff', 'git']).join(' ')} | wc -l\n`);
    t.match(await terminal.until(/^\d{3,}$/m), String(diff.split('\n').length - 1));
    terminal.type(`clear; ${world.commandLine(['diff', 'git']).join(' ')} | head -1; echo head-$?\n`);
    t.notMatch(await terminal.until(/^head-0$/m), /Error|EPIPE/);
    const change = 'CMD ["nginx", "-g", "daemon off;"]';
    await out('commit', '-m', 'with git', '-a', 'me', '-c', change, 'git', 'debian:git');
    terminal.type(`clear; ${world.commandLine(['images']).join(' ')} | grep git\n`);
    await terminal.until(/^debian +git +[0-9a-f]{12} +.* ago +\d+MB$/m);
    t.match(await out('images', '--format', '{{.Repository}}:{{.Tag}} {{.Size}}'), /^debian:git \d+MB$/m);
    t.equal(
      await out('inspect', '-f', '{{json .Config.Cmd}}', 'debian:git'),
      '["nginx","-g","daemon off;"]\n',
    );
    t.match(await out('history', '--no-trunc', 'debian:git'), /^sha256:[0-9a-f]{64} .*with git$/m);
  });

  await t.test('the committed image runs', async t => {
    terminal.shale('run', '-it', '--name', 'git2', 'debian:git', 'bash');
    await terminal.until(/root@\w+:\/# $/m);
    terminal.type('git --version\n');
    await terminal.until(/git version \d/);
    // its shell would write a history at its end
    terminal.press('C-p', 'C-q');
    await terminal.until(/ended-with-0/);
    t.equal(await out('diff', 'git2'), '', 'a container in which nothing was changed has no differences');
  });

  await t.test('in the background', async t => {
    const loop = 'trap "exit 5" TERM; echo up; while :; do sleep 0.1; done';
    await out('run', '--name', 'container1', '-d', 'debian', 'sh', '-c', loop);
    t.match(await out('ps', '-a'), /container1$/m);
    terminal.shale('logs', '-f', 'container1');
    await terminal.until(/^up$/m);
    terminal.press('C-c');
    await terminal.until(/ended-with-130/);
    terminal.shale('exec', '-it', 'container1', 'sh');
    await terminal.until(/^# $/m);
    terminal.resize(80, 25);
    terminal.type('stty size; exit 4\n');
    await terminal.until(/^25 80\s+ended-with-4/m);
    await out('stop', 'container1');
    t.match(
      await out('inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', 'container1'),
      'exited 5',
    );
    await out('start', 'container1');
    t.equal(await out('logs', '--tail', '5', 'container1'), 'up\nup\n');
    await out('rm', '-f', 'container1');
  });

  await t.test('an image without a name runs by its short id', async t => {
    world.files('context', { Dockerfile: 'FROM debian:git\nCMD ["git", "--version"]\n' });
    const id = (await out('build', '-q', `${world.base}/context`)).slice(7, 19);
    t.match(await out('images', '-a'), new RegExp(`^<none> +<none> +${id}`, 'm'));
    t.match(await out('run', '--rm', id), /^git version/);
  });

  await out('rm', '-f', 'git', 'git2');
  t.same(alive(world.base), [], 'nothing runs, nothing is mounted');
  t.equal((await world.shale(['fsck'])).code, 0);
});
