import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { WORLDS, type World } from '../fixtures/e2e/worlds.js';

const [range, , , single, root] = WORLDS;
const kept = [range, single, root].flatMap(spec => spec ?? []);

const outOf =
  (world: World) =>
  async (...args: string[]): Promise<string> =>
    (await world.ok(args)).stdout;

eachWorld(kept, 'a container stays, is looked at, and becomes an image', async (t, world) => {
  const out = outOf(world);
  const first = await world.shale([
    ...['run', '--name', 'box', '-e', 'A=b', 'busybox', 'sh', '-c'],
    'echo out; echo err >&2; echo new > /etc/new; rm /etc/group; exit 3',
  ]);
  t.match(first, { code: 3, stdout: 'out\n', stderr: 'err\n' });
  t.match(
    await out('ps', '-a', '--format', '{{.Names}} {{.Image}} {{.Status}}'),
    /^box busybox Exited \(3\) /,
  );
  t.equal(await out('ps', '-q'), '');
  t.equal(await out('diff', 'box'), 'C /etc\nD /etc/group\nA /etc/new\n');
  t.match(await world.shale(['logs', 'box']), { stdout: 'out\n', stderr: 'err\n' });
  t.match(await out('logs', '-t', '-n', '1', 'box').catch(String), /^$|^\d{4}-/);
  t.equal(await out('inspect', '-f', '{{.State.ExitCode}} {{.Name}}', 'box'), '3 /box\n');

  const committed = await out(
    'commit',
    '-m',
    'why',
    '-a',
    'me',
    '-c',
    'CMD ["cat","/etc/new"]',
    'box',
    'two',
  );
  t.match(committed, /^sha256:[0-9a-f]{64}\n$/);
  t.equal(
    await out('inspect', '-f', '{{.Author}} {{.Comment}} {{json .Config.Cmd}}', 'two'),
    'me why ["cat","/etc/new"]\n',
  );
  t.equal(await out('run', '--name', 'again', 'two'), 'new\n');
  t.equal(await out('diff', 'again'), '', 'a fresh container of it has no changes');
  t.match(
    (await world.shale(['rmi', 'two'])).stderr,
    /container [0-9a-f]{12} is using its referenced image [0-9a-f]{12}/,
  );

  const used = await world.shale(['run', '--name', 'box', 'busybox', 'true']);
  t.match(used, { code: 125, stderr: /The container name "\/box" is already in use by container/ });
  t.match((await world.shale(['start', 'nobody'])).stderr, 'No such container: nobody');
  const missing = await world.shale(['run', '--name', 'none', 'busybox', '/nonesuch']);
  t.equal(missing.code, 127);
  t.equal(await out('ps', '-a', '-f', 'name=none', '--format', '{{.State}}'), 'created\n');
  await out('rename', 'again', 'other');
  t.equal((await out('export', 'other')).includes('etc/new'), true);
  await out('rm', 'box', 'other', 'none');
  t.equal(await out('ps', '-aq'), '');
  t.equal((await world.shale(['fsck'])).code, 0);
});

eachWorld(kept, 'a detached container lives by itself', async (t, world) => {
  const out = outOf(world);
  const id = (await out('run', '-d', '--name', 'bg', 'busybox', 'sh', '-c', 'echo up; sleep 1000')).trim();
  t.match(id, /^[0-9a-f]{64}$/);
  t.match(await out('ps', '--format', '{{.ID}} {{.State}}'), `${id.slice(0, 12)} running`);
  t.equal(
    await out(
      'exec',
      '-e',
      'X=1',
      '-w',
      '/tmp',
      'bg',
      'sh',
      '-c',
      'echo $X $(pwd); grep -c Seccomp: /proc/self/status',
    ),
    '1 /tmp\n1\n',
  );
  t.match(await out('exec', 'bg', 'ps'), /sleep 1000/);
  t.equal((await world.shale(['exec', 'bg', 'sh', '-c', 'exit 9'])).code, 9);
  t.match(await out('top', 'bg'), /sleep 1000/);
  t.equal(await out('diff', 'bg'), '', 'what the sandbox provides is no change');
  t.match((await world.shale(['rm', 'bg'])).stderr, /container is running/);
  t.match((await world.shale(['rmi', '-f', 'busybox'])).stderr, /cannot be forced/);
  await out('stop', '-t', '0', 'bg');
  t.match(await out('ps', '-a', '--format', '{{.Status}}'), /^Exited \(137\)/);
  await out('start', 'bg');
  t.equal(await out('logs', 'bg'), 'up\nup\n');
  await out('kill', 'bg');
  t.equal(await out('wait', 'bg'), '137\n');
  await out('rm', '-f', 'bg');
});

eachWorld(
  [range].flatMap(spec => spec ?? []),
  'killing the monitor leaves a container that is exited',
  async (t, world) => {
    const out = outOf(world);
    const id = (await out('run', '-d', 'busybox', 'sleep', '1000')).trim();
    const report = readFileSync(join(world.store, 'containers', id, 'report'), 'latin1').split('\0');
    process.kill(Number(report[report.indexOf('monitor') + 1]), 'SIGKILL');
    await out('wait', id);
    t.match(await out('ps', '-a', '--format', '{{.Status}}'), /^Exited \(137\)/);
    await out('start', id.slice(0, 6));
    t.equal(await out('ps', '-q', '--no-trunc'), `${id}\n`);
    await out('rm', '-f', id);
  },
);
