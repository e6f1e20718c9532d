import t from 'tap';
import { ADDRESSES } from '../../../lib/sandbox/network/helper.js';
import { resolvFile } from '../../../lib/sandbox/network/resolver.js';
import type { PrivateNetwork } from '../../../lib/sandbox/types.js';

const own: PrivateNetwork = { kind: 'private', ports: [], forwardDns: false };
const STUB = 'nameserver 127.0.0.53\nsearch home.example\noptions edns0\n';

t.test('the host network keeps what the host has', async t => {
  t.equal(
    resolvFile(['# x\nnameserver 1.1.1.1\nsearch a.b\nbogus\n'], 'host'),
    'nameserver 1.1.1.1\nsearch a.b\n',
  );
  t.equal(resolvFile([STUB], 'host'), STUB);
  t.match(
    resolvFile(['search a.b\n'], 'host'),
    /^nameserver 8\.8\.8\.8\nnameserver 8\.8\.4\.4\nsearch a\.b\n/,
  );
});

t.test('a resolver on the loopback device is of no use to a network of its own', async t => {
  const rest = 'search home.example\noptions edns0\n';
  t.equal(
    resolvFile([STUB, 'nameserver 9.9.9.9\n'], own),
    `nameserver 9.9.9.9\n${rest}`,
    'what is behind the stub',
  );
  t.equal(resolvFile([STUB], { ...own, forwardDns: true }), `nameserver ${ADDRESSES.dns}\n${rest}`);
  t.equal(
    resolvFile(['nameserver ::1\nnameserver 127.0.0.1\nnameserver 2001:db8::1\n'], own),
    'nameserver 2001:db8::1\n',
  );
});

t.test('what the caller says replaces what the host says', async t => {
  const dns = { servers: ['1.1.1.1', '::2'], search: ['a', 'b'], options: ['ndots:2'] };
  t.equal(
    resolvFile([STUB], { ...own, forwardDns: true }, dns),
    'nameserver 1.1.1.1\nnameserver ::2\nsearch a b\noptions ndots:2\n',
  );
  t.equal(resolvFile([STUB], 'host', { search: ['.'] }), 'nameserver 127.0.0.53\noptions edns0\n');
});
