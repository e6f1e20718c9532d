// Secrets of containers: they are there, and nowhere on the disk.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { holding } from '../fixtures/e2e/holding.js';
import { WORLDS } from '../fixtures/e2e/worlds.js';

const secret = 'swordfish-0815-swordfish';
const changed = 'haddock-0816-haddock';

eachWorld(WORLDS, 'secrets of a run', async (t, world) => {
  const out = async (...args: string[]): Promise<string> =>
    (await world.ok(args, { env: { MINE: secret } })).stdout;
  const file = join(world.files('outside', { secret }), 'secret');
  const run = ['run', '--rm', '--secret', `id=tok,src=${file}`];
  t.equal(await out(...run, 'busybox', 'stat', '-c', '%a %s', '/run/secrets/tok'), `444 ${secret.length}\n`);
  t.equal(await out(...run, 'busybox', 'cat', '/run/secrets/tok'), secret);
  const placed = ['--secret', `short,src=${file},target=/opt/x,mode=400,uid=1000,gid=1001`];
  const owner = world.spec.who === 'single' ? '0 0 400\n' : '1000 1001 400\n';
  t.equal(await out(...run, ...placed, 'busybox', 'stat', '-c', '%u %g %a', '/opt/x'), owner);
  const named = ['--secret', 'MINE,target=deep/er', '--secret', 'id=A,env=MINE,type=env', '-e', 'A=other'];
  const script = 'cat /run/secrets/deep/er; echo; echo $A; env | grep -c ^A=';
  t.equal(await out('run', '--rm', ...named, 'busybox', 'sh', '-c', script), `${secret}\n${secret}\n1\n`);
  const large = join(world.files('large', { large: Buffer.alloc(500_000, 255) }), 'large');
  const sum = ['sh', '-c', 'tail -c 1 /run/secrets/large; wc -c < /run/secrets/large'];
  const counted = await out(...run, '--secret', `large,src=${large}`, 'busybox', ...sum);
  t.match(counted, /500000\n$/);
  const written = await world.shale([...run, 'busybox', 'sh', '-c', 'echo x > /run/secrets/tok']);
  t.match(written.stderr, /Read-only/);
  t.same(holding(world.store, secret), []);
});

const ours = WORLDS.filter(({ runtime }) => runtime === undefined);

eachWorld(ours, 'secrets of a container that stays', async (t, world) => {
  const env = { MINE: secret };
  const out = async (...args: string[]): Promise<string> => (await world.ok(args, { env })).stdout;
  const file = join(world.files('outside', { secret }), 'secret');
  const given = [
    ...['--secret', `id=tok,src=${file},target=/run/here/tok`, '--secret', 'MINE,type=env,target=TOKEN'],
    ...['--health-cmd', `test -n "$TOKEN"`, '--health-interval', '300ms'],
  ];
  const program = ['sh', '-c', 'test -n "$TOKEN" && sleep 1000'];
  await out('run', '-d', '--name', 'box', ...given, 'busybox', ...program);
  t.equal(
    await out('exec', 'box', 'sh', '-c', 'cat /run/here/tok; echo; echo $TOKEN'),
    `${secret}\n${secret}\n`,
  );
  t.equal(await out('exec', '-e', 'TOKEN=own', 'box', 'sh', '-c', 'echo $TOKEN'), 'own\n');
  t.equal(await out('diff', 'box'), '');
  t.same(holding(world.store, secret), [], 'no byte of the store holds it');
  const shown = await out('inspect', 'box');
  t.notMatch(shown, secret);
  t.match(JSON.parse(shown)[0].Config.Secrets, [
    { Name: 'tok', Source: { File: file }, Type: 'mount', Target: '/run/here/tok', Mode: 0o444 },
    { Name: 'MINE', Source: { Env: 'MINE' }, Type: 'env', Target: 'TOKEN' },
  ]);
  await out('commit', 'box', 'made');
  t.same(await out('run', '--rm', 'made', 'sh', '-c', 'ls /run; echo $TOKEN'), '\n', 'no place, no variable');
  t.notMatch(await out('export', 'box'), secret);

  await out('stop', '-t', '0', 'box');
  t.equal(await out('diff', 'box'), '', 'no mount point is left');
  writeFileSync(file, changed);
  await out('start', 'box');
  t.equal(await out('exec', 'box', 'cat', '/run/here/tok'), changed, 'it is read again at a start');
  await out('kill', 'box');
  const unset = await world.shale(['start', 'box']);
  t.match(unset, { code: 1, stderr: /secret MINE: the variable MINE is not set/ });
  renameSync(file, `${file}-away`);
  t.match(await world.shale(['start', 'box'], { env }), { code: 1, stderr: /secret tok: ENOENT/ });
  await out('rm', 'box');
  t.same([...holding(world.store, secret), ...holding(world.store, changed)], []);
});

eachWorld(WORLDS.slice(0, 1), 'secrets of a container that is started again by itself', async (t, world) => {
  const env = { MINE: secret };
  const out = async (...args: string[]): Promise<string> => (await world.ok(args, { env })).stdout;
  const file = join(world.files('outside', { secret }), 'secret');
  const given = ['--secret', `tok,src=${file}`, '--secret', 'MINE,type=env'];
  const script = 'echo $MINE | wc -c; wc -c < /run/secrets/tok; exit 3';
  await out(
    'run',
    '-d',
    '--name',
    'box',
    '--restart',
    'on-failure:2',
    ...given,
    'busybox',
    'sh',
    '-c',
    script,
  );
  renameSync(file, `${file}-away`);
  while (!/^[^U]*Exited/.test(await out('ps', '-a', '--format', '{{.Status}}'))) await sleep(50);
  const sizes = `${secret.length + 1}\n${secret.length}\n`;
  t.equal(await out('logs', 'box'), sizes.repeat(3), 'the monitor knows them');
  await out('rm', 'box');

  renameSync(`${file}-away`, file);
  const healthy = `test "$MINE" = "$(cat /run/secrets/tok)"`;
  const health = ['--health-cmd', healthy, '--health-interval', '100ms'];
  await out('run', '-d', '--name', 'box', ...given, ...health, 'busybox', 'sleep', '1000');
  let status = 'starting';
  while (status === 'starting')
    status = (await out('inspect', '-f', '{{.State.Health.Status}}', 'box')).trim();
  t.equal(status, 'healthy', 'a health check sees both');
  t.same(holding(world.store, secret), []);
  await out('rm', '-f', 'box');
});

eachWorld(WORLDS.slice(0, 1), 'secrets that cannot be', async (t, world) => {
  const file = join(world.files('outside', { nul: 'a\0b', large: Buffer.alloc(500 * 1024 + 1) }), 'nul');
  const cases: [text: string, stderr: RegExp][] = [
    ['nothing-of-this-name', /cannot read secret nothing-of-this-name: ENOENT/],
    ['id=x,env=NOT_SET', /variable NOT_SET is not set/],
    ['id=x,src=/nonesuch', /ENOENT/],
    [`id=x,src=${file},type=env`, /NUL byte/],
    [`id=x,src=${file},type=file`, /unsupported secret type "file"/],
    [`id=x,src=${file},type=env,mode=0400`, /cannot be set with a secret of type env/],
    [`id=x,src=${file},type=env,target=A=B`, /A=B/],
    [`id=x,src=${file},mode=999`, /invalid mode/],
    [`id=x,src=${file},uid=me`, /invalid uid/],
    [`id=x,src=${file},bogus=1`, /unexpected key 'bogus'/],
    [`src=${file}`, /has no id/],
    [`id=x,src=${file.replace('nul', 'large')}`, /more than 512000 bytes/],
    [`id=x,src=${file},target=/`, /./],
  ];
  for (const [text, stderr] of cases)
    t.match(
      await world.shale(['run', '--rm', '--secret', text, 'busybox', 'true']),
      { code: 125, stderr },
      text,
    );
  t.match(await world.shale(['secret', 'create', 'x', '-']), { stderr: /never stored/ });
  t.equal((await world.ok(['ps', '-aq'])).stdout, '');
});
