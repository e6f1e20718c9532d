import t from 'tap';
import { listPorts, portMap, portsColumn } from '../../lib/container/ports.js';
import { exposedBindings, parseExpose, parsePublish } from '../../lib/container/publish.js';
import type { PublishedPort } from '../../lib/sandbox/types.js';

t.test('-p: what it may look like', async t => {
  const cases: [text: string, ...bindings: object[]][] = [
    ['80', { port: 80, protocol: 'tcp' }],
    ['8080:80', { hostPort: 8080, port: 80, protocol: 'tcp' }],
    ['0:80', { port: 80, protocol: 'tcp' }],
    ['8080:80/udp', { hostPort: 8080, port: 80, protocol: 'udp' }],
    ['127.0.0.1:8080:80', { address: '127.0.0.1', hostPort: 8080, port: 80, protocol: 'tcp' }],
    ['127.0.0.1::80', { address: '127.0.0.1', port: 80, protocol: 'tcp' }],
    ['[::1]:8080:80/tcp', { address: '::1', hostPort: 8080, port: 80, protocol: 'tcp' }],
    ['[::]::80/UDP', { address: '::', port: 80, protocol: 'udp' }],
    ['8000-8001:80', { hostPort: 8000, lastHostPort: 8001, port: 80, protocol: 'tcp' }],
    [
      '8000-8001:90-91',
      { hostPort: 8000, port: 90, protocol: 'tcp' },
      { hostPort: 8001, port: 91, protocol: 'tcp' },
    ],
    ['90-91', { port: 90, protocol: 'tcp' }, { port: 91, protocol: 'tcp' }],
    ['published=8080,target=80,protocol=udp', { hostPort: 8080, port: 80, protocol: 'udp' }],
    ['target=80', { port: 80, protocol: 'tcp' }],
  ];
  for (const [text, ...bindings] of cases) t.same(parsePublish(text), bindings, text);
});

t.test('-p: what it may not', async t => {
  const words = [
    '',
    ':',
    '80:',
    'a:80',
    '80:a',
    '70000:80',
    '80:70000',
    '8080:0',
    '90-80',
    '1-3:80-81',
    '80/icmp',
  ];
  const addresses = [
    '::1:8080:80',
    '[1.2.3.4]:80:80',
    'host:80:80',
    '1.2.3:80:80',
    '[::1]8080:80',
    '[]:80:80',
  ];
  const others = ['80/sctp', 'target=80,bogus=1', 'published=80', '-1:80', '80 81'];
  for (const text of [...words, ...addresses, ...others])
    t.throws(() => parsePublish(text), { code: 'USAGE_PORT' }, JSON.stringify(text));
});

t.test('--expose and -P', async t => {
  t.same(parseExpose('80'), ['80/tcp']);
  t.same(parseExpose('80-81/udp'), ['80/udp', '81/udp']);
  t.throws(() => parseExpose('x'), { code: 'USAGE_PORT' });
  t.same(exposedBindings(['80/tcp', '81/tcp', '53/udp', '9/sctp'], parsePublish('8080:80')), [
    { port: 81, protocol: 'tcp' },
    { port: 53, protocol: 'udp' },
  ]);
});

const published: PublishedPort[] = [
  { address: '', hostPort: 8081, port: 81, protocol: 'tcp' },
  { address: '', hostPort: 80, port: 80, protocol: 'tcp' },
  { address: '', hostPort: 81, port: 81, protocol: 'udp' },
  { address: '127.0.0.1', hostPort: 443, port: 443, protocol: 'tcp' },
  { address: '127.0.0.1', hostPort: 444, port: 444, protocol: 'tcp' },
];

t.test('the column PORTS', async t => {
  const one = listPorts({ ports: published.slice(0, 1), dual: true, forwardDns: false });
  t.equal(portsColumn(one, ['81/tcp']), '0.0.0.0:8081->81/tcp, [::]:8081->81/tcp');
  const all = listPorts({ ports: published, dual: false, forwardDns: false });
  t.equal(
    portsColumn(all, ['80/tcp', '8000/tcp', '8001/tcp', '53/udp']),
    [
      '53/udp, 0.0.0.0:80->80/tcp, 0.0.0.0:81->81/udp, 127.0.0.1:443-444->443-444/tcp, 8000-8001/tcp',
      '0.0.0.0:8081->81/tcp',
    ].join(', '),
  );
  t.equal(portsColumn([], ['80/tcp']), '80/tcp');
  t.equal(portsColumn([], []), '');
});

t.test('NetworkSettings.Ports', async t => {
  const listed = listPorts({ ports: published.slice(0, 1), dual: true, forwardDns: false });
  t.same(portMap(listed, ['80/tcp']), {
    '80/tcp': null,
    '81/tcp': [
      { HostIp: '0.0.0.0', HostPort: '8081' },
      { HostIp: '::', HostPort: '8081' },
    ],
  });
});
