import t from 'tap';
import { isImageName, parseImageName } from '../../../lib/image/transport/name.js';

t.test('names of every transport', async t => {
  t.match(parseImageName('docker://debian'), {
    transport: 'docker',
    reference: { domain: 'docker.io', path: 'library/debian', tag: 'latest' },
  });
  const digest = `sha256:${'a'.repeat(64)}`;
  t.match(parseImageName(`docker://x.org/a@${digest}`), { reference: { domain: 'x.org', digest } });
  t.strictSame(parseImageName('oci:dir'), { transport: 'oci', path: 'dir' });
  t.strictSame(parseImageName('oci:/a/b:tag'), { transport: 'oci', path: '/a/b', image: 'tag' });
  t.match(parseImageName('oci-archive:f.tar:x.org/a:1'), { path: 'f.tar', image: 'x.org/a:1' });
  t.strictSame(parseImageName('dir:a:b'), { transport: 'dir', path: 'a:b' });
  t.match(parseImageName('docker-archive:f.tar:a:1'), { path: 'f.tar', reference: { tag: '1' } });
  t.match(parseImageName('docker-archive:f.tar:a'), { reference: { path: 'library/a', tag: 'latest' } });
  t.match(parseImageName('docker-archive:f.tar:@3'), { path: 'f.tar', index: 3 });
  t.strictSame(parseImageName('containers-storage:a:1'), { transport: 'containers-storage', name: 'a:1' });
});

t.test('what is no name of an image says why', async t => {
  const messages: [text: string, message: RegExp][] = [
    ['foo', /expected colon-separated transport:reference/],
    ['foo:bar', /unknown transport "foo"/],
    ['constructor:bar', /unknown transport "constructor"/],
    ['docker:debian', /docker: image reference debian does not start with \/\//],
    ['docker://Debian', /must be lowercase/],
    [`docker://debian:1@sha256:${'a'.repeat(64)}`, /both a tag and digest/],
    ['docker-daemon:debian:12', /docker-daemon is not supported/],
    ['sif:x', /sif is not supported/],
    ['oci:', /DIR is missing/],
    ['oci::tag', /DIR is missing/],
    ['oci:dir:..', /Invalid image \.\./],
    ['docker-archive:f:@-1', /Invalid source index/],
    [`docker-archive:f:a@sha256:${'a'.repeat(64)}`, /doesn't support digest references/],
    ['dir:', /DIR is missing/],
  ];
  for (const [text, message] of messages) t.throws(() => parseImageName(text), { message }, text);
});

t.test('what looks like a transport and is an image of the store', async t => {
  for (const text of ['docker:dind', 'debian', 'debian:12', 'x.org:5000/a', 'other:1']) {
    t.equal(isImageName(text), false, text);
  }
  for (const text of ['docker://a', 'oci:a', 'dir:a', 'docker-daemon:a', 'containers-storage:a'])
    t.equal(isImageName(text), true, text);
});
