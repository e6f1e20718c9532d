import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { timesOf } from '../../lib/layer/scan-table.js';
import type { ApplyLayerOptions, LayerEngine } from '../../lib/layer/types.js';
import { stagedPackage } from '../fixtures/e2e/worlds.js';
import { eachEngine, isRoot, needsRoot, scratch } from '../fixtures/engines.js';
import { archive, dir, file, hardlink, header, paxFor, symlink } from '../fixtures/tar.js';

const sha256 = (bytes: Buffer): `sha256:${string}` =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

interface Place {
  home: string;
  target: string;
  blobPath: string;
}

function place(t: Test, blob: Buffer): Place {
  const home = scratch(t);
  const [target, blobPath] = [join(home, 'target'), join(home, 'blob')];
  mkdirSync(target);
  writeFileSync(blobPath, blob);
  return { home, target, blobPath };
}

/** Unpacks `tar` into a new directory and returns it. */
async function unpack(
  t: Test,
  engine: LayerEngine,
  tar: Buffer,
  options: Partial<ApplyLayerOptions> = {},
): Promise<string> {
  const { target, blobPath } = place(t, tar);
  await engine.applyLayer({ blobPath, compression: 'none', target, ...options });
  return target;
}

const xattr = (path: string, name: string): string =>
  spawnSync('getfattr', ['-h', '--absolute-names', '--only-values', '-n', name, path], { encoding: 'latin1' })
    .stdout;
const isMark = (path: string): boolean => {
  const stat = lstatSync(path);
  return stat.isCharacterDevice() && stat.rdev === 0;
};

for (const format of ['gnu', 'pax', 'ustar', 'v7', 'oldgnu']) {
  eachEngine(`what GNU tar writes as ${format} is read`, async (t, engine) => {
    const home = scratch(t);
    const root = join(home, 'in');
    mkdirSync(join(root, 'd/deep'), { recursive: true });
    writeFileSync(join(root, 'd/deep/file'), Buffer.alloc(700_000, 'content'));
    writeFileSync(join(root, 'd/é'), 'x');
    symlinkSync('d/deep', join(root, 'link'));
    execFileSync('ln', [join(root, 'd/é'), join(root, 'hard')]);
    if (format !== 'v7' && format !== 'ustar') writeFileSync(join(root, 'l'.repeat(180)), 'long');
    const [blobPath, target] = [join(home, 'tar'), join(home, 'out')];
    mkdirSync(target);
    execFileSync('tar', ['-C', root, `--format=${format}`, '--mtime=@1600000000', '-cf', blobPath, '.']);
    const applied = await engine.applyLayer({ blobPath, compression: 'none', target });
    t.equal(applied.diffId, sha256(readFileSync(blobPath)));
    t.equal(applied.warnings.length, 0);
    execFileSync('tar', ['-C', target, '--compare', '-f', blobPath], { stdio: 'pipe' });
    execFileSync('diff', ['-r', '--no-dereference', root, target]);
    t.equal(lstatSync(join(target, 'hard')).ino, lstatSync(join(target, 'd/é')).ino);
  });
}

eachEngine('what it writes it unpacks to the same', async (t, engine) => {
  const home = scratch(t);
  const [root, target, blobPath] = [join(home, 'in'), join(home, 'out'), join(home, 'blob')];
  mkdirSync(join(root, 'a/b'), { recursive: true });
  mkdirSync(target);
  for (let i = 0; i < 600; i++)
    writeFileSync(join(root, i % 2 ? 'a' : 'a/b', `f${i}`), Buffer.alloc(i * 700, `${i}`));
  execFileSync('setfattr', ['-n', 'user.x', '-v', '0x00ff', join(root, 'a/f1')]);
  execFileSync('setfattr', ['-n', 'user.d', '-v', 'd', join(root, 'a')]);
  execFileSync('chmod', ['2750', join(root, 'a')]);
  if (isRoot) {
    execFileSync('setcap', ['cap_net_raw+ep', join(root, 'a/f3')]);
    execFileSync('mknod', [join(root, 'null'), 'c', '1', '3']);
    execFileSync('chown', ['1234:5678', join(root, 'a/f5')]);
    execFileSync('mkfifo', ['-m', '600', join(root, 'fifo')]);
  }
  const written = await engine.writeLayer(
    { kind: 'tree', root },
    { blob: { path: blobPath, compression: 'gzip' } },
  );
  const expect = { diffId: written.diffId, ...(written.blob && { blob: written.blob }) };
  const applied = await engine.applyLayer({ blobPath, compression: 'gzip', target, expect });
  t.same(applied.entries, written.entries);
  t.equal(applied.contentSize, written.contentSize);
  t.equal(applied.tarSize, written.tarSize);
  t.equal((await engine.writeLayer({ kind: 'tree', root: target })).diffId, written.diffId);
  const indexed = await engine.applyLayer({ blobPath, compression: 'auto' });
  t.same(indexed.entries, written.entries, 'without a target the same is verified and indexed');
});

eachEngine('every compression is read, streams to their end', async (t, engine) => {
  const tar = archive(file('a', 'x'.repeat(100_000)), file('b', 'y'));
  const half = 51_200;
  const zstd = (bytes: Buffer, ...args: string[]): Buffer =>
    execFileSync('zstd', ['-qc', ...args], { input: bytes });
  const skippable = Buffer.from('502a4d180400000001020304', 'hex');
  const good: [string, 'gzip' | 'zstd' | 'none', Buffer][] = [
    ['plain', 'none', tar],
    ['gzip', 'gzip', gzipSync(tar)],
    [
      'gzip of two members',
      'gzip',
      Buffer.concat([gzipSync(tar.subarray(0, half)), gzipSync(tar.subarray(half))]),
    ],
    ['gzip and NULs', 'gzip', Buffer.concat([gzipSync(tar), Buffer.alloc(1000)])],
    ['zstd', 'zstd', zstd(tar)],
    [
      'zstd of two frames',
      'zstd',
      Buffer.concat([zstd(tar.subarray(0, half)), zstd(tar.subarray(half), '-19')]),
    ],
    [
      'zstd with a skippable frame',
      'zstd',
      Buffer.concat([zstd(tar.subarray(0, half)), skippable, zstd(tar.subarray(half))]),
    ],
  ];
  for (const [name, compression, blob] of good) {
    const { blobPath, target, home } = place(t, blob);
    const expect = { diffId: sha256(tar), blob: { digest: sha256(blob), size: blob.length } };
    const applied = await engine.applyLayer({ blobPath, compression: 'auto', target, expect });
    t.equal(applied.compression, compression, name);
    t.equal(readFileSync(join(target, 'b'), 'utf8'), 'y');
    const plain = await engine.decompress(blobPath, join(home, 'plain'));
    t.same(plain, { digest: sha256(tar), size: tar.length });
  }
});

eachEngine('damaged streams are refused', async (t, engine) => {
  const tar = archive(file('a', 'x'.repeat(100_000)));
  const gzip = gzipSync(tar);
  const ours = join(scratch(t), 'ours');
  const plain = join(scratch(t), 'plain');
  writeFileSync(plain, Buffer.concat([file('a', 'z'.repeat(2_000_000)), archive()]));
  await engine.compress(plain, ours, 'gzip');
  const members = readFileSync(ours);
  const zstd = execFileSync('zstd', ['-qc', '--no-check'], { input: tar });
  const flip = (bytes: Buffer, at: number): Buffer => {
    const copy = Buffer.from(bytes);
    const i = at < 0 ? bytes.length + at : at;
    copy[i] = (copy[i] ?? 0) ^ 0x55;
    return copy;
  };
  const bad: [string, Buffer][] = [
    ['gzip cut off', gzip.subarray(0, gzip.length - 10)],
    ['gzip with a wrong CRC', flip(gzip, -6)],
    ['gzip with a wrong length', flip(gzip, -2)],
    ['gzip and garbage', Buffer.concat([gzip, Buffer.from('garbage')])],
    ['our members, cut off', members.subarray(0, members.length - 3)],
    ['our members, one damaged', flip(members, 200)],
    ['our members, a wrong CRC', flip(members, -7)],
    ['our members and garbage', Buffer.concat([members, Buffer.from('garbage')])],
    ['zstd cut off', zstd.subarray(0, zstd.length - 3)],
    ['zstd and garbage', Buffer.concat([zstd, Buffer.from('garbage')])],
  ];
  for (const [name, blob] of bad) {
    const { blobPath } = place(t, blob);
    await t.rejects(
      engine.applyLayer({ blobPath, compression: 'auto' }),
      { code: /^LAYER_(BLOB|TAR)_CORRUPT$/ },
      name,
    );
  }
  const twice = place(t, gzipSync(gzip));
  await t.rejects(
    engine.applyLayer({ ...twice, compression: 'auto' }),
    { code: /^LAYER_(TAR_CORRUPT|TRUNCATED)$/ },
    'two layers of gzip',
  );
  const bzip2 = place(t, Buffer.from('BZh91AY&SY'));
  await t.rejects(engine.applyLayer({ ...bzip2, compression: 'auto' }), {
    code: 'LAYER_COMPRESSION_UNKNOWN',
  });
  const lies = place(t, gzip);
  await t.rejects(engine.applyLayer({ ...lies, compression: 'zstd' }), {
    code: 'LAYER_COMPRESSION_MISMATCH',
  });
  await t.rejects(engine.applyLayer({ ...lies, compression: 'none' }), {
    code: 'LAYER_COMPRESSION_MISMATCH',
  });
});

eachEngine('both digests and the size must be right, to the last byte', async (t, engine) => {
  const tar = archive(file('a', 'x'));
  const blob = gzipSync(tar);
  const { blobPath } = place(t, blob);
  const wrong = sha256(Buffer.from('other'));
  const right = { diffId: sha256(tar), blob: { digest: sha256(blob), size: blob.length } };
  for (const expect of [
    { ...right, diffId: wrong },
    { ...right, blob: { ...right.blob, digest: wrong } },
    { ...right, blob: { ...right.blob, size: blob.length + 1 } },
  ]) {
    await t.rejects(engine.applyLayer({ blobPath, compression: 'gzip', expect }), {
      code: 'LAYER_DIGEST_MISMATCH',
    });
  }
  appendFileSync(blobPath, Buffer.alloc(1));
  await t.rejects(
    engine.applyLayer({
      blobPath,
      compression: 'gzip',
      expect: { blob: { ...right.blob, size: blob.length + 1 } },
    }),
    { code: 'LAYER_DIGEST_MISMATCH' },
    'a NUL behind the end',
  );
});

eachEngine('limits hold', async (t, engine) => {
  const { blobPath } = place(t, gzipSync(archive(file('a', 'x'.repeat(1_000_000)), file('b', 'y'))));
  const apply = (limits: ApplyLayerOptions['limits']): Promise<unknown> =>
    engine.applyLayer({ blobPath, compression: 'auto', limits });
  await t.rejects(apply({ entries: 1 }), { code: 'LAYER_TOO_MANY_ENTRIES' });
  await t.rejects(apply({ tarSize: 1_000_000 }), { code: 'LAYER_TOO_LARGE' }, 'a bomb ends here');
  await apply({ entries: 2, tarSize: 1_100_000 });
});

t.test('overlay whiteouts', needsRoot, async () => {
  eachEngine('whiteouts become what overlayfs reads', async (t, engine) => {
    const at = await unpack(
      t,
      engine,
      archive(dir('d'), file('d/.wh.x', ''), dir('o'), file('o/.wh..wh..opq', ''), file('o/n', 'n')),
    );
    t.ok(isMark(join(at, 'd/x')));
    t.equal(xattr(join(at, 'o'), 'user.overlay.opaque'), 'y');
    t.equal(xattr(join(at, 'd'), 'user.overlay.opaque'), '');
    const upper = await engine.writeLayer({ kind: 'upper', root: at });
    t.same(
      upper.entries.map(entry => `${entry.type} ${entry.path}`),
      ['dir d', 'whiteout d/x', 'dir o', 'opaque o', 'file o/n'],
      'and back',
    );
  });

  eachEngine('the order of whiteouts does not matter', async (t, engine) => {
    const early = await unpack(t, engine, archive(file('.wh.d', ''), dir('d'), file('d/x', '')));
    const late = await unpack(t, engine, archive(dir('d'), file('d/x', ''), file('.wh.d', '')));
    const implied = await unpack(t, engine, archive(file('.wh.d', ''), file('d/x', '')));
    for (const at of [early, late, implied]) {
      t.equal(
        xattr(join(at, 'd'), 'user.overlay.opaque'),
        'y',
        'what stands in place of a deleted directory hides it',
      );
      t.ok(existsSync(join(at, 'd/x')));
    }
    const replaced = await unpack(t, engine, archive(file('.wh.f', ''), file('f', 'new')));
    t.equal(readFileSync(join(replaced, 'f'), 'utf8'), 'new');
    const kept = await unpack(t, engine, archive(file('f', 'new'), file('.wh.f', '')));
    t.equal(readFileSync(join(kept, 'f'), 'utf8'), 'new');
  });

  eachEngine('devices and owners', async (t, engine) => {
    const at = await unpack(
      t,
      engine,
      archive(
        header({ name: 'null', type: '3', major: 1, minor: 3, mode: 0o666 }),
        file('f', '', { uid: 1000, gid: 2000, mode: 0o6755 }),
        symlink('l', 'x', { uid: 7 }),
      ),
    );
    t.equal(lstatSync(join(at, 'null')).rdev, 0x103);
    t.equal(lstatSync(join(at, 'null')).mode & 0o777, 0o666);
    t.match(lstatSync(join(at, 'f')), { uid: 1000, gid: 2000 });
    t.equal(lstatSync(join(at, 'f')).mode & 0o7777, 0o6755, 'chown does not take setuid away');
    t.equal(lstatSync(join(at, 'l')).uid, 7);
  });
});

eachEngine('merged whiteouts delete', async (t, engine) => {
  const { home, target } = place(t, Buffer.alloc(0));
  const layers = [
    archive(
      dir('d'),
      file('d/x', '1'),
      file('d/y', '1'),
      dir('o'),
      file('o/old', '1'),
      dir('t'),
      file('t/f', '1'),
      symlink('s', 'd'),
    ),
    archive(
      file('d/.wh.x', ''),
      dir('o'),
      file('o/new', '2'),
      file('o/.wh..wh..opq', ''),
      file('t', 'a file now'),
      file('s/z', '2'),
    ),
    archive(file('.wh.nothing', ''), file('.wh.o', ''), file('o/last', '3')),
  ];
  for (const [i, tar] of layers.entries()) {
    const blobPath = join(home, `layer-${i}`);
    writeFileSync(blobPath, tar);
    await engine.applyLayer({ blobPath, compression: 'none', target, whiteouts: 'merge' });
  }
  const found = execFileSync('find', ['.', '-mindepth', '1', '-printf', '%P %y\n'], {
    cwd: target,
    encoding: 'utf8',
  });
  t.same(found.trim().split('\n').sort(), ['d d', 'd/y f', 'd/z f', 'o d', 'o/last f', 's l', 't f']);
});

eachEngine('lower layers lend metadata and files', async (t, engine) => {
  const [top, bottom] = [scratch(t), scratch(t)];
  mkdirSync(join(bottom, 'etc'));
  execFileSync('chmod', ['700', join(bottom, 'etc')]);
  execFileSync('touch', ['-d', '@1500000000', join(bottom, 'etc')]);
  writeFileSync(join(bottom, 'file'), 'lower', { mode: 0o640 });
  const tar = archive(file('etc/x', ''), hardlink('copy', 'file'), file('new/y', ''));
  const at = await unpack(t, engine, tar, { lowers: [top, bottom] });
  t.equal(lstatSync(join(at, 'etc')).mode & 0o777, 0o700);
  t.equal(lstatSync(join(at, 'etc')).mtimeMs, 1500000000000);
  t.equal(lstatSync(join(at, 'new')).mode & 0o777, 0o755);
  t.equal(readFileSync(join(at, 'copy'), 'utf8'), 'lower');
  t.equal(lstatSync(join(at, 'copy')).ino, lstatSync(join(at, 'file')).ino, 'copied up, then linked');
  t.equal(lstatSync(join(at, 'copy')).mode & 0o777, 0o640);
});

eachEngine('attributes are bytes, times have fractions', async (t, engine) => {
  const tar = archive(
    paxFor({ 'SCHILY.xattr.user.b': '\x00\xff\n=', mtime: '1600000000.5' }),
    file('f', 'x'),
    paxFor({ mtime: '-1.5' }),
    file('g', ''),
  );
  const at = await unpack(t, engine, tar);
  t.equal(xattr(join(at, 'f'), 'user.b'), '\x00\xff\n=');
  t.equal(lstatSync(join(at, 'f')).mtimeMs, 1600000000500);
  t.equal(lstatSync(join(at, 'g')).mtimeMs, -1500);
});

eachEngine('squash leaves everything ours', async (t, engine) => {
  const at = await unpack(t, engine, archive(file('f', '', { uid: 1234, gid: 99 }), dir('d', { uid: 5 })), {
    owners: 'squash',
  });
  t.equal(lstatSync(join(at, 'f')).uid, process.geteuid?.());
  t.equal(lstatSync(join(at, 'd')).uid, process.geteuid?.());
});

t.test('a plain user unpacks without owners, devices left out', needsRoot, async () => {
  eachEngine('as somebody else', async (t, engine) => {
    const home = scratch(t);
    execFileSync('chmod', ['755', home]);
    const [target, blobPath] = [join(home, 'target'), join(home, 'blob')];
    mkdirSync(target);
    execFileSync('chown', ['65534', target]);
    writeFileSync(
      blobPath,
      archive(
        dir('d', { mode: 0o555 }),
        file('d/f', 'x', { uid: 0 }),
        header({ name: 'null', type: '3', major: 1, minor: 3 }),
        hardlink('null2', 'null'),
      ),
    );
    const script = fileURLToPath(new URL('../fixtures/apply-as-nobody.mjs', import.meta.url));
    // a copy that others can read, wherever this checkout lies; and without the test runner's hooks
    const args = [
      '-u',
      'NODE_OPTIONS',
      process.execPath,
      script,
      stagedPackage(),
      engine.name,
      blobPath,
      target,
    ];
    const run = spawnSync('env', args, { encoding: 'utf8' });
    t.match(run.stdout, /device files were left out/, run.stderr);
    t.same(readdirSync(target), ['d']);
    t.match(lstatSync(join(target, 'd/f')), { uid: 65534 });
    t.equal(lstatSync(join(target, 'd')).mode & 0o777, 0o555);
  });
});

eachEngine('unpacking can be aborted', async (t, engine) => {
  const { blobPath, target } = place(t, archive(file('a', 'x'.repeat(100 << 20))));
  await t.rejects(
    engine.applyLayer({ blobPath, compression: 'none', target, signal: AbortSignal.timeout(20) }),
    { code: 'LAYER_ABORTED' },
  );
});

eachEngine('scan and digests', async (t, engine) => {
  const root = scratch(t);
  mkdirSync(join(root, 'd/e'), { recursive: true });
  writeFileSync(join(root, 'd/f'), 'content');
  writeFileSync(join(root, 'd/empty'), '');
  symlinkSync('f', join(root, 'd/l'));
  execFileSync('setfattr', ['-n', 'user.x', '-v', '1', join(root, 'd/f')]);
  const scanned = await engine.scan(root, ['', 'd'], { xattrs: true });
  t.same(
    scanned.map(entry => `${entry.type} ${entry.path}`),
    ['dir d', 'dir d/e', 'file d/empty', 'file d/f', 'symlink d/l'],
  );
  const stat = lstatSync(join(root, 'd/f'), { bigint: true });
  t.match(scanned[3], {
    size: 7,
    ...timesOf(stat),
    nlink: 1,
    xattrs: { 'user.x': '1' },
  });
  const fields = [stat.size, stat.mtimeNs, stat.ctimeNs, stat.ino, stat.dev];
  t.equal(scanned[3]?.stamp, Buffer.from(BigUint64Array.from(fields).buffer).toString('latin1'));
  t.equal(scanned[4]?.link, 'f');
  t.same(await engine.digestFiles(root, ['d/f', 'd/empty']), [
    sha256(Buffer.from('content')),
    sha256(Buffer.alloc(0)),
  ]);
  await t.rejects(engine.digestFiles(root, ['d/l']), { code: 'LAYER_FILE_CHANGED', detail: { path: 'd/l' } });
  await t.rejects(engine.scan(root, ['none']), { code: 'LAYER_IO' });
});
