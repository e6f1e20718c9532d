import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { WORLDS } from '../fixtures/e2e/worlds.js';

const [range, , , single] = WORLDS;

/** docker's sizes have three digits. */
function bytesOf(text = ''): number {
  const [, number, unit = 'B'] = /([\d.]+) ?([kMG]?B)/.exec(text) ?? [];
  return Number(number) * ({ B: 1, kB: 1e3, MB: 1e6, GB: 1e9 }[unit] ?? Number.NaN);
}

function du(...paths: string[]): number {
  const lines = execFileSync('du', ['-sc', '--block-size=1', ...paths], { encoding: 'utf8' });
  return Number(lines.trimEnd().split('\n').at(-1)?.split('\t')[0]);
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 0.01 * Math.max(a, b) + 64 * 1024;
}

const DOCKERFILE = `FROM busybox
RUN --mount=type=cache,target=/cache dd if=/dev/zero of=/cache/x bs=1M count=3 2>/dev/null; chmod 700 /cache/x
RUN mkdir -m 700 /private && dd if=/dev/zero of=/private/x bs=1M count=5 2>/dev/null && chown -R 5:5 /private
`;

eachWorld(
  [range, single].flatMap(spec => spec ?? []),
  'what is on the disk, and how it goes away',
  async (t, world) => {
    const context = world.files('context', { Dockerfile: DOCKERFILE });
    await world.ok(['build', '-q', '-t', 'big', context]);
    await world.ok([
      'run',
      '--name',
      'holder',
      'busybox',
      'sh',
      '-c',
      'dd if=/dev/zero of=/x bs=1M count=7 2>/dev/null; mkdir -m 700 /p; mv /x /p',
    ]);
    await world.ok([
      'run',
      '--rm',
      '-v',
      'vol:/data',
      'busybox',
      'sh',
      '-c',
      'dd if=/dev/zero of=/data/x bs=1M count=2',
    ]);

    const lines = async (): Promise<Record<string, string[]>> => {
      const { stdout } = await world.ok([
        'system',
        'df',
        '--format',
        '{{.Type}}|{{.TotalCount}}|{{.Active}}|{{.Size}}',
      ]);
      return Object.fromEntries(
        stdout
          .trimEnd()
          .split('\n')
          .map(line => [line.split('|')[0], line.split('|')]),
      );
    };
    const found = await lines();
    const size = (type: string): number => bytesOf(found[type]?.[3]);
    t.ok(near(size('Containers'), du(join(world.store, 'containers'))), 'containers as du');
    t.ok(near(size('Local Volumes'), du(join(world.store, 'volumes'))), 'volumes as du');
    const rest = ['blobs', 'layers', 'trees', 'cache-mounts'].map(name => join(world.store, name));
    t.ok(near(size('Images') + size('Build Cache'), du(...rest)), 'images and cache as du');
    t.strictSame(found.Images?.slice(1, 3), ['2', '1']);
    t.strictSame(found.Containers?.slice(1, 3), ['1', '0']);
    t.strictSame(found['Local Volumes']?.slice(1, 3), ['1', '0']);
    t.match(
      (await world.ok(['system', 'df'])).stdout,
      /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE\nImages +2 +1 +[\d.]+MB +[\d.]+MB \(\d+%\)\n/,
    );

    const verbose = (await world.ok(['system', 'df', '-v'])).stdout;
    t.match(
      verbose,
      /Images space usage:\n\nREPOSITORY +TAG +IMAGE ID +CREATED +SIZE +SHARED SIZE +UNIQUE SIZE +CONTAINERS\n/,
    );
    t.match(verbose, /^vol +0 +2(\.\d+)?MB$/m);
    t.match((await world.ok(['builder', 'du'])).stdout, /exec|true +3\.\d+MB/);
    const types = async (...filters: string[]): Promise<string> => {
      const flags = filters.flatMap(filter => ['--filter', filter]);
      return (await world.ok(['builder', 'du', '--format', '{{.Type}}', ...flags])).stdout;
    };
    t.equal(await types('type=exec.cachemount'), 'exec.cachemount\n');
    t.equal(await types('mutable', 'private'), 'exec.cachemount\n');
    t.equal(await types('description~=^RUN mkdir', 'type!=exec.cachemount'), 'regular\n');
    t.equal(await types('until=24h'), '');
    t.equal((await world.shale(['builder', 'du', '--filter', 'nope=1'])).code, 1);
    t.match((await world.ok(['builder', 'du', '--verbose'])).stdout, /Type: +exec\.cachemount\n/);

    const asked = await world.shale(['system', 'prune'], { input: 'n\n' });
    t.equal(asked.code, 0, 'a no is no error');
    t.match(asked.stdout, /^WARNING! This will remove:\n {2}- all stopped containers\n/);
    t.equal((await lines()).Containers?.[1], '1');
    for (const [kind, warning] of [
      ['image', 'This will remove all dangling images.'],
      ['container', 'This will remove all stopped containers.'],
      ['volume', 'This will remove anonymous local volumes not used by at least one container.'],
    ] as const)
      t.equal(
        (await world.ok([kind, 'prune'], { input: '' })).stdout,
        `WARNING! ${warning}\nAre you sure you want to continue? [y/N] `,
        'silence is no',
      );
    t.match((await world.ok(['image', 'prune'], { input: 'y\n' })).stdout, 'Total reclaimed space: 0B');

    const mounts = await world.ok(['builder', 'prune', '-f', '--filter', 'type=exec.cachemount']);
    t.match(
      mounts.stdout,
      /^Deleted build cache objects:\n[0-9a-f]{25}\n\nTotal reclaimed space: 3\.1\d+MB\n$/,
    );
    t.match(
      (await world.ok(['builder', 'prune', '-f'])).stdout,
      'Total reclaimed space: 0B',
      'the image has its layers',
    );
    t.equal((await world.shale(['builder', 'prune', '-f', '--filter', 'x=y'])).code, 1);
    t.equal((await world.shale(['system', 'prune', '-f', '--filter', 'x=y'])).code, 1);
    const clash = await world.shale(['system', 'prune', '-f', '--volumes', '--filter', 'until=1h']);
    t.match(clash, { code: 1, stderr: 'The "until" filter is not supported with "--volumes"' });
    for (const filter of ['until=1h', 'label=nope']) {
      const spared = await world.ok(['system', 'prune', '-af', '--filter', filter]);
      t.equal(spared.stdout, 'Total reclaimed space: 0B\n', filter);
    }
    const shownFilter = await world.ok(['system', 'prune', '--filter', 'label=a'], { input: '' });
    t.match(shownFilter.stdout, '  Items to be pruned will be filtered with:\n  - label=a\n\nAre you sure');
    await world.ok(['rmi', 'big']);
    t.match((await world.ok(['builder', 'prune', '-f', '--max-used-space', '1gb'])).stdout, 'space: 0B');
    const before = du(world.store);
    const pruned = await world.ok(['system', 'prune', '-af', '--volumes']);
    const said = /^Total reclaimed space: (.*)$/m.exec(pruned.stdout)?.[1];
    t.ok(near(bytesOf(said), before - du(world.store)), `it frees what it says: ${said}`);
    t.match(
      pruned.stdout,
      /^Deleted Containers:\n[0-9a-f]{64}\n\nDeleted Images:\nuntagged: busybox:latest\n/,
    );
    const after = await lines();
    t.strictSame([after.Images?.[3], after.Containers?.[3], after['Build Cache']?.[3]], ['0B', '0B', '0B']);
    t.ok(du(join(world.store, 'blobs'), join(world.store, 'trees'), join(world.store, 'layers')) < 64 * 1024);
    t.match((await world.ok(['fsck'])).stdout, /, 0 damaged/);
  },
);

eachWorld(
  [range].flatMap(spec => spec ?? []),
  'info and version, as scripts ask docker for them',
  async (t, world) => {
    const info = async (format: string): Promise<string> =>
      (await world.ok(['info', '--format', format])).stdout;
    t.equal(await info('{{.Images}} {{.Containers}} {{.ContainersRunning}} {{.OSType}}'), '1 0 0 linux\n');
    t.match(await info('{{.Driver}} {{.DockerRootDir}}'), `overlay ${world.store}`);
    t.match(JSON.parse(await info('{{json .}}')), { NCPU: Number, KernelVersion: String });
    t.equal((await world.shale(['info', '--format', '{{.Nope}}'])).code, 1);
    t.match(
      (await world.ok(['version', '--format', '{{.Client.Version}} {{.Server.Os}}'])).stdout,
      /^\d+\.\d+\.\d+ linux\n$/,
    );
    t.match((await world.ok(['version'])).stdout, /^Client: Shale\n Version: +\d/);
    t.match((await world.ok(['system', 'info'])).stdout, /^Version: /);
  },
);
