// The same image in podman and here: the same fields. Where docker's output differs by version, or podman's from
// docker's, the test says whom Shale follows.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { WORLDS } from '../fixtures/e2e/worlds.js';

const [range] = WORLDS;

const DOCKERFILE = `FROM busybox
LABEL a=b c="d e"
ENV X=1 PATH=/bin
EXPOSE 80 53/udp
VOLUME /data
WORKDIR /srv
USER app
STOPSIGNAL SIGINT
RUN echo 12345 > /tmp/five
HEALTHCHECK --interval=5s CMD true
ENTRYPOINT ["sh", "-c"]
CMD ["echo hi"]
`;

/** A placeholder, what docker 28 prints for it and, where podman does not agree, what podman prints. */
type Field = [name: string, ours: RegExp, theirs?: RegExp];

const AGO = /^(Less than a second|1 second|\d+ seconds|About a minute|\d+ minutes) ago$/;

const FIELDS: [command: string, fields: Field[]][] = [
  [
    'images',
    [
      ['ID', /^[0-9a-f]{12}$/],
      ['Repository', /^judged$/, /^(docker.io\/library|localhost)\/judged$/],
      ['Tag', /^v1$/],
      // docker knows the digests that a registry told
      ['Digest', /^<none>$/, /^sha256:/],
      ['CreatedSince', AGO, AGO],
      ['CreatedAt', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [-+]\d{4} [A-Z]+$/],
      // docker counts the bytes of files, podman those of the tars
      ['Size', /^[\d.]+[kM]B$/, /^[\d.]+ [kM]B$/],
    ],
  ],
  [
    'history',
    [
      ['ID', /^[0-9a-f]{12}$/],
      ['CreatedSince', AGO, AGO],
      // docker's is RFC 3339
      ['CreatedAt', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[-+]\d\d:\d\d)$/, /^\d{4}-\d\d-\d\d \d\d:/],
      ['CreatedBy', /^CMD \["echo hi"\]$/],
      ['Size', /^0B$/, /^0 B$/],
      ['Comment', /^buildkit.dockerfile.v0$/],
    ],
  ],
];

/** docker's placeholders of `ps`, and what docker 28 prints for the container below. */
const PS_FIELDS: Field[] = [
  ['ID', /^[0-9a-f]{12}$/],
  ['Image', /^judged:v1$/],
  ['Command', /^"sh -c 'echo hi' and…"$/],
  ['CreatedAt', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [-+]\d{4} [A-Z]+$/],
  ['RunningFor', AGO],
  ['Ports', /^$/],
  ['State', /^created$/],
  ['Status', /^Created$/],
  ['HealthStatus', /^none$/],
  ['Size', /^0B \(virtual [\d.]+[kM]B\)$/],
  ['Names', /^box$/],
  ['Labels', /^a=b,c=d e,mine=x y$/],
  ['Label "mine"', /^x y$/],
  ['Mounts', /^[0-9a-f]{14}…,vol$|^vol,[0-9a-f]{14}…$/],
  ['Networks', /^none$/],
  ['LocalVolumes', /^2$/],
];

eachWorld(
  [range].flatMap(spec => spec ?? []),
  'podman and Shale say the same of one image',
  async (t, world) => {
    const context = world.files('context', { Dockerfile: DOCKERFILE });
    await world.ok(['build', '-q', '-t', 'judged:v1', context]);
    const archive = join(world.base, 'judged.tar');
    await world.ok(['save', '-o', archive, 'judged:v1']);
    const root = join(world.base, 'podman');
    const podman = (...args: string[]): string =>
      execFileSync(
        'podman',
        [
          '--root',
          root,
          '--runroot',
          `${root}-run`,
          '--storage-driver',
          'vfs',
          '--cgroup-manager',
          'cgroupfs',
          ...args,
        ],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
      );
    podman('load', '-q', '-i', archive);
    const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
    const both = async (...args: string[]): Promise<[ours: string, theirs: string]> => [
      (await out(...args, 'judged:v1')).trim(),
      podman(...args, 'judged:v1').trim(),
    ];

    const [ours] = JSON.parse(await out('image', 'inspect', 'judged:v1'));
    const [theirs] = JSON.parse(podman('image', 'inspect', 'judged:v1'));
    // podman writes ids without the algorithm; docker, and Shale, with it
    t.equal(ours.Id, `sha256:${theirs.Id}`);
    for (const field of ['Created', 'Author', 'Architecture', 'Os', 'RootFS'])
      t.strictSame(ours[field], theirs[field], field);
    t.strictSame(ours.Config, { ...theirs.Config, Healthcheck: ours.Config.Healthcheck });
    t.match(ours.Config.Healthcheck, { Interval: 5e9 }, 'podman drops it from images in OCI format');
    t.equal(ours.Comment, 'buildkit.dockerfile.v0', "the last step's, as docker; podman has the first's");
    t.strictSame(ours.ContainerConfig, ours.Config, 'what docker before 26 also printed');
    t.strictSame(ours.RepoTags, ['judged:v1'], "docker's short name; podman writes the registry out");
    t.equal(theirs.RepoTags[0].replace(/^docker\.io\/library\/|^localhost\//, ''), ours.RepoTags[0]);
    t.equal(ours.Descriptor.digest.length, theirs.Digest.length);

    for (const format of [
      '{{.Os}}/{{.Architecture}}',
      '{{json .Config.Labels}}',
      '{{json .RootFS.Layers}}',
      '{{range .Config.Env}}<{{.}}>{{end}}',
      '{{index .Config.Labels "c"}}',
      '{{len .RootFS.Layers}} {{.Config.WorkingDir}} {{.Config.User}} {{.Config.StopSignal}}',
      '{{.Config.ExposedPorts}} {{.Config.Entrypoint}} {{.Config.Cmd}}',
      '{{if .Config.Volumes}}volumes{{else}}none{{end}} {{join .Config.Cmd ","}} {{upper .Os}}',
    ]) {
      const [mine, other] = await both('image', 'inspect', '--format', format);
      t.equal(mine, other, format);
    }

    const [steps, theirSteps] = await both('history', '--no-trunc', '--format', '{{.CreatedBy}}');
    t.equal(steps, theirSteps, 'the same history');
    const sizes = await both('history', '-H=false', '--format', '{{.Size}}');
    t.equal(sizes[0].split('\n').length, sizes[1].split('\n').length);
    t.match(sizes[0], /^6$/m, 'docker counts the bytes of files; podman those of the tar');
    t.match(await out('history', '-q', 'judged:v1'), /^[0-9a-f]{12}\n(<missing>\n)+$/);
    t.equal(
      podman('history', '-q', 'judged:v1').split('\n')[0],
      (await out('history', '-q', 'judged:v1')).split('\n')[0],
    );

    for (const [command, fields] of FIELDS) {
      for (const [field, ours, theirs] of fields) {
        const [mine, other] = await both(command, '--format', `{{.${field}}}`);
        const [first = '', other1 = ''] = [mine.split('\n')[0], other.split('\n')[0]];
        t.match(first, ours, `${command}: ${field}`);
        if (theirs === undefined) t.equal(first, other1, `${command}: ${field} is podman's`);
        else t.match(other1, theirs, `${command}: ${field} of podman`);
      }
    }

    const format = '{{.ID}} {{.Tag}}';
    t.equal(
      await out('images', '--format', format, 'judged'),
      podman('images', '--format', format, 'judged'),
    );
    t.equal(await out('images', '-q', 'judged'), podman('images', '-q', 'judged'));
    t.equal(
      await out('images', '-q', '--no-trunc', 'judged'),
      podman('images', '-q', '--no-trunc', 'judged'),
    );
    for (const filter of [
      'label=a=b',
      'label=a',
      'label=nope',
      'reference=judged:*',
      'since=busybox',
      'dangling=true',
    ]) {
      const count = (text: string): number => text.split('\n').filter(Boolean).length;
      const mine = count(await out('images', '-q', '--filter', filter));
      if (filter !== 'since=busybox')
        t.equal(mine, count(podman('images', '-q', '--filter', filter)), `--filter ${filter}`);
      else t.equal(mine, 1);
    }

    const wrong = await world.shale(['image', 'inspect', '--platform', 'linux/s390x', 'judged:v1']);
    t.equal(wrong.code, 1);
    t.match(
      wrong.stderr,
      'image with reference judged:v1 was found but does not provide the specified platform (linux/s390x)',
    );
    t.equal((await world.shale(['images', '--format', '{{'])).code, 1);
  },
);

eachWorld(
  [range].flatMap(spec => spec ?? []),
  'every placeholder of ps',
  async (t, world) => {
    const context = world.files('context', { Dockerfile: DOCKERFILE });
    await world.ok(['build', '-q', '-t', 'judged:v1', context]);
    const flags = ['--name', 'box', '--label', 'mine=x y', '-v', 'vol:/vol', '--network', 'none'];
    await world.ok(['create', ...flags, 'judged:v1', 'echo hi', 'and', 'more', 'words']);
    for (const [field, pattern] of PS_FIELDS) {
      const { stdout } = await world.ok(['ps', '-a', '--format', `{{.${field}}}`]);
      t.match(stdout.trimEnd(), pattern, field);
    }
    const { stdout } = await world.ok(['ps', '-a', '--no-trunc', '--format', 'json']);
    const names = PS_FIELDS.map(([name]) => name).filter(name => !name.includes(' '));
    t.strictSame(Object.keys(JSON.parse(stdout)), names.sort(), 'and no other in JSON');
    await world.ok(['rm', '-v', 'box']);
  },
);
