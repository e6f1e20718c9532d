// cp in both directions, with running and stopped containers, and with one that swaps links meanwhile.
import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { WORLDS } from '../fixtures/e2e/worlds.js';

const one = [WORLDS[0]].flatMap(spec => spec ?? []);

eachWorld(one, 'files go in and out', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  const local = world.files('local', { 'tree/a': 'A', 'tree/sub/b!': 'B', file: 'F', existing: 'old' });
  const make =
    'mkdir -p /src/deep; echo x > /src/x; ln -s x /src/link; chmod 640 /src/x; touch -d @1000000000 /src/x';
  for (const name of ['stopped', 'running']) {
    await out('run', '-d', '--name', name, 'busybox', 'sh', '-c', `${make}; echo made; sleep 1000`);
    while ((await out('logs', name)) === '');
    if (name === 'stopped') await out('kill', name);
    const mine = join(local, name);
    await out('cp', `${name}:/src`, mine);
    t.equal(readFileSync(join(mine, 'x'), 'utf8'), 'x\n');
    t.equal(lstatSync(join(mine, 'x')).mode & 0o777, 0o640);
    t.equal(lstatSync(join(mine, 'x')).mtimeMs, 1e12);
    t.equal(readlinkSync(join(mine, 'link')), 'x');
    t.ok(lstatSync(join(mine, 'deep')).isDirectory());
    await out('cp', `${name}:/src`, mine);
    t.ok(existsSync(join(mine, 'src/x')), 'into a directory that is there');
    await out('cp', `${name}:src/.`, join(local, 'existing-content'));
    t.ok(existsSync(join(local, 'existing-content/x')));
    await out('cp', `${name}:/src/x`, join(local, 'existing'));
    t.equal(readFileSync(join(local, 'existing'), 'utf8'), 'x\n');
    await out('cp', '-L', `${name}:/src/link`, join(local, 'followed'));
    t.equal(readFileSync(join(local, 'followed'), 'utf8'), 'x\n');
    t.match((await out('cp', `${name}:/src`, '-')).slice(0, 100), /^src\/?\0/);

    await out('cp', join(local, 'tree'), `${name}:/new`);
    await out('cp', join(local, 'tree'), `${name}:/src`);
    await out('cp', `${local}/tree/.`, `${name}:/src/deep`);
    await out('cp', join(local, 'file'), `${name}:/src/renamed`);
    await out('cp', join(local, 'file'), `${name}:/src/`);
    const tar = (await world.shale(['cp', `${name}:/src/x`, '-'])).stdout;
    await world.ok(['cp', '-', `${name}:/tmp`], { input: Buffer.from(tar, 'latin1') });
    await out('start', name);
    const see =
      'cat /new/a /src/tree/sub/b /src/deep/a /src/renamed /src/file /tmp/x; stat -c "%u:%g %a" /new/sub/b';
    t.equal(await out('exec', name, 'sh', '-c', see), 'ABAFFx\n0:0 755\n', name);

    const fails = async (...args: string[]): Promise<string> => (await world.shale(['cp', ...args])).stderr;
    t.match(await fails(`${name}:/none`, local), /Could not find the file \/none in container/);
    t.match(await fails(join(local, 'tree'), `${name}:/src/x`), /cannot copy a directory/);
    t.match(await fails(join(local, 'file'), `${name}:/nowhere/`), /does not exist/);
    t.match(await fails('a', 'b'), /must specify at least one container source/);
    await out('rm', '-f', name);
  }
});

eachWorld(one, 'links of a container lead to nothing but its own files', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  const host = world.files('host', { secret: 'of the host' });
  const swap = `mkdir -p /real${host} /a; while :; do rm -f /p; ln -s ${host} /p; rm -f /p; ln -s /a /p; done`;
  await out('run', '-d', '--name', 'evil', 'busybox', 'sh', '-c', swap);
  const local = join(world.base, 'host/copied');
  mkdirSync(local, { mode: 0o777 });
  writeFileSync(join(local, 'mine'), 'mine');
  for (let round = 0; round < 8; round++) {
    await world.shale(['cp', join(host, 'copied/mine'), 'evil:/p/planted']);
    const read = await world.shale(['cp', 'evil:/p/secret', '-']);
    t.notMatch(read.stdout, 'of the host');
  }
  t.notOk(existsSync(join(host, 'planted')), 'nothing was written to the host');
  await out('rm', '-f', 'evil');
});
