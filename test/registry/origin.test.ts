import t from 'tap';
import {
  isLoopback,
  isPrivateLiteral,
  mayReceiveCredentials,
  refuseTarget,
} from '../../lib/registry/origin.js';
import { redactUrl, safeText } from '../../lib/registry/text.js';

t.test('who may see the credentials of a registry', async t => {
  const cases: [registry: string, realm: string, allowed: boolean][] = [
    ['https://registry-1.docker.io', 'https://auth.docker.io/token', true],
    ['https://ghcr.io', 'https://ghcr.io/token', true],
    ['https://registry.gitlab.com', 'https://gitlab.com/jwt/auth', true],
    ['https://registry.example.com:5050', 'https://gitlab.example.com/jwt/auth', true],
    ['https://registry.example.co.uk', 'https://auth.example.co.uk/', true],
    ['https://registry.example.co.uk', 'https://evil.co.uk/', false],
    ['https://a.azurecr.io', 'https://b.azurecr.io/', false],
    ['https://a.azurecr.io', 'https://a.azurecr.io/oauth2', true],
    ['https://1.dkr.ecr.us-east-1.amazonaws.com', 'https://evil.s3.amazonaws.com/', false],
    ['https://registry.example.com', 'https://example.com.evil.org/', false],
    ['https://registry.example.com', 'https://evilexample.com/', false],
    ['https://registry.example.com', 'http://registry.example.com/token', false],
    ['https://registry.example.com', 'https://evil.org/token', false],
    ['https://10.0.0.1:5000', 'https://10.0.0.1:5001/token', false],
    ['https://10.0.0.1:5000', 'https://10.0.0.1:5000/token', true],
    ['http://127.0.0.1:5000', 'http://127.0.0.1:5001/token', false],
    ['http://localhost:5000', 'http://localhost:5001/token', false],
    ['https://com', 'https://evil.com/token', false],
    ['https://registry', 'https://other/token', false],
  ];
  for (const [registry, realm, allowed] of cases) {
    t.equal(mayReceiveCredentials(new URL(realm), new URL(registry)), allowed, `${registry} -> ${realm}`);
  }
  const trusted = ['127.0.0.1:5001'];
  t.ok(mayReceiveCredentials(new URL('http://127.0.0.1:5001/'), new URL('http://127.0.0.1:5000/'), trusted));
});

t.test('loopback and private addresses, as URLs spell them', async t => {
  for (const host of [
    'localhost',
    'LOCALHOST',
    'a.localhost',
    '127.0.0.1',
    '127.9.9.9',
    '[::1]',
    '::1',
    'localhost.',
  ]) {
    t.ok(isLoopback(host), host);
  }
  for (const host of ['127.example.com', 'localhost.evil.org', '128.0.0.1', '[::2]', '0.0.0.0'])
    t.notOk(isLoopback(host), host);
  for (const url of [
    'http://169.254.169.254/latest',
    'http://10.1.2.3/',
    'http://192.168.0.1/',
    'http://172.31.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://[::ffff:127.0.0.1]/',
    'http://[fe80::1]/',
    'http://[fd00::1]/',
    'http://0.0.0.0/',
    'http://[::]/',
  ]) {
    t.ok(isPrivateLiteral(new URL(url).hostname), url);
  }
  for (const host of ['8.8.8.8', '172.32.0.1', '[2001:db8::1]', 'example.com'])
    t.notOk(isPrivateLiteral(host), host);
});

t.test('where a registry may send us', async t => {
  const from = new URL('https://registry.example/v2/');
  const cases: [string, boolean][] = [
    ['https://cdn.example/x', true],
    ['http://cdn.example/x', false],
    ['file:///etc/passwd', false],
    ['ftp://cdn.example/', false],
    ['https://u:p@cdn.example/', false],
    ['https://169.254.169.254/', false],
    ['https://localhost/', false],
  ];
  for (const [url, allowed] of cases) t.equal(refuseTarget(new URL(url), from) === undefined, allowed, url);
  t.equal(refuseTarget(new URL('http://127.0.0.1:2/'), new URL('http://127.0.0.1:1/')), undefined);
});

t.test('what is printed', async t => {
  t.equal(safeText('a\u001b[31mb\u202ec\nd'), 'a\\u{1b}[31mb\\u{202e}c d');
  t.ok(safeText('x'.repeat(5000)).length <= 1025);
  t.equal(redactUrl('https://ann:hunter2@h.example:1/p?X-Amz-Signature=s#f'), 'https://h.example:1/p');
  t.equal(redactUrl('nonsense hunter2'), '(malformed URL)');
});
