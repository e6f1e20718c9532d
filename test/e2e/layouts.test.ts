// OCI image layouts in directories, as umoci's users have them: umoci and runc judge what comes of them.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { WORLDS, type World } from '../fixtures/e2e/worlds.js';

const DOCKERFILE = `FROM busybox
RUN mkdir -p /a/b /c && echo hi > /a/b/file && echo x > /c/gone && ln /a/b/file /a/hard && ln -s /etc/passwd /a/link \\
  && chown 5:6 /c && mkfifo /c/fifo && chmod 4755 /a/hard
RUN rm -r /a/b /c/gone && mkdir /a/b && echo new > /a/b/other
ENV SAID=yes
LABEL one=1
CMD ["sh", "-c", "id -u; cat /a/b/other; echo $SAID"]
`;

const listing = (root: string): string =>
  execFileSync('sh', ['-c', `cd '${root}' && find . -printf '%p %y %m %U:%G %s %n %l\\n' | sort`], {
    encoding: 'utf8',
  });

/** A layout with the images `made` (several layers) and `base`. */
async function layoutOf(world: World): Promise<string> {
  await world.ok(['build', '-t', 'made', '-'], { input: DOCKERFILE });
  const layout = join(world.base, 'layout');
  for (const name of ['made', 'busybox']) {
    const archive = join(world.base, `${name}.tar`);
    await world.ok(['save', '-o', archive, name]);
    execFileSync('skopeo', ['copy', '-q', `oci-archive:${archive}`, `oci:${layout}:${name}`]);
  }
  execFileSync('chown', ['-R', `${world.user}:`, layout]);
  return layout;
}

/** Runs a bundle without a terminal, as the person. */
function runBundle(world: World, bundle: string): string {
  const path = join(bundle, 'config.json');
  const config = JSON.parse(readFileSync(path, 'utf8'));
  config.process.terminal = false;
  writeFileSync(path, JSON.stringify(config));
  const words = ['runc', '--root', join(world.base, 'runc'), 'run', '-b', bundle, `box-${process.pid}`];
  const [program = '', ...args] = world.asPerson(words);
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env: world.environment() });
  return stdout + stderr;
}

const PEOPLE = WORLDS.filter(({ driver, runtime }) => driver === 'overlay' && runtime === undefined);

eachWorld([...PEOPLE, { who: 'single', driver: 'overlay', engine: 'wasm' }], 'unpack', async (t, world) => {
  const layout = await layoutOf(world);
  const isRoot = world.spec.who === 'root';
  const bundle = join(world.base, 'bundle');
  await world.ok(['unpack', '--image', `${layout}:made`, bundle]);
  const [program = '', ...args] = world.asPerson([
    ...[
      'umoci',
      'unpack',
      ...(isRoot ? [] : ['--rootless']),
      '--image',
      `${layout}:made`,
      join(world.base, 'theirs'),
    ],
  ]);
  execFileSync(program, args, { env: world.environment(), stdio: 'ignore' });
  t.equal(
    listing(join(bundle, 'rootfs')),
    listing(join(world.base, 'theirs/rootfs')),
    "the files of umoci's",
  );
  t.equal(runBundle(world, bundle), '0\nnew\nyes\n', 'a runtime runs it');
  const config = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8'));
  t.equal(config.annotations.one, '1');

  const again = await world.shale(['unpack', '--image', `${layout}:made`, bundle]);
  t.match(again.stderr, /exists already/);
  t.match((await world.shale(['unpack', '--image', `${layout}:nope`, 'x'])).stderr, /no image nope/);
  t.match((await world.shale(['unpack', '--uid-map', '0:1:2', '--image', layout, 'x'])).stderr, /unshare/);
  t.equal((await world.shale(['unpack', 'x'])).code, 1);

  if (world.spec.who === 'range') {
    const mapped = join(world.base, 'mapped');
    const words = [
      'unshare',
      ...world.commandLine([]).slice(-1),
      'unpack',
      '--image',
      `${layout}:made`,
      mapped,
    ];
    await world.ok(words);
    const owner = await world.ok(['unshare', 'stat', '-c', '%u:%g', join(mapped, 'rootfs/c')]);
    t.equal(owner.stdout, '5:6\n', 'in a session files belong to whom the image says');
    t.ok(statSync(join(mapped, 'rootfs/c')).uid > 1000, 'by mapped ids');
    await world.ok(['unshare', 'rm', '-rf', mapped]);
  }
});

eachWorld(PEOPLE.slice(0, 1), 'a layout is not trusted', async (t, world) => {
  const layout = await layoutOf(world);
  const blobs = join(layout, 'blobs/sha256');
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
  const manifest = JSON.parse(readFileSync(join(blobs, index.manifests[0].digest.slice(7)), 'utf8'));
  const blob = join(blobs, manifest.layers.at(-1).digest.slice(7));
  const bytes = readFileSync(blob);
  const unpack = async (): Promise<string> =>
    (await world.shale(['unpack', '--image', `${layout}:made`, join(world.base, 'bad')])).stderr;
  writeFileSync(blob, Buffer.concat([bytes.subarray(0, 40), Buffer.from([1]), bytes.subarray(41)]));
  t.match(await unpack(), /digest|damaged|corrupt/i);
  t.notOk(existsSync(join(world.base, 'bad/rootfs')), 'nothing stays');
  execFileSync('rm', [blob]);
  symlinkSync('/etc/passwd', blob);
  t.match(await unpack(), /it is a link/);
  execFileSync('sh', ['-c', `rm ${blob} && mkfifo ${blob}`]);
  t.match(await unpack(), /not a regular file/);
  t.notOk(existsSync(join(world.base, 'bad/rootfs')));
});

eachWorld(PEOPLE.slice(0, 1), 'gc', async (t, world) => {
  const layout = await layoutOf(world);
  const theirs = join(world.base, 'theirs');
  execFileSync('umoci', ['rm', '--image', `${layout}:made`]);
  execFileSync('chown', ['-R', `${world.user}:`, layout]);
  cpSync(layout, theirs, { recursive: true });
  execFileSync('umoci', ['gc', '--layout', theirs]);
  const { stdout } = await world.ok(['gc', '--layout', layout]);
  const blobs = (path: string): string[] => readdirSync(join(path, 'blobs/sha256')).sort();
  t.same(blobs(layout), blobs(theirs), "umoci's gc leaves the same");
  t.match(stdout, /^(deleted: sha256:[0-9a-f]{64}\n){4}Total reclaimed space: [\d.]+kB\n$/);
  t.equal((await world.ok(['gc', '--layout', layout])).stdout, 'Total reclaimed space: 0B\n');
  execFileSync('umoci', ['unpack', '--image', `${layout}:busybox`, join(world.base, 'kept')]);

  const [first] = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')).manifests;
  writeFileSync(join(layout, 'blobs/sha256', first.digest.slice(7)), '{}');
  const before = blobs(layout);
  t.match((await world.shale(['gc', '--layout', layout])).stderr, /other bytes than its name says/);
  t.same(blobs(layout), before, 'what cannot be read deletes nothing');
  execFileSync('sh', [
    '-c',
    `mv ${layout}/blobs ${world.base}/elsewhere && ln -s ${world.base}/elsewhere ${layout}/blobs`,
  ]);
  t.equal((await world.shale(['gc', '--layout', layout])).code, 1, 'a link in place of the blobs');
  t.same(readdirSync(join(world.base, 'elsewhere/sha256')).sort(), before);
  t.match((await world.shale(['gc', '--layout', world.store])).stderr, /system prune/);
  t.match((await world.shale(['gc', '--layout', world.base])).stderr, /no OCI image layout/);
  t.equal((await world.shale(['gc'])).code, 1);
});
