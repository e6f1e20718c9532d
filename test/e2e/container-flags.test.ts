// Flags of commands that look into a container or run something more in it.
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { freePorts } from '../fixtures/e2e/servers.js';
import { Terminal } from '../fixtures/e2e/terminal.js';
import { WORLDS } from '../fixtures/e2e/worlds.js';

const one = WORLDS.slice(0, 1);

eachWorld(one, 'logs of a time, and with details', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  await out(
    'run',
    '--name',
    'box',
    'busybox',
    'sh',
    '-c',
    'echo one; sleep 1; echo two >&2; sleep 1; echo three',
  );
  const all = (await Promise.all(['stdout', 'stderr'].map(async () => world.ok(['logs', '-t', 'box'])))).at(
    0,
  );
  const [one = '', three = ''] = (all?.stdout ?? '').split('\n').map(line => line.split(' ')[0]);
  const [two = ''] = (all?.stderr ?? '').split(' ');
  t.ok(one < two && two < three);
  t.match(await world.ok(['logs', '--since', two, 'box']), { stdout: /^three\n$/, stderr: /^two\n$/ });
  t.match(await world.ok(['logs', '--until', two, 'box']), { stdout: /^one\n$/, stderr: /^two\n$/ });
  const between = Date.parse(two) / 1000 - 0.5;
  t.match(await world.ok(['logs', '--since', String(between), '--until', two, 'box']), {
    stdout: /^$/,
    stderr: 'two',
  });
  t.equal(await out('logs', '--since', '1h', '-n', '1', 'box'), 'three\n');
  t.equal(await out('logs', '--since', '2030-01-01', 'box'), '');
  t.equal(await out('logs', '--until', '1h', 'box'), '');
  t.equal(await out('logs', '--details', '-n', '-1', 'box'), ' one\n three\n');
  t.match((await world.shale(['logs', '--since', 'yesterday', 'box'])).stderr, /yesterday/);
  await out('rm', 'box');
});

eachWorld(one, 'a program beside, and what is typed', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  await out('run', '-d', '--name', 'box', 'busybox', 'sleep', '1000');
  const started = Date.now();
  t.equal(await out('exec', '-d', '-e', 'A=b', 'box', 'sh', '-c', 'echo $A > /left; sleep 2000'), '');
  t.ok(Date.now() - started < 5000, 'nobody waits for it');
  while ((await world.shale(['exec', 'box', 'cat', '/left'])).stdout !== 'b\n') await sleep(20);
  t.match(await out('top', 'box', '-o', 'pid,args'), /sleep 2000/, 'it goes on');
  const missing = await world.shale(['exec', '-d', 'box', '/nonesuch']);
  t.match(missing, { code: 127, stderr: /nonesuch/ });
  await out('rm', '-f', 'box');

  const script = 'read line; echo got-$line; exit 4';
  await out('create', '-i', '--name', 'reads', 'busybox', 'sh', '-c', script);
  for (const word of ['first', 'again']) {
    const typed = await world.shale(['start', '-ai', 'reads'], { input: `${word}\n` });
    t.match(typed, { code: 4, stdout: `got-${word}\n` });
  }
  t.equal(await out('logs', 'reads'), 'got-first\ngot-again\n');
  await out('rm', 'reads');

  await out('create', '--rm', '--name', 'gone', 'busybox', 'true');
  await out('start', 'gone');
  while ((await out('ps', '-aq')) !== '') await sleep(50);
  t.pass('a container of create --rm is removed at its end');
  const replaced = (await out('create', '--name', 'same', 'busybox', 'true')).trim();
  const second = (await out('create', '--replace', '--name', 'same', 'busybox', 'true')).trim();
  t.equal(await out('ps', '-aq', '--no-trunc'), `${second}\n`);
  t.not(second, replaced);
  await out('rm', 'same');
});

eachWorld([...one, { who: 'root', driver: 'overlay' }], 'cp -a keeps owners', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  const make = 'echo x > /mine; chown 33:34 /mine; chmod 600 /mine; sleep 1000';
  await out('run', '-d', '--name', 'box', 'busybox', 'sh', '-c', make);
  while ((await world.shale(['exec', 'box', 'stat', '-c', '%a', '/mine'])).stdout !== '600\n')
    await sleep(20);
  const local = world.files('local', { own: 'own' });
  await out('cp', '-a', 'box:/mine', join(local, 'mine'));
  const { uid, mode } = lstatSync(join(local, 'mine'));
  const own = lstatSync(join(local, 'own')).uid;
  t.equal(uid, world.spec.who === 'root' ? 33 : own, 'only root may give files away');
  t.equal(mode & 0o777, 0o600);
  await out('cp', '-a', join(local, 'own'), 'box:/own');
  await out('cp', join(local, 'own'), 'box:/roots');
  const owners = (await out('exec', 'box', 'stat', '-c', '%u', '/own', '/roots')).trim().split('\n');
  t.same(owners, [String(own), '0'], 'the owner of the source, and root');
  await out('rm', '-f', 'box');
});

eachWorld(one, 'a port that somebody else was quicker to take', async (t, world) => {
  for (const helper of ['pasta', 'slirp4netns']) {
    const [port = 0] = await freePorts(1);
    // takes the port when it was tried and before the helper binds it
    const take = `#!/bin/sh\n/bin/busybox nc -ll -p ${port} -e /bin/true &\n/bin/busybox sleep 0.3\nexec /usr/bin/${helper} "$@"\n`;
    const bin = world.files(`bin-${helper}`, { [`${helper}!`]: take });
    const env = { PATH: `${bin}:${process.env.PATH}`, SHALE_NETWORK_HELPER: helper };
    const lost = await world.shale(['run', '--rm', '-p', `${port}:80`, 'busybox', 'true'], { env });
    t.match(
      lost,
      { code: 125, stderr: `Bind for 0.0.0.0:${port} failed: port is already allocated` },
      helper,
    );
    t.equal((await world.ok(['ps', '-aq'])).stdout, '');
  }
});

eachWorld(one, 'an image with nothing but a program', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  const context = world.files('bare', { Dockerfile: 'FROM scratch\nCOPY --from=busybox /bin /bin\n' });
  await out('build', '-q', '-t', 'bare', context);
  const deep = ['-v', 'data:/deep/down/data'];
  await out('run', '-d', '--name', 'box', ...deep, 'bare', 'sleep', '1000');
  t.equal(await out('diff', 'box'), '', 'directories of mount points are no change');
  t.equal(await out('diff', '--format', 'json', 'box'), '{}\n');
  await out('exec', 'box', 'sh', '-c', 'echo x > /etc/mine');
  t.equal(await out('diff', '--format', 'json', 'box'), '{"added":["/etc","/etc/mine"]}\n');
  const iidfile = join(world.base, 'iid');
  const id = await out('commit', '-q', '--iidfile', iidfile, 'box', 'more');
  t.equal(`${readFileSync(iidfile, 'utf8')}\n`, id);
  await out('stop', '--timeout', '0', 'box');
  await out('rm', '-v', 'box');
  const why = { pod: /there are no pods/ };
  for (const [name, stderr] of Object.entries(why))
    t.match(
      await world.shale(['run', '--rm', `--${name}=true`, 'bare', 'true']),
      { code: 125, stderr },
      name,
    );
  await out('tag', 'busybox', '127.0.0.1:1/busybox');
  const pulled = await world.ok(['run', '--rm', '--pull', 'newer', '127.0.0.1:1/busybox', 'echo', 'held']);
  t.match(pulled, { stdout: 'held\n', stderr: /used as it is here/ });
});

eachWorld(one, 'keys leave a program beside, and it goes on', async (t, world) => {
  await world.ok(['run', '-d', '--name', 'box', 'busybox', 'sleep', '1000']);
  const terminal = new Terminal(world);
  t.teardown(() => terminal.close());
  const script = 'echo ready; read line; echo got-$line; sleep 2000';
  terminal.start(`shale exec -it --detach-keys ctrl-x,x box sh -c '${script}'`);
  await terminal.until(/^ready/m);
  terminal.press('C-x');
  terminal.type('y\n');
  await terminal.until(/^got-\S*y/m);
  terminal.press('C-x', 'x');
  t.match(await terminal.ended(), { code: 0, text: /read escape sequence/ });
  t.match((await world.ok(['top', 'box', '-o', 'pid,args'])).stdout, /sleep 2000/);
  t.match(await terminal.line("shale exec -it box sh -c 'exit 6'"), { code: 6 });
  terminal.close();
  const wrong = await world.shale(['exec', '--detach-keys', 'ctrl-', 'box', 'true']);
  t.match(wrong.stderr, /invalid detach keys/);
  await world.ok(['rm', '-f', 'box']);
});

eachWorld(one, "a file for a container's id", async (t, world) => {
  const file = join(world.base, 'cid');
  const id = (await world.ok(['create', '--cidfile', file, 'busybox'])).stdout.trim();
  t.equal(readFileSync(file, 'utf8'), id);
  const again = await world.shale(['run', '--rm', '--cidfile', file, 'busybox', 'true']);
  t.match(
    [again.code, again.stderr],
    [125, /container ID file found, make sure the other container isn't running/],
  );
  const nowhere = await world.shale([
    'run',
    '--rm',
    '--cidfile',
    join(world.base, 'nope/cid'),
    'busybox',
    'true',
  ]);
  t.match([nowhere.code, nowhere.stderr], [125, /nope" does not exist/]);
  const other = join(world.base, 'other');
  t.equal((await world.shale(['create', '--cidfile', other, '--name', '/', 'busybox'])).code, 1);
  t.notOk(existsSync(other), 'an id that there is not has no file');
  t.equal((await world.ok(['ps', '-aq', '--no-trunc'])).stdout, `${id}\n`, 'nothing was made in vain');
  await world.ok(['rm', id]);
});
