import t from 'tap';
import { NamedContexts, parseNamedContext } from '../../lib/build/plan/contexts.js';

t.test('values', async t => {
  t.same(parseNamedContext('x', 'docker-image://alpine:3'), { kind: 'image', reference: 'alpine:3' });
  t.same(parseNamedContext('x', 'oci-layout:///a/b:tag'), {
    kind: 'layout',
    directory: '/a/b',
    wanted: 'tag',
  });
  t.same(parseNamedContext('x', `oci-layout://b@sha256:${'0'.repeat(64)}`), {
    kind: 'layout',
    directory: 'b',
    wanted: `sha256:${'0'.repeat(64)}`,
  });
  t.same(parseNamedContext('x', 'oci-layout://b'), { kind: 'layout', directory: 'b', wanted: undefined });
  t.same(parseNamedContext('x', '../dir'), { kind: 'files', spec: '../dir' });
  t.throws(() => parseNamedContext('x', ''), { code: 'BUILD_BAD_CONTEXT' });
});

t.test('a name is found by every spelling of it', async t => {
  const contexts = new NamedContexts({ alpine: '.', 'ghcr.io/a/b:1': '.', stage: '.' });
  const key = contexts.find('alpine');
  t.ok(key);
  t.equal(contexts.find('docker.io/library/alpine:latest'), key);
  t.equal(contexts.find('alpine:3'), undefined);
  t.ok(contexts.find('ghcr.io/a/b:1'));
  t.equal(contexts.find('ghcr.io/a/b'), undefined);
  t.ok(contexts.find('stage'));
});
