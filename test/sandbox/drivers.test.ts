// What a RUN step leaves: layers. As each kind of user, over each storage driver.
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { LayerEntry } from '../../lib/layer/types.js';
import type { StorageDriver } from '../../lib/sandbox/types.js';
import {
  Agent,
  copyPackage,
  makeBase,
  makeImage,
  makeUsers,
  missing,
  storeFor,
  type Who,
} from '../fixtures/sandbox/room.js';

const lacks = missing();
const base = makeBase();
t.teardown(() => rmSync(base, { recursive: true, force: true }));
if (!lacks) makeUsers();
const packageRoot = lacks ? '' : copyPackage(base);
const image = lacks ? '' : makeImage(base, 'image');
const bare = lacks
  ? ''
  : makeImage(base, 'bare', root => {
      rmSync(join(root, 'etc'), { recursive: true });
      rmSync(join(root, 'tmp'), { recursive: true });
    });

/** As any distribution has it: readable and writable for all. Only the test's own mount namespace sees it. */
function openFuse(): string[] {
  const node = join(base, 'fuse');
  if (!existsSync(node)) execFileSync('mknod', ['-m', '666', node, 'c', '10', '229']);
  return ['unshare', '-m', 'sh', '-c', `mount --bind ${node} /dev/fuse && exec "$@"`, 'sh'];
}

function show(entries: LayerEntry[] | undefined): string[] {
  return (entries ?? []).map(({ path, type }) => `${type} ${path}`).sort();
}

const DRIVERS: StorageDriver[] = ['overlay', 'fuse-overlayfs', 'vfs'];
for (const storageDriver of DRIVERS) {
  for (const who of ['root', 'range', 'single'] as Who[]) {
    t.test(`steps of ${who} over ${storageDriver}`, { skip: lacks ?? false }, async t => {
      const wrap = storageDriver === 'fuse-overlayfs' ? openFuse() : [];
      const store = storeFor(base, who, `steps-${storageDriver}`);
      const agent = Agent.open(packageRoot, store, who, { storageDriver }, wrap);
      t.teardown(() => agent.close());
      t.equal((await agent.start()).driver, storageDriver);
      const layers = [await agent.import(image)];

      t.test('a step that changes nothing makes no layer', async t => {
        const { layer, run } = await agent.step(
          layers,
          'cat /etc/resolv.conf /etc/passwd > /dev/null; ls -R /bin /etc > /dev/null',
        );
        t.equal(layer, null);
        t.equal(run.exitCode, 0);
      });

      t.test('mount points that the image lacks are not in the layer', async t => {
        const bareLayers = [await agent.import(bare)];
        t.equal((await agent.step(bareLayers, 'cat /etc/hosts')).layer, null);
        const { entries } = await agent.step(bareLayers, 'echo x > /etc/mine');
        t.same(show(entries), ['dir etc', 'file etc/mine']);
        const deep = { mounts: [{ type: 'tmpfs' as const, target: '/a/b/c' }] };
        t.equal((await agent.step(bareLayers, 'ls -d /a/b/c', deep)).layer, null);
      });

      t.test('what a step changes is the layer', async t => {
        const first = await agent.step(
          layers,
          'mkdir -p /srv/data && echo one > /srv/data/one && ln /srv/data/one /srv/data/two && ln -s one /srv/data/link && ' +
            'chmod 4750 /srv/data/one && mkfifo /srv/fifo && rm /bin/wget && echo more >> /etc/passwd',
        );
        t.same(show(first.entries), [
          'dir bin',
          'dir etc',
          'dir srv',
          'dir srv/data',
          'fifo srv/fifo',
          'file etc/passwd',
          'file srv/data/one',
          'hardlink srv/data/two',
          'symlink srv/data/link',
          'whiteout bin/wget',
        ]);
        t.equal(first.entries?.find(({ path }) => path === 'srv/data/one')?.mode, 0o4750);
        const chain = [...layers, first.layer ?? layers[0]].flatMap(layer => layer ?? []);
        const { out } = await agent.sh(
          chain,
          'cat /srv/data/two; ls /bin/wget 2>&1; stat -c %h /srv/data/one; tail -1 /etc/passwd',
        );
        t.match(out, /^one\n.*No such file[^\n]*\n2\nmore\n$/);

        const second = await agent.step(
          chain,
          'rm -rf /srv/data && mkdir /srv/data && echo new > /srv/data/three',
        );
        const names = show(second.entries);
        t.ok(names.includes('file srv/data/three'));
        const full = [...chain, second.layer ?? layers[0]].flatMap(layer => layer ?? []);
        t.equal(
          (await agent.sh(full, 'ls -A /srv/data')).out,
          'three\n',
          'an emptied directory stays empty below',
        );
      });

      t.test('owners', async t => {
        const { entries } = await agent.step(layers, 'touch /a && chown 33:34 /a');
        const { uid, gid } = entries?.find(({ path }) => path === 'a') ?? {};
        t.same([uid, gid], who === 'single' ? [0, 0] : [33, 34]);
      });

      t.test('a tar can be made of a committed step', async t => {
        const { layer } = await agent.step(layers, 'echo tar > /tar', {});
        const blob = await agent.ask<{ path: string; digest: string }>('makeBlob', { layer });
        t.equal(blob.digest, layer);
        t.match(execFileSync('tar', ['-tvf', blob.path], { encoding: 'utf8' }), / tar\n/);
      });

      t.test('the working directory is made, and belongs to the layer', async t => {
        const { entries, run } = await agent.step(layers, 'pwd', { cwd: '/work/here' });
        t.equal(run.out, '/work/here\n');
        t.same(show(entries), ['dir work', 'dir work/here']);
      });
    });
  }
}
