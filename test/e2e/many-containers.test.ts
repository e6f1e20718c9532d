// Fifty containers of one large image, all running: what each costs on the disk, and that none sees another's files.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { holding } from '../fixtures/e2e/holding.js';

const COUNT = 50;
const AT_ONCE = 5;
const IMAGE_BYTES = 100 << 20;
const MOST_BYTES_EACH = 200_000;
const DOCKERFILE = `FROM busybox
RUN dd if=/dev/zero of=/big bs=1M count=${IMAGE_BYTES >> 20} 2>/dev/null
`;
const WORDS = 'only-the-first-container-wrote-this';

function du(path: string): number {
  return Number(execFileSync('du', ['-s', '--block-size=1', path], { encoding: 'utf8' }).split('\t')[0]);
}

async function inBatches(count: number, work: (at: number) => Promise<unknown>): Promise<void> {
  const left = Array.from({ length: count }, (_, at) => at);
  const take = async (): Promise<void> => {
    for (let at = left.shift(); at !== undefined; at = left.shift()) await work(at);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, take));
}

eachWorld([{ who: 'range', driver: 'overlay' }], 'fifty containers share an image', async (t, world) => {
  await world.ok(['build', '-q', '-t', 'large', world.files('context', { Dockerfile: DOCKERFILE })]);
  const start = (name: string, script: string) =>
    world.ok(['run', '-d', '--name', name, '--network', 'none', 'large', 'sh', '-c', script]);
  await start('first', `echo ${WORDS} > /etc/mine; rm /etc/group; sleep 1000`);
  const before = du(world.store);
  t.ok(before > IMAGE_BYTES);

  await inBatches(COUNT - 1, at => start(`c${at}`, 'sleep 1000'));
  const running = (await world.ok(['ps', '-q', '--no-trunc'])).stdout.trim().split('\n');
  t.equal(running.length, COUNT);
  const each = (du(world.store) - before) / (COUNT - 1);
  t.comment(`${Math.round(each)} bytes of each`);
  t.ok(each <= MOST_BYTES_EACH, `${each} bytes of each`);

  const seen = 'cat /etc/mine 2>/dev/null; ls /etc; wc -c < /big';
  const { stdout } = await world.ok(['exec', 'c7', 'sh', '-c', seen]);
  t.equal(stdout, `group\nhostname\nhosts\npasswd\nresolv.conf\n${IMAGE_BYTES}\n`);
  for (const place of ['trees', 'layers', 'blobs', 'cache'])
    t.same(holding(join(world.store, place), WORDS), [], `nothing in ${place}`);

  await world.ok(['rm', '-f', ...running]);
  t.same(readdirSync(join(world.store, 'containers')), []);
  t.match(await world.shale(['fsck']), { code: 0 });
});
