import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { LayerEngine } from '../../lib/layer/types.js';
import { eachEngine, isRoot, scratch } from '../fixtures/engines.js';
import { archive, file } from '../fixtures/tar.js';

const MIB = 1 << 20;
const PEAK = 200e6;
const program = join(import.meta.dirname, '../fixtures/engine-memory.mjs');

/** The peak of a process that does one operation, in bytes. */
function peakOf(engine: LayerEngine, operation: keyof LayerEngine, ...args: unknown[]): number {
  const { SHALE_ADDON: _, LD_PRELOAD: __, ...env } = process.env;
  const out = execFileSync(process.execPath, [program, engine.name, operation, JSON.stringify(args)], {
    env,
  });
  return Number(out.toString());
}

// Zeros: of all layers the one that becomes most in memory, and after two blocks of them a tar is at its end.
eachEngine('memory does not grow with the layer, nor with what a few bytes become', async (t, engine) => {
  const dir = scratch(t);
  const [tar, tree] = [join(dir, 'tar'), join(dir, 'tree')];
  mkdirSync(tree);
  execFileSync('truncate', ['-s', '240M', tar]);
  execFileSync('truncate', ['-s', '240M', join(tree, 'zeros')]);
  execFileSync('sh', ['-c', 'gzip -1 <tar >gzip; zstd -q -3 <tar >zstd'], { cwd: dir });
  for (const compression of ['gzip', 'zstd']) {
    const packed = join(dir, compression);
    t.ok(statSync(packed).size < 4 * MIB);
    const read = peakOf(engine, 'applyLayer', { blobPath: packed, compression: 'auto' });
    t.ok(read < PEAK, `${compression}, read: ${read}`);
    const blob = { path: join(dir, `${compression}.out`), compression };
    const wrote = peakOf(engine, 'writeLayer', { kind: 'tree', root: tree }, { blob });
    t.ok(wrote < PEAK, `${compression}, written: ${wrote}`);
  }
});

// Random bytes far apart that are the same need all of the window. One of 128 MiB, the largest that is taken, comes
// from `zstd --ultra -22` or `--long` alone.
eachEngine('large zstd windows and the highest level', async (t, engine) => {
  const dir = scratch(t);
  const sh = (script: string): Buffer => execFileSync('sh', ['-c', script], { cwd: dir });
  sh('head -c 6000000 /dev/urandom >far');
  for (const [log, limit] of [
    [26, PEAK],
    [27, PEAK + 64 * MIB],
  ] as const) {
    const wide = join(dir, `wide${log}`);
    sh(`(cat far; head -c $(((1 << ${log}) - 9000000)) /dev/zero; cat far) >plain`);
    sh(`zstd -q --long=${log} <plain >${wide}`);
    t.ok(statSync(wide).size < 7e6, 'the second half refers to the first');
    const read = peakOf(engine, 'decompress', wide, join(dir, `out${log}`));
    t.ok(read < limit, `a window of 2^${log}, read: ${read}`);
    sh(`cmp plain out${log}`);
  }
  const wrote = peakOf(engine, 'compress', join(dir, 'far'), join(dir, 'high.zst'), 'zstd', { level: 19 });
  t.ok(wrote < PEAK, `level 19, written: ${wrote}`);
  sh('zstd -qt high.zst');
});

// A frame of one byte that wants 256 MiB, or 2 GB, to be decompressed in (RFC 8878, 3.1.1.1.2).
eachEngine('a zstd window that nobody needs is refused', async (t, engine) => {
  const dir = scratch(t);
  const frame = (header: string): Buffer => Buffer.from(`28b52ffd${header}0900007a`, 'hex');
  for (const [name, header] of Object.entries({
    'window of 256 MiB': '0090',
    'window of 2 GB': '00a8',
    'single segment of 1 GiB': 'a000000040',
  })) {
    const blobPath = join(dir, name);
    writeFileSync(blobPath, frame(header));
    await t.rejects(
      engine.applyLayer({ blobPath, compression: 'auto' }),
      { code: 'LAYER_BLOB_CORRUPT' },
      name,
    );
  }
  const small = join(dir, 'window of 1 KiB');
  writeFileSync(small, frame('0000'));
  t.match(await engine.decompress(small, join(dir, 'out')), { size: 1 }, 'the frame itself is right');
});

/** A file system of one MiB. */
function tinyDisk(t: Test): string {
  const disk = join(scratch(t), 'disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
  t.teardown(() => execFileSync('umount', ['-l', disk]));
  return disk;
}

const FULL = { code: 'LAYER_DISK_FULL' };
const skip = !isRoot && 'only root can mount a file system that is full';

t.test('a full disk', { skip }, async () => {
  eachEngine('what is written there stops cleanly and leaves nothing', async (t, engine) => {
    const [dir, disk] = [scratch(t), tinyDisk(t)];
    const [root, plain, packed] = [join(dir, 'tree'), join(dir, 'plain'), join(dir, 'packed')];
    mkdirSync(root);
    // Random bytes, which stay as large as they are when they are compressed.
    for (const name of ['a', 'b', 'c'])
      execFileSync('sh', ['-c', `head -c 1500000 /dev/urandom >${join(root, name)}`]);
    await engine.writeLayer(
      { kind: 'tree', root },
      { tarPath: plain, blob: { path: packed, compression: 'gzip' } },
    );
    const out = join(disk, 'out');
    const tree = { kind: 'tree' as const, root };
    await t.rejects(engine.writeLayer(tree, { tarPath: out }), FULL, 'a tar');
    for (const compression of ['gzip', 'zstd'] as const) {
      await t.rejects(engine.writeLayer(tree, { blob: { path: out, compression } }), FULL, compression);
      await t.rejects(engine.compress(plain, out, compression), FULL, `compress, ${compression}`);
    }
    await t.rejects(engine.decompress(packed, out), FULL, 'decompress');
    t.same(readdirSync(disk), [], 'nothing stays behind');
    mkdirSync(join(disk, 'target'));
    const target = join(disk, 'target');
    await t.rejects(
      engine.applyLayer({ blobPath: packed, compression: 'gzip', target }),
      { ...FULL, message: /^[abc]: / },
      'a tree, and the file that did not fit is named',
    );
  });
});

eachEngine('a tree that loses files while it is read', async (t, engine) => {
  const root = scratch(t);
  for (let i = 0; i < 3000; i++)
    writeFileSync(join(root, `f${String(i).padStart(4, '0')}`), Buffer.alloc(8000));
  const writing = engine.writeLayer({ kind: 'tree', root });
  execFileSync('sh', ['-c', 'rm -f f2* f1*'], { cwd: root });
  const failure = await writing.then(
    () => undefined,
    error => error,
  );
  // Too fast to be caught out it may be, but never wrong about why.
  if (failure !== undefined) t.match(failure, { code: 'LAYER_FILE_CHANGED', detail: { path: /^f[12]/ } });
  const left = await engine.writeLayer({ kind: 'tree', root });
  t.equal(left.entries.length, 1000);
});

eachEngine('an archive that ends within an entry is named', async (t, engine) => {
  const blobPath = join(scratch(t), 'tar');
  const target = join(scratch(t), 'target');
  mkdirSync(target);
  const whole = archive(file('first', 'x'), file('second', 'y'.repeat(5000)));
  writeFileSync(blobPath, whole.subarray(0, 3000));
  await t.rejects(engine.applyLayer({ blobPath, compression: 'none', target }), {
    code: 'LAYER_TRUNCATED',
    message: /second/,
  });
});
