import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { loadEngine } from '../../lib/layer/index.js';
import { Store } from '../../lib/store/index.js';
import { transpile } from '../fixtures/transpile.js';

function prepare(t: Test) {
  const code = t.testdir({});
  transpile(code, 'lib/store', 'lib/util', 'lib/oci', 'lib/layer', 'test/fixtures');
  const script = [process.execPath, join(code, 'test/fixtures/storeops.js')];
  return { code, script, root: join(code, 'store') };
}

/**
 * A power cut keeps what was synced. So, of everything that was reported: the file was synced before it got its name,
 * and the directory after; a name that refers to it came later still.
 */
t.test('after exit 0 all is on the disk: file, then name, then directory', async t => {
  const { code, script, root } = prepare(t);
  const log = join(code, 'strace.log');
  const traced = ['-f', '-qq', '-y', '-o', log, '-e', 'trace=fsync,fdatasync,syncfs,rename,renameat2'];
  const env = { PATH: process.env.PATH, UV_THREADPOOL_SIZE: '1' };
  const { status, stderr } = spawnSync('strace', [...traced, ...script, root, 'put=one'], {
    encoding: 'utf8',
    env,
  });
  t.equal(status, 0, stderr);
  const events = readFileSync(log, 'utf8').split('\n').map(readEvent);
  const renames = events.flatMap((event, at) => (event?.kind === 'rename' ? [{ ...event, at }] : []));
  const durable = renames.filter(({ to }) =>
    /^(blobs|images|refs|layers|trees)\//.test(to.slice(root.length + 1)),
  );
  t.ok(durable.length >= 8, 'blobs, layer, tree, image, name');
  for (const { from, to, at } of durable) {
    const before = events.slice(0, at);
    const synced = before.some(
      event => event?.kind === 'syncfs' || (event?.kind === 'fsync' && event.path === from),
    );
    const marked = /\/tree-/.test(to) && events.slice(at).some(event => event?.kind === 'syncfs');
    t.ok(synced || marked, `${to.slice(root.length)}: content`);
    const directory = events.slice(at).some(event => event?.kind === 'fsync' && event.path === dirname(to));
    t.ok(directory || marked, `${to.slice(root.length)}: name`);
  }
  const last = (part: string) =>
    Math.max(...durable.filter(({ to }) => to.includes(part)).map(({ at }) => at));
  t.ok(last('/refs/') > last('/images/') && last('/images/') > last('/blobs/'), 'names come last');
  t.ok(last('/blobs/') > last('/layers/'), 'the image comes after its layers');
});

t.test('a sync that fails is an error, and nothing is reported as stored', async t => {
  const { script, root } = prepare(t);
  const env = { PATH: process.env.PATH, UV_THREADPOOL_SIZE: '1' };
  for (let when = 1; ; when++) {
    const inject = [
      '-f',
      '-qq',
      '-o',
      '/dev/null',
      '-e',
      'trace=fsync',
      '-e',
      `inject=fsync:error=EIO:when=${when}`,
    ];
    const args = [...inject, ...script, `${root}-${when}`, 'put=one'];
    const { status, stderr } = spawnSync('strace', args, { encoding: 'utf8', env });
    if (status === 0) {
      t.ok(when > 8, `${when - 1} syncs`);
      break;
    }
    if (!/EIO/.test(stderr)) t.fail(`fsync ${when}: ${stderr}`);
    const store = await Store.open(`${root}-${when}`, { engine: loadEngine });
    const { problems } = await store.fsck();
    if (problems.length > 0) t.strictSame(problems, [], `fsync ${when}`);
    await store.close();
  }
});

t.test('a full disk: an error that says so, a valid store, and success once there is room', async t => {
  const { code, script } = prepare(t);
  const mounted = join(code, 'mounted');
  const prefix = process.getuid?.() === 0 ? ['-m'] : ['-Urm'];
  for (const limit of ['size', 'nr_inodes']) {
    let failures = 0;
    for (const amount of limit === 'size'
      ? ['16k', '48k', '64k', '80k', '96k']
      : ['12', '20', '26', '32', '38']) {
      const steps = [
        `mkdir -p ${mounted}`,
        `mount -t tmpfs -o ${limit}=${amount} tmpfs ${mounted}`,
        `${script.join(' ')} ${mounted}/store put=one; first=$?`,
        `mount -o remount,${limit}=${limit === 'size' ? '8m' : '1000'} ${mounted}`,
        `${script.join(' ')} ${mounted}/store list put=one collect || exit 99`,
        `ls ${mounted}/store/tmp | grep -v partial && exit 98`,
        'exit $first',
      ];
      const { status, stderr } = spawnSync('unshare', [...prefix, 'sh', '-c', steps.join('\n')], {
        encoding: 'utf8',
      });
      if (status === 0) continue;
      failures++;
      if (status !== 1 || !/ENOSPC/.test(stderr)) t.fail(`${limit}=${amount}: status ${status}: ${stderr}`);
    }
    t.ok(failures > 1, `${failures} times the disk was full (${limit})`);
  }
});

t.test('a store on a read-only file system can be read, and says why it cannot be changed', async t => {
  const { code, script } = prepare(t);
  const prefix = process.getuid?.() === 0 ? ['-m'] : ['-Urm'];
  const mounted = join(code, 'mounted');
  const steps = [
    `mkdir -p ${mounted}`,
    `mount -t tmpfs tmpfs ${mounted}`,
    `${script.join(' ')} ${mounted}/store put=one || exit 99`,
    `mount -o remount,ro ${mounted}`,
    `${script.join(' ')} ${mounted}/store list || exit 98`,
    `${script.join(' ')} ${mounted}/store tag=one`,
  ];
  const { status, stderr } = spawnSync('unshare', [...prefix, 'sh', '-c', steps.join('\n')], {
    encoding: 'utf8',
  });
  t.equal(status, 1, stderr);
  t.match(stderr, /EROFS/);
});

type Event = { kind: 'fsync' | 'syncfs'; path: string } | { kind: 'rename'; from: string; to: string };

function readEvent(line: string): Event | undefined {
  const rename = /rename(?:at2)?\((?:AT_FDCWD[^,]*, )?"([^"]+)", (?:AT_FDCWD[^,]*, )?"([^"]+)"/.exec(line);
  if (rename?.[1] && rename[2]) return { kind: 'rename', from: rename[1], to: rename[2] };
  const sync = /(fsync|fdatasync|syncfs)\(\d+<([^>]+)>/.exec(line);
  if (!sync?.[1] || !sync[2]) return undefined;
  return { kind: sync[1] === 'syncfs' ? 'syncfs' : 'fsync', path: sync[2] };
}
