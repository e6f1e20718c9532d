import { eachWorld } from '../fixtures/e2e/each-world.js';
import { WORLDS } from '../fixtures/e2e/worlds.js';

const [range] = WORLDS;

eachWorld(
  [range].flatMap(spec => spec ?? []),
  'formats of images',
  async (t, world) => {
    const context = world.files('context', {
      Dockerfile: 'FROM busybox\nLABEL a=b c=d\nEXPOSE 80\nENV X=1\nRUN echo 12345 > /five\n',
    });
    await world.ok(['build', '-t', 'one:v1', context]);
    const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;

    t.match(await out('images', '--format', '{{.Repository}}:{{.Tag}} {{.Size}}'), /^one:v1 [\d.]+MB$/m);
    t.match(
      await out('images', '--format', 'table {{.Tag}}\\t{{.Repository}}'),
      /^TAG {7}REPOSITORY\nv1 {8}one$/m,
    );
    t.match(await out('images'), /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE\n/);
    const [line = ''] = (await out('images', '--format', 'json', 'one')).split('\n');
    const row = JSON.parse(line) as Record<string, string>;
    t.match(row, { Repository: 'one', Tag: 'v1', ID: /^[0-9a-f]{12}$/, CreatedAt: /^\d{4}-.* \+0000 UTC$/ });
    t.equal(await out('images', '-q', 'one'), `${row.ID}\n`);
    const unknown = await world.shale(['images', '--format', '{{.Nope}}']);
    t.equal(unknown.code, 1);
    t.match(unknown.stderr, "can't evaluate field Nope in type *formatter.imageContext");
    t.match((await world.shale(['images', '--format', '{{.ID'])).stderr, 'template parsing error');

    const inspect = (format: string): Promise<string> =>
      out('image', 'inspect', 'one:v1', '--format', format);
    t.equal(await inspect('{{.Os}} {{.ContainerConfig.ExposedPorts}}'), 'linux map[80/tcp:{}]\n');
    t.equal(await inspect('{{json .Config.Labels}}'), '{"a":"b","c":"d"}\n');
    t.match(
      await inspect('{{.Metadata.LastTagTime}} {{.VirtualSize}}'),
      /^\d{4}-\S+ [\d:.]+ \+0000 UTC \d+\n$/,
    );
    t.match(await inspect('{{.Id}}'), /^sha256:[0-9a-f]{64}\n$/);
    t.equal(
      await inspect('{{.Id}}'),
      await inspect('{{.ID}}'),
      'by the name in JSON and by that of the type',
    );
    t.equal(await inspect('{{range .RepoTags}}<{{.}}>{{end}}{{len .RootFS.Layers}}'), '<one:v1>2\n');
    t.match(
      (await world.shale(['inspect', '-f', '{{.Nope}}', 'one:v1'])).stderr,
      'map has no entry for key "Nope"',
    );
    t.equal((await world.shale(['inspect', 'nobody'])).code, 1);

    t.match(
      await out('history', '--no-trunc', '--format', '{{.CreatedBy}}|{{.Size}}', 'one:v1'),
      /^RUN .*five # buildkit\|6B$/m,
    );
  },
);
