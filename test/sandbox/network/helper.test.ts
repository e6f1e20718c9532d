import t from 'tap';
import { findHelper, helperCall, pastaDate } from '../../../lib/sandbox/network/helper.js';
import { defaultInterface, hasDefaultRoute6 } from '../../../lib/sandbox/network/host.js';
import type { PublishedPort } from '../../../lib/sandbox/types.js';

const ports: PublishedPort[] = [
  { address: '', hostPort: 8080, port: 80, protocol: 'tcp' },
  { address: '::1', hostPort: 8081, port: 81, protocol: 'tcp' },
  { address: '127.0.0.1', hostPort: 5353, port: 53, protocol: 'udp' },
];

t.test('pasta: nothing of the host but its network, and the ports', async t => {
  const { args, forwards } = helperCall(
    { kind: 'pasta', path: '/usr/bin/pasta' },
    { kind: 'private', ports, forwardDns: true },
  );
  const text = args.join(' ');
  t.match(text, /^\/usr\/bin\/pasta /);
  t.match(text, '--no-map-gw --tcp-ns none --udp-ns none', "the host's loopback device cannot be reached");
  t.match(text, '--dns-forward 10.253.7.3');
  t.match(text, '--tcp-ports 8080:80 --tcp-ports ::1/8081:81 --udp-ports 127.0.0.1/5353:53');
  t.same(forwards, []);
  const plain = helperCall({ kind: 'pasta', path: '/p' }, { kind: 'private', ports: [], forwardDns: false });
  t.match(plain.args.join(' '), '--tcp-ports none --udp-ports none');
  t.notMatch(plain.args.join(' '), '--dns-forward');
});

t.test('slirp4netns: ports are requests', async t => {
  const helper = { kind: 'slirp4netns', path: '/s' } as const;
  const [first] = ports;
  const { args, forwards } = helperCall(helper, {
    kind: 'private',
    ports: first === undefined ? [] : [first],
    forwardDns: false,
  });
  t.match(args.join(' '), '--disable-host-loopback');
  t.same(
    forwards.map(text => JSON.parse(text)),
    [
      {
        execute: 'add_hostfwd',
        arguments: { proto: 'tcp', host_addr: '0.0.0.0', host_port: 8080, guest_port: 80 },
      },
    ],
  );
  t.throws(() => helperCall(helper, { kind: 'private', ports, forwardDns: false }), { code: 'NETWORK_IPV6' });
});

t.test('a helper that was asked for and is not there', async t => {
  t.throws(() => findHelper('/nonesuch/pasta'), { code: 'NETWORK_NO_HELPER', hint: 'apt-get install passt' });
  t.throws(() => findHelper('vpnkit'), { code: 'NETWORK_NO_HELPER' });
});

t.test('versions of pasta', async t => {
  t.equal(pastaDate('pasta 0.0~git20230309.7c7625d-1\nCopyright Red Hat\n'), 20230309);
  t.equal(pastaDate('pasta 2024_12_11.09478d5\n'), 20241211);
  t.equal(pastaDate('pasta\n'), 0);
});

t.test('default routes', async t => {
  const head = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';
  const link = 'eth1\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n';
  t.equal(defaultInterface(head + link), undefined);
  t.equal(
    defaultInterface(`${head}${link}eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n`),
    'eth0',
  );
  t.equal(defaultInterface(''), undefined);
  const zero = '0'.repeat(32);
  const line = (name: string): string =>
    `${zero} 00 ${zero} 00 ${zero} 00000400 00000001 00000000 00000003 ${name}\n`;
  t.equal(hasDefaultRoute6(line('      lo')), false);
  t.equal(hasDefaultRoute6(line('    eth0')), true);
});
