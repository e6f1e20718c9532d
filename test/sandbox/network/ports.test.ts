import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import t from 'tap';
import { allocatePorts } from '../../../lib/sandbox/network/ports.js';

t.test('free ports are chosen, and chosen again', async t => {
  const two = [
    { port: 80, protocol: 'tcp' },
    { port: 53, protocol: 'udp' },
  ] as const;
  const first = await allocatePorts(two);
  t.match(first, [
    { address: '', port: 80, protocol: 'tcp' },
    { address: '', port: 53, protocol: 'udp' },
  ]);
  t.ok(first.every(({ hostPort }) => hostPort >= 1024));
  t.same(await allocatePorts(two, first), first);
});

t.test('ports in use', async t => {
  const server = createServer();
  await new Promise<void>(resolve => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const { port: hostPort } = server.address() as { port: number };
  const socket = createSocket('udp4');
  await new Promise<void>(resolve => socket.bind({ address: '0.0.0.0', port: 0 }, resolve));
  const udp = socket.address().port;
  t.teardown(() => {
    server.close();
    socket.close();
  });
  const tcp = { address: '127.0.0.1', hostPort, port: 80, protocol: 'tcp' } as const;
  await t.rejects(allocatePorts([tcp]), {
    code: 'NETWORK_PORT_IN_USE',
    message: `Bind for 127.0.0.1:${hostPort} failed: port is already allocated`,
  });
  t.match(await allocatePorts([{ ...tcp, lastHostPort: hostPort + 20 }]), [{ address: '127.0.0.1' }]);
  await t.rejects(allocatePorts([{ hostPort: udp, port: 53, protocol: 'udp' }]), {
    message: `Bind for 0.0.0.0:${udp} failed: port is already allocated`,
  });
  t.match(await allocatePorts([{ hostPort: udp, port: 53, protocol: 'tcp' }]), [{ hostPort: udp }]);
});

t.test('what this machine cannot give', async t => {
  await t.rejects(allocatePorts([{ hostPort: 1, port: 1, protocol: 'tcp' }]), {
    code: 'NETWORK_PORT_PRIVILEGED',
    hint: /ip_unprivileged_port_start=1$/,
  });
  await t.rejects(allocatePorts([{ address: '203.0.113.9', hostPort: 8080, port: 1, protocol: 'tcp' }]), {
    code: 'NETWORK_ADDRESS',
  });
  const one = await allocatePorts([{ port: 1, protocol: 'tcp' }]);
  const [{ hostPort } = { hostPort: 0 }] = one;
  const twice = { hostPort, port: 1, protocol: 'tcp' } as const;
  await t.rejects(allocatePorts([twice, { ...twice, port: 2 }]), { code: 'NETWORK_PORT_IN_USE' });
});
