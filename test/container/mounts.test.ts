import t from 'tap';
import { planMounts, volumeNames } from '../../lib/container/mounts.js';
import type { ContainerMount } from '../../lib/container/options.js';
import type { ImageConfig } from '../../lib/oci/types.js';

const image = (volumes: string[]): ImageConfig => ({
  os: 'linux',
  architecture: 'amd64',
  config: { Volumes: Object.fromEntries(volumes.map(path => [path, {}])) },
  rootfs: { type: 'layers', diff_ids: [] },
});

t.test('VOLUMEs of the image are mounted unless something else is', async t => {
  const bind: ContainerMount = { type: 'bind', source: '/src', target: '/a/' };
  const mounts = planMounts(image(['/a', 'b/../c', '/']), [bind]);
  t.match(mounts, [
    { type: 'bind', target: '/a' },
    { type: 'volume', target: '/c', source: /^[0-9a-f]{64}$/, anonymous: true },
  ]);
  t.equal(mounts.length, 2);
});

t.test('mounts of other containers give way to own ones and come before the image', async t => {
  const own: ContainerMount = { type: 'volume', source: 'own', target: '/a' };
  const inherited: ContainerMount[] = [
    { type: 'volume', source: 'other', target: '/a' },
    { type: 'volume', source: 'other', target: '/b' },
  ];
  const mounts = planMounts(image(['/b']), [own], inherited);
  t.same(
    mounts.map(({ target }) => target),
    ['/a', '/b'],
  );
  t.same(volumeNames(mounts), ['own', 'other']);
});

t.test('targets that cannot be', async t => {
  const at = (target: string): ContainerMount => ({ type: 'tmpfs', target });
  t.throws(() => planMounts(image([]), [at('/a'), at('/b/../a')]), { message: 'Duplicate mount point: /a' });
  t.throws(() => planMounts(image([]), [at('a')]), { code: 'USAGE_MOUNT', message: 'must be absolute' });
  t.throws(() => planMounts(image([]), [at('/..')]), { message: "destination can't be '/'" });
});
