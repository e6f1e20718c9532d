// Looking at containers, and holding them.
import { setTimeout as sleep } from 'node:timers/promises';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { WORLDS } from '../fixtures/e2e/worlds.js';

const [range, , , single] = WORLDS;
const both = [range, single].flatMap(spec => spec ?? []);
const one = [range].flatMap(spec => spec ?? []);

eachWorld(one, 'ps, inspect and prune: filters and sizes', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  const names = async (...filters: string[]): Promise<string> =>
    (await out('ps', '-a', '--format', '{{.Names}}', ...filters.flatMap(text => ['-f', text]))).replaceAll(
      '\n',
      ' ',
    );
  await world.ok(['build', '-t', 'web', '-'], { input: 'FROM busybox\nLABEL a=b\nEXPOSE 80 53/udp\n' });
  const write = 'head -c 100000 /dev/zero > /zeros; exit 2';
  await world.shale(['run', '--name', 'first', '-l', 'c=d', 'busybox', 'sh', '-c', write]);
  await out('create', '--name', 'second', '-v', `${world.base}:/data`, 'web', 'true');
  await out('run', '-d', '--name', 'third', '--network', 'none', 'busybox', 'sleep', '1000');

  t.equal(await names(), 'third second first ');
  t.equal(await names('status=running'), 'third ');
  t.equal(await names('status=created', 'status=exited'), 'second first ');
  t.equal(await names('exited=2'), 'first ');
  t.equal(await names('ancestor=web'), 'second ');
  t.equal(await names('ancestor=busybox:latest', 'name=^f'), 'first ');
  t.equal(await names('label=a', 'label=a=b'), 'second ');
  t.equal(await names('label=a', 'label=c'), '');
  t.equal(await names('before=third'), 'second first ');
  t.equal(await names('since=first', 'before=third'), 'second ');
  t.equal(await names('expose=80-90/tcp'), 'second ');
  t.equal(await names('expose=53'), '');
  t.equal(await names('network=none'), 'third ');
  t.equal(await names('volume=/data'), 'second ');
  t.equal(await names('health=none', 'name=third'), 'third ');
  t.match(await world.shale(['ps', '-f', 'bad=1']), { code: 1, stderr: /invalid filter 'bad'/ });
  t.equal(await out('ps', '-n', '2', '--format', '{{.Names}}'), 'third\nsecond\n');
  t.equal(await out('ps', '-lq', '--no-trunc', '--format', '{{.Names}}'), 'third\n');
  t.match(await out('ps', '-as'), /100kB \(virtual [\d.]+MB\)$/m);
  t.match(await out('inspect', '-s', '-f', '{{.SizeRw}} {{.SizeRootFs}}', 'first'), /^100000 \d{7,}$/m);
  t.equal(await out('inspect', '--type', 'container', '-f', '{{.Name}}', 'first'), '/first\n');
  t.match(await world.shale(['inspect', '--type', 'image', 'first']), { code: 1 });

  t.equal(await out('container', 'prune', '--filter', 'until=1h', '-f'), 'Total reclaimed space: 0B\n');
  t.match(
    await out('container', 'prune', '-f', '--filter', 'label!=a'),
    /Deleted Containers:\n[0-9a-f]{64}\n\nTotal reclaimed space: 1\d\d(\.\d)?kB/,
  );
  t.equal(await names(), 'third second ');
  await out('rm', '-f', 'second', 'third');
});

eachWorld(both, 'stats, top, pause', async (t, world) => {
  const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  const busy = 'while :; do echo x >> /count; done';
  await out('run', '-d', '--name', 'busy', 'busybox', 'sh', '-c', busy);
  await out('run', '-d', '--name', 'idle', '--network', 'none', 'busybox', 'sleep', '1000');
  const format = '{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.NetIO}} {{.PIDs}}';
  const stats = await out('stats', '--no-stream', '--format', format);
  t.match(stats, /^busy [1-9]\d*\.\d\d% [\d.]+[KM]iB \/ [\d.]+GiB [\d.]+k?B \/ [\d.]+k?B 1$/m);
  t.match(stats, /^idle 0\.00% [\d.]+KiB \/ [\d.]+GiB [\d.]+k?B \/ [\d.]+k?B 1$/m);
  t.match(await out('stats', '--no-stream', 'idle'), /^CONTAINER ID +NAME +CPU % +MEM USAGE \/ LIMIT/);
  t.match(await world.shale(['stats', '--no-stream', 'nobody']), {
    code: 1,
    stderr: /No such container: nobody/,
  });
  t.match(await out('top', 'idle'), /^UID +PID +PPID +CMD\n.*sleep 1000\n$/);
  t.match(await out('top', 'idle', '-o', 'pid,comm'), /^ *PID COMMAND\n *\d+ sleep\n$/);

  t.equal(await out('pause', 'busy'), 'busy\n');
  t.match(await out('ps', '-f', 'status=paused'), /\(Paused\) .*busy$/m);
  t.equal(
    await out('inspect', '-f', '{{.State.Status}} {{.State.Paused}} {{.State.Running}}', 'busy'),
    'paused true true\n',
  );
  const written = async (): Promise<string> => out('inspect', '-s', '-f', '{{.SizeRw}}', 'busy');
  const before = await written();
  await sleep(300);
  t.equal(await written(), before, 'nothing moves');
  t.match((await world.shale(['pause', 'busy'])).stderr, /is already paused/);
  t.match(
    (await world.shale(['exec', 'busy', 'true'])).stderr,
    /is paused, unpause the container before exec/,
  );
  await out('unpause', 'busy');
  t.equal(await out('exec', 'busy', 'echo', 'on'), 'on\n');
  t.not(await written(), before);
  t.match((await world.shale(['unpause', 'busy'])).stderr, /is not paused/);
  await out('pause', 'busy');
  await out('stop', '-t', '0', 'busy');
  t.equal(await out('inspect', '-f', '{{.State.Status}}', 'busy'), 'exited\n');
  await out('start', 'busy');
  t.equal(await out('inspect', '-f', '{{.State.Status}}', 'busy'), 'running\n');
  await out('rm', '-f', 'busy', 'idle');
});
