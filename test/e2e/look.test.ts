import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { WORLDS } from '../fixtures/e2e/worlds.js';

const [range, , , single] = WORLDS;
const CHROMIUM = '/usr/bin/chromium';

const DOCKERFILE = `FROM busybox
COPY big /opt/big
RUN rm -r /home/app && mv /opt/big /opt/moved
RUN mkdir '/opt/<img src=x>' && echo 12345 > '/opt/<img src=x>/<script>document.title=1<'
`;

eachWorld(
  [range, single].flatMap(spec => spec ?? []),
  'looking into an image',
  async (t, world) => {
    const context = world.files('context', { Dockerfile: DOCKERFILE, big: Buffer.alloc(1 << 20, 'x') });
    await world.ok(['build', '-q', '-t', 'me/app', context]);
    const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;

    const rows = (
      await out('image', 'layers', '--format', '{{.Number}}|{{.Size}}|{{.Removed}}|{{.Wasted}}', 'me/app')
    )
      .trimEnd()
      .split('\n');
    t.equal(rows.length, 4);
    t.equal(rows[1], '2|1.05MB|0|1.05MB', 'what a later step moves away travels for nothing');
    t.equal(rows[2], '3|1.05MB|2|0B');
    t.match(
      await out('image', 'layers', 'me/app'),
      /^LAYER +DIFF ID +SIZE +ADDED +CHANGED +REMOVED +WASTED +CREATED BY\n/,
    );
    const [, copied] = JSON.parse(await out('image', 'layers', '--json', 'me/app'));
    t.match(copied, { size: 1 << 20, wasted: 1 << 20, hidden: [{ path: '/opt/big', hiddenBy: 2 }] });

    const diff = await out('image', 'diff', '--size', 'busybox', 'me/app');
    t.match(diff, /^D \/home\/app$/m);
    t.match(diff, /^A \/opt\/moved \+1.05MB$/m);
    t.equal(await out('image', 'diff', 'me/app', 'me/app'), '');
    // what a container of the image says of a change agrees with what the comparison of images says
    await world.ok([
      'run',
      '--name',
      'one',
      'busybox',
      'sh',
      '-c',
      'rm -r /home/app; echo x > /etc/new; chmod 700 /tmp',
    ]);
    const before = await out('diff', 'one');
    await world.ok(['commit', 'one', 'committed']);
    t.equal(await out('image', 'diff', 'busybox', 'committed'), before);
    await world.ok(['rm', 'one']);

    const tree = await out('image', 'tree', 'me/app', '/opt');
    t.match(tree, /1\.05MB {2}\/opt\/\n *1\.05MB {2}├── moved\n/);
    t.match((await world.shale(['image', 'tree', 'me/app', '/none'])).stderr, 'the image has no /none');
    t.match(await out('images', '--tree'), /^busybox:latest .*\n(.*\n)?[├└]── /m);

    const page = await out('image', 'report', 'me/app');
    t.ok(existsSync(CHROMIUM), 'chromium is installed');
    const scratch = mkdtempSync(join(tmpdir(), 'report-'));
    t.teardown(() => rmSync(scratch, { recursive: true, force: true }));
    const html = world.files('page', { 'report.html': page });
    const dom = execFileSync(
      CHROMIUM,
      [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        `--user-data-dir=${scratch}`,
        '--dump-dom',
        `file://${html}/report.html`,
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 60_000, maxBuffer: 1 << 26 },
    );
    t.match(dom, /<title>me\/app – image report<\/title>/, 'no script of the image ran');
    t.notMatch(dom, /<script|<img/);
    t.match(dom, /\/opt\/&lt;img src=x&gt;\/&lt;script&gt;/, 'its names are text');
    t.equal(dom.match(/<details/g)?.length, 4, 'a line for each layer');
    t.ok((dom.match(/<rect/g)?.length ?? 0) > 5, 'a map');
  },
);
