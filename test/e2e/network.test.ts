import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import {
  askTcp,
  askUdp,
  ECHO,
  eventually,
  freePorts,
  outerAddress,
  PYTHON,
  serve,
} from '../fixtures/e2e/servers.js';
import { alive, ended, WORLDS, type World } from '../fixtures/e2e/worlds.js';

const [range, , , single, root] = WORLDS;
const kept = [range, single, root].flatMap(spec => spec ?? []);
const first = kept.slice(0, 1);
const helpers = ['pasta', 'slirp4netns'];

function outOf(world: World, env: Record<string, string> = {}) {
  return async (...args: string[]): Promise<string> => (await world.ok(args, { env })).stdout;
}

/** The two programs that may connect a container, the second as on a machine that has no other. */
for (const helper of helpers) {
  eachWorld(helper === 'pasta' ? kept : first, `published ports: ${helper}`, async (t, world) => {
    const out = outOf(world, { SHALE_NETWORK_HELPER: helper });
    const [web = 0, names = 0] = await freePorts(2);
    await out(
      ...['run', '-d', '--name', 'web', '-p', `${web}:80`, '-p', `${names}:${names}/udp`],
      ...['-p', '127.0.0.1::81', ...PYTHON, 'busybox', '/usr/bin/python3', '-c', ECHO, String(names)],
    );
    t.ok(await eventually(async () => (await out('logs', 'web')) === 'ready\n'));
    for (const address of ['127.0.0.1', outerAddress()].flatMap(each => each ?? [])) {
      t.equal(await askTcp(address, web, 'hello'), 'tcp hello', `tcp at ${address}`);
      // slirp4netns that must not reach the host's loopback device drops answers to it
      if (helper === 'slirp4netns' && address === '127.0.0.1') continue;
      t.equal(await askUdp(address, names, 'hello'), 'udp hello', `udp at ${address}`);
    }
    const dual = helper === 'pasta' && existsSync('/proc/net/if_inet6');
    const hosts = (port: number): string[] => [`0.0.0.0:${port}`, ...(dual ? [`[::]:${port}`] : [])];
    const chosen = Number((await out('port', 'web', '81')).split(':')[1]);
    t.equal(await out('port', 'web', '80/tcp'), `${hosts(web).join('\n')}\n`);
    t.match(await out('port', 'web'), `${names}/udp -> 0.0.0.0:${names}\n`);
    const columns = await out('ps', '--format', '{{.Ports}}|{{.Networks}}');
    t.match(
      columns,
      hosts(web)
        .map(text => `${text}->80/tcp`)
        .join(', '),
    );
    t.match(columns, `127.0.0.1:${chosen}->81/tcp|bridge`);
    const ports = JSON.parse(await out('inspect', '-f', '{{json .NetworkSettings.Ports}}', 'web'));
    t.same(ports['81/tcp'], [{ HostIp: '127.0.0.1', HostPort: String(chosen) }]);

    const used = await world.shale(['run', '--rm', '-p', `${web}:80`, 'busybox', 'true']);
    t.match(used, { code: 125, stderr: `Bind for 0.0.0.0:${web} failed: port is already allocated` });
    for (const filter of ['publish=80', 'publish=81/tcp', 'network=bridge'])
      t.equal(await out('ps', '-f', filter, '--format', '{{.Names}}'), 'web\n', filter);
    for (const filter of ['publish=80/udp', 'network=host', 'expose=80'])
      t.equal(await out('ps', '-q', '-f', filter), '', filter);
    t.match((await world.shale(['port', 'web', '99'])).stderr, "no public port '99/tcp' published for web");

    await out('stop', '-t', '0', 'web');
    t.equal(await out('port', 'web'), '');
    t.equal(await askTcp('127.0.0.1', web, 'x'), 'ECONNREFUSED');
    t.same(alive(`${web}:80`), [], 'the helper has ended with the container');
    await out('start', 'web');
    t.equal(await out('port', 'web', '81'), `127.0.0.1:${chosen}\n`, 'a port that was chosen stays');
    t.ok(await eventually(async () => (await askTcp('127.0.0.1', web, 'again')) === 'tcp again'));
    await out('rm', '-f', 'web');
  });
}

eachWorld(kept, 'a network of its own', async (t, world) => {
  const out = outOf(world);
  const host = outerAddress();
  const secret = await serve('127.0.0.1', 'secret');
  const open = await serve('0.0.0.0', 'open');
  t.teardown(() => [secret, open].map(({ server }) => server.close()));
  const ask = (address: string, port: number): string =>
    `echo hi | timeout 2 nc ${address} ${port} 2>/dev/null | grep -o -E 'secret|open'`;
  await out(
    ...['run', '-d', '--name', 'box', '-h', 'boxed', '--expose', '81', '--add-host', 'gw:host-gateway'],
    ...['--dns', '192.0.2.53', '--dns-search', 'a.example', '--dns-option', 'ndots:2'],
    ...['busybox', 'sh', '-c', 'echo page > /tmp/index.html; httpd -p 80 -h /tmp; sleep 1000'],
  );
  const sh = (script: string): Promise<string> => out('exec', 'box', 'sh', '-c', `${script}; true`);
  t.equal(await sh('cat /etc/resolv.conf'), 'nameserver 192.0.2.53\nsearch a.example\noptions ndots:2\n');
  t.match(await sh('cat /etc/hosts'), `${host}\tgw\n10.253.7.100\tboxed\n`);
  t.equal(await sh('ls /sys/class/net'), 'eth0\nlo\n');
  t.equal(
    await sh(
      `${ask('127.0.0.1', secret.port)}; ${ask('10.253.7.2', secret.port)}; ${ask('gw', secret.port)}`,
    ),
    '',
    "the host's loopback device cannot be reached",
  );
  t.equal(await sh(ask('gw', open.port)), 'open\n', 'the host itself can');
  t.equal(await out('ps', '-f', 'expose=80-81', '--format', '{{.Ports}}'), '81/tcp\n');

  const get = 'printf "GET / HTTP/1.0\\r\\n\\r\\n" | nc 127.0.0.1 80 | tail -n 1; hostname';
  const joined = ['--network', 'container:box', 'busybox', 'sh', '-c', get];
  t.equal(await out('run', '--rm', ...joined), 'page\nboxed\n', 'the network of another container');
  t.equal(await out('run', '--name', 'side', ...joined), 'page\nboxed\n', 'by a monitor too');
  t.match(await out('inspect', '-f', '{{.HostConfig.NetworkMode}}', 'side'), /^container:[0-9a-f]{64}\n$/);
  await out('kill', 'box');
  await out('wait', 'box');
  const late = await world.shale(['run', '--rm', ...joined]);
  t.match(late, { code: 125, stderr: 'cannot join network of a non running container' });
  await out('rm', 'box', 'side');
});

eachWorld(first, 'networks and what is refused', async (t, world) => {
  const out = outOf(world);
  const run = (...args: string[]): Promise<string> => out('run', '--rm', ...args);
  t.equal(await run('--network', 'none', 'busybox', 'ls', '/sys/class/net'), 'lo\n');
  t.equal(await run('--network', 'none', 'busybox', 'cat', '/etc/resolv.conf'), '');
  const interfaces = (await run('--network', 'host', 'busybox', 'ls', '/sys/class/net')).split('\n');
  t.same(
    new Set(interfaces),
    new Set([...spawnSync('ls', ['/sys/class/net']).stdout.toString().split('\n')]),
  );
  const code = async (stderr: string | RegExp, ...args: string[]): Promise<boolean> =>
    t.match(
      await world.shale(['run', '--rm', ...args, 'busybox', 'true']),
      { code: 125, stderr },
      String(stderr),
    );
  await code('network nonesuch not found', '--network', 'nonesuch');
  await code('No such container: nonesuch', '--network', 'container:nonesuch');
  await code('conflicting options: hostname and the network mode', '--network', 'container:a', '-h', 'b');
  await code('--network-alias is not supported', '--network-alias', 'a');
  await code('invalid IP address: 1.2.3', '-p', '1.2.3:80:80');
  await code(/cannot expose privileged port 1:.*\n.*ip_unprivileged_port_start/, '-p', '1:80');
  await code('cannot assign requested address', '-p', '203.0.113.9:8080:80');
  const missing = await world.shale(['run', '--rm', '--network', 'bridge', 'busybox', 'true'], {
    env: { SHALE_NETWORK_HELPER: '/nonesuch/pasta' },
  });
  t.match(missing, { code: 125, stderr: 'apt-get install passt' });
  t.match(JSON.parse(await out('info', '--json')).network.helper, { kind: /^(pasta|slirp4netns)$/ });
});

eachWorld(first, 'nothing outlives who was killed', async (t, world) => {
  // its arguments tell whose it is
  const env = { SHALE_NETWORK_HELPER: 'pasta' };
  const out = outOf(world, env);
  const [port = 0] = await freePorts(1);
  const args = ['run', '--rm', '-p', `${port}:80`, 'busybox', 'sleep', '1000'];
  const cli = world.spawn(args, { env });
  t.ok(await eventually(() => alive(`${port}:80`).some(line => line.includes('--tcp-ports'))));
  const over = ended(cli);
  cli.kill('SIGKILL');
  await over;
  const [orphan = ''] = (await out('ps', '-q')).trim().split('\n');
  t.match(
    await out('port', orphan),
    `80/tcp -> 0.0.0.0:${port}\n`,
    'as with docker, it goes on without its command',
  );
  await out('kill', orphan);
  t.ok(await eventually(() => alive(`${port}:80`).length === 0), 'pasta has ended');
  let left = orphan;
  for (const end = Date.now() + 10_000; left !== '' && Date.now() < end; ) left = await out('ps', '-aq');
  t.equal(left, '', 'nobody was attached: the monitor has removed it');

  const id = (await out('run', '-d', '-p', `${port}:80`, 'busybox', 'sleep', '1000')).trim();
  const report = readFileSync(join(world.store, 'containers', id, 'report'), 'latin1').split('\0');
  process.kill(Number(report[report.indexOf('monitor') + 1]), 'SIGKILL');
  t.ok(await eventually(() => alive(`${port}:80`).length === 0), 'pasta has ended');
  await out('wait', id);
  t.equal(await out('port', id), '');
  await out('start', id);
  t.match(await out('port', id), `80/tcp -> 0.0.0.0:${port}\n`);
  await out('kill', id);
  await out('wait', id);
  t.same(alive(`${port}:80`), [], 'nor a container that was killed');
  await out('rm', id);
});

/** Answers every question for an address with 192.0.2.7. */
function answer(question: Buffer): Buffer {
  let end = 12;
  while (question[end]) end += (question[end] ?? 0) + 1;
  const asksForAddress = question.readUInt16BE(end + 1) === 1;
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]);
  const head = Buffer.from([0x81, 0x80, 0, 1, 0, asksForAddress ? 1 : 0, 0, 0, 0, 0]);
  return Buffer.concat([
    question.subarray(0, 2),
    head,
    question.subarray(12, end + 5),
    ...(asksForAddress ? [record] : []),
  ]);
}

eachWorld(first, 'lookups reach a resolver on the loopback device of the host', async (t, world) => {
  const server = createSocket('udp4');
  server.on('message', (data, peer) => server.send(answer(data), peer.port, peer.address));
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).bind({ address: '127.0.0.1', port: 53 }, resolve),
  );
  t.teardown(() => server.close());
  const etc = world.files('etc', { resolv: 'nameserver 127.0.0.1\n' });
  for (const helper of helpers) {
    // in a mount namespace of its own, where the host's files are others
    const command = world.commandLine(['run', '--rm', 'busybox', 'nslookup', 'name.example']);
    const script = `
      for file in /etc/resolv.conf /run/systemd/resolve/resolv.conf; do
        [ ! -e $file ] || mount --bind ${etc}/resolv $file
      done; exec "$@"`;
    const env = { ...world.environment(), SHALE_NETWORK_HELPER: helper };
    const result = await ended(
      spawn('unshare', ['-m', 'timeout', '60', 'sh', '-c', script, 'sh', ...command], { env }),
    );
    t.match(result.stdout, 'Address: 192.0.2.7', `${helper} ${result.stderr}`);
  }
});
