import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadEngine } from '../../lib/layer/index.js';
import type { LayerEntry, SourceEntry } from '../../lib/layer/types.js';
import { eachEngine, isRoot, needsRoot, scratch } from '../fixtures/engines.js';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const plain = { mode: 0o644, uid: 0, gid: 0, size: 0, mtime: 1_700_000_000 };

/** A tree with everything that a layer may hold. */
function makeTree(root: string): void {
  mkdirSync(join(root, 'dir/sub'), { recursive: true });
  writeFileSync(join(root, 'dir/file'), 'content');
  writeFileSync(join(root, 'dir-file'), 'sorts between dir and dir/file');
  writeFileSync(join(root, 'empty'), '');
  writeFileSync(join(root, 'big'), Buffer.alloc(3_000_001, 'big'));
  writeFileSync(Buffer.concat([bytes(`${root}/`), bytes('not\xffutf8\n')]), 'x');
  writeFileSync(join(root, 'n'.repeat(255)), 'long name');
  mkdirSync(join(root, ...Array.from({ length: 20 }, (_, i) => `level-${i}-${'x'.repeat(20)}`)), {
    recursive: true,
  });
  linkSync(join(root, 'dir/file'), join(root, 'dir/sub/hard'));
  symlinkSync('/somewhere/'.repeat(30), join(root, 'far'));
  symlinkSync('dir', join(root, 'near'));
  execFileSync('mkfifo', [join(root, 'fifo')]);
  chmodSync(join(root, 'empty'), 0o4755);
  execFileSync('setfattr', ['-n', 'user.z', '-v', '0x00ff0a', join(root, 'dir/file')]);
  execFileSync('setfattr', ['-n', 'user.a', '-v', 'first', join(root, 'dir/file')]);
  execFileSync('setfattr', ['-n', 'user.d', '-v', '', join(root, 'dir')]);
  execFileSync('touch', ['-d', '@-86400', join(root, 'dir/file')]);
  utimesSync(join(root, 'big'), 0, 1_600_000_000.75);
  if (!isRoot) return;
  chownSync(join(root, 'dir/file'), 3_000_000, 4_000_000_000);
  execFileSync('mknod', [join(root, 'null'), 'c', '1', '3']);
  execFileSync('mknod', [join(root, 'disk'), 'b', '259', '300']);
  execFileSync('setcap', ['cap_net_raw+ep', join(root, 'empty')]);
}

const types = (entries: LayerEntry[]): string[] => entries.map(entry => `${entry.type} ${entry.path}`);

eachEngine('a tree becomes a tar that GNU tar unpacks to the same tree', async (t, engine) => {
  const dir = scratch(t);
  const [root, out, tarPath] = [join(dir, 'in'), join(dir, 'out'), join(dir, 'tar')];
  mkdirSync(root);
  mkdirSync(out);
  makeTree(root);
  const written = await engine.writeLayer({ kind: 'tree', root }, { tarPath });
  const tar = readFileSync(tarPath);
  t.equal(written.tarSize, tar.length);
  t.equal(written.diffId, `sha256:${createHash('sha256').update(tar).digest('hex')}`);
  execFileSync('tar', [
    '-xpf',
    tarPath,
    '-C',
    out,
    '--xattrs',
    '--xattrs-include=*',
    '--numeric-owner',
    '--delay-directory-restore',
  ]);
  const again = await engine.writeLayer({ kind: 'tree', root: out });
  t.same(again.entries, written.entries, 'GNU tar made the same tree of it');
  t.equal(again.diffId, written.diffId);
  const paths = written.entries.map(entry => entry.path);
  t.same(paths, [...paths].sort(), 'sorted by bytes');
  t.match(
    written.entries.find(entry => entry.path === 'dir/sub/hard'),
    { type: 'hardlink', link: 'dir/file', size: 0 },
  );
  t.match(
    written.entries.find(entry => entry.path === 'dir/file'),
    {
      mtime: -86400,
      xattrs: { 'user.a': 'first', 'user.z': '\x00\xff\n' },
      ...(isRoot ? { uid: 3_000_000, gid: 4_000_000_000 } : {}),
    },
  );
  for (const entry of written.entries.filter(one => one.type === 'file')) {
    const content = tar.subarray(entry.offset ?? -1, (entry.offset ?? 0) + entry.size);
    t.ok(
      content.equals(readFileSync(bytes(`${root}/${entry.path}`))),
      'the index says where the content lies',
    );
  }
  t.equal(
    written.contentSize,
    written.entries.reduce((sum, entry) => sum + entry.size, 0),
  );
});

t.test('both engines write the same bytes', async t => {
  const root = scratch(t);
  makeTree(root);
  const [native, wasm] = [await loadEngine('native'), await loadEngine('wasm')];
  const [a, b] = [
    await native.writeLayer({ kind: 'tree', root }),
    await wasm.writeLayer({ kind: 'tree', root }),
  ];
  t.same(a.entries, b.entries);
  t.equal(a.diffId, b.diffId);
});

eachEngine('sockets are left out', async (t, engine) => {
  const root = scratch(t);
  const server = createServer().listen(join(root, 'socket'));
  t.teardown(() => server.close());
  writeFileSync(join(root, 'file'), '');
  t.same(types((await engine.writeLayer({ kind: 'tree', root })).entries), ['file file']);
});

eachEngine('paths are excluded with what is below them, late times are clamped', async (t, engine) => {
  const root = scratch(t);
  makeTree(root);
  const { entries } = await engine.writeLayer(
    { kind: 'tree', root },
    { exclude: ['dir', 'big'], clampMtime: 1_000_000_000 },
  );
  t.notOk(entries.some(entry => entry.path === 'big' || entry.path.startsWith('dir/')));
  t.ok(entries.some(entry => entry.path === 'dir-file'));
  t.ok(entries.every(entry => entry.mtime <= 1_000_000_000));
});

eachEngine(
  'an upper directory of the kernel becomes whiteouts',
  needing(t => {
    const root = scratch(t);
    mkdirSync(join(root, 'opaque'));
    mkdirSync(join(root, 'moved'));
    writeFileSync(join(root, 'opaque/new'), 'x');
    execFileSync('mknod', [join(root, 'gone'), 'c', '0', '0']);
    linkSync(join(root, 'gone'), join(root, 'gone-too'));
    execFileSync('setfattr', ['-n', 'user.overlay.opaque', '-v', 'y', join(root, 'opaque')]);
    execFileSync('setfattr', ['-n', 'user.overlay.origin', '-v', 'x', join(root, 'opaque/new')]);
    execFileSync('setfattr', ['-n', 'user.overlay.impure', '-v', 'y', join(root, 'moved')]);
    return {
      root,
      expected: [
        'whiteout gone',
        'whiteout gone-too',
        'dir moved',
        'dir opaque',
        'opaque opaque',
        'file opaque/new',
      ],
    };
  }),
);

eachEngine(
  'an upper directory of fuse-overlayfs becomes whiteouts',
  needing(t => {
    const root = scratch(t);
    mkdirSync(join(root, 'a'));
    mkdirSync(join(root, 'b'));
    mkdirSync(join(root, 'c'));
    writeFileSync(join(root, 'a/.wh..wh..opq'), '');
    writeFileSync(join(root, 'b/.wh.deleted'), '');
    writeFileSync(join(root, 'c/.wh..opq'), '');
    execFileSync('setfattr', ['-n', 'user.fuseoverlayfs.opaque', '-v', 'y', join(root, 'a')]);
    return { root, expected: ['dir a', 'opaque a', 'dir b', 'whiteout b/deleted', 'dir c', 'opaque c'] };
  }),
);

type Upper = { root: string; expected: string[] };
function needing(make: (t: Test) => Upper): Parameters<typeof eachEngine>[1] {
  return async (t, engine) => {
    if (!isRoot) {
      t.pass('only root can make whiteout devices');
      return;
    }
    const { root, expected } = make(t);
    const tarPath = join(scratch(t), 'tar');
    const { entries } = await engine.writeLayer({ kind: 'upper', root }, { tarPath });
    t.same(types(entries), expected);
    t.notOk(
      entries.some(entry => entry.xattrs !== undefined),
      'private attributes do not leave',
    );
    const names = execFileSync('tar', ['-tf', tarPath], { encoding: 'utf8' }).trim().split('\n');
    t.equal(names.length, expected.length);
    t.ok(names.some(name => name.includes('.wh.')));
  };
}

eachEngine('a name that means a deletion is no name', async (t, engine) => {
  const root = scratch(t);
  mkdirSync(join(root, 'd'));
  writeFileSync(join(root, 'd/.wh.x'), 'content');
  const expected = { code: 'LAYER_NAME_RESERVED', detail: { path: 'd/.wh.x' } };
  await t.rejects(engine.writeLayer({ kind: 'tree', root }), expected);
  await t.rejects(engine.writeLayer({ kind: 'upper', root }), expected, 'RUN made it with content');
});

eachEngine('entries come from files and from memory', async (t, engine) => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'src'), 'from a file');
  const entries: SourceEntry[] = [
    { ...plain, path: 'b/file', type: 'file', size: 11, source: join(dir, 'src') },
    { ...plain, path: 'b', type: 'dir', mode: 0o755 },
    {
      ...plain,
      path: 'a',
      type: 'file',
      size: 3,
      data: Buffer.from('abc'),
      xattrs: { 'user.z': '1', 'user.a': '2' },
    },
    { ...plain, path: 'gone', type: 'whiteout' },
    { ...plain, path: 'b', type: 'opaque' },
    { ...plain, path: 'l', type: 'symlink', link: 'a' },
    { ...plain, path: 'c', type: 'char', devMajor: 1, devMinor: 3 },
  ];
  const tarPath = join(dir, 'tar');
  const written = await engine.writeLayer({ kind: 'entries', entries }, { tarPath });
  t.same(types(written.entries), [
    'file a',
    'dir b',
    'opaque b',
    'file b/file',
    'char c',
    'whiteout gone',
    'symlink l',
  ]);
  t.equal(execFileSync('tar', ['-xOf', tarPath, 'b/file', 'a'], { encoding: 'utf8' }), 'abcfrom a file');
  const shuffled = await engine.writeLayer({ kind: 'entries', entries: entries.reverse() });
  t.equal(shuffled.diffId, written.diffId, 'the order given does not matter');
});

eachEngine('entries that make no sense are refused', async (t, engine) => {
  const refuse = (entry: Partial<SourceEntry>, code: string): Promise<unknown> =>
    t.rejects(
      engine.writeLayer({ kind: 'entries', entries: [{ ...plain, path: 'x', type: 'file', ...entry }] }),
      { code },
      JSON.stringify(entry),
    );
  for (const path of ['/x', 'a/../b', 'a//b', './a', 'a/', 'a\0b', '..', 'n'.repeat(256)]) {
    await refuse({ path }, 'LAYER_ENTRY_INVALID');
  }
  await refuse({ path: 'a/.wh.b' }, 'LAYER_NAME_RESERVED');
  await refuse({ size: 3, data: Buffer.from('ab') }, 'LAYER_ENTRY_INVALID');
  await refuse({ uid: 2 ** 32 - 1 }, 'LAYER_ENTRY_INVALID');
  await refuse({ type: 'symlink' }, 'LAYER_ENTRY_INVALID');
  await refuse({ mode: 0o10000 }, 'LAYER_ENTRY_INVALID');
  const twice = { ...plain, path: 'x', type: 'file' as const };
  await t.rejects(engine.writeLayer({ kind: 'entries', entries: [twice, twice] }), {
    code: 'LAYER_ENTRY_INVALID',
  });
});

eachEngine('files that are not what was promised are named', async (t, engine) => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'file'), 'five!');
  symlinkSync('file', join(dir, 'link'));
  execFileSync('mkfifo', [join(dir, 'fifo')]);
  for (const source of ['none', 'link', 'fifo', 'file'].map(name => join(dir, name))) {
    const entry: SourceEntry = { ...plain, path: 'x/y', type: 'file', size: 6, source };
    await t.rejects(
      engine.writeLayer({ kind: 'entries', entries: [entry] }, { tarPath: join(dir, 'tar') }),
      { code: 'LAYER_FILE_CHANGED', message: /^x\/y: /, detail: { path: 'x/y' } },
      source,
    );
    t.notOk(existsSync(join(dir, 'tar')), 'nothing stays behind');
  }
});

eachEngine('a file that grows while the layer is written is named', async (t, engine) => {
  const dir = scratch(t);
  const source = join(dir, 'log');
  writeFileSync(source, Buffer.alloc(64 << 20));
  const writing = engine.writeLayer({ kind: 'tree', root: dir });
  const writer = setInterval(() => writeFileSync(source, 'more', { flag: 'a' }), 1);
  t.teardown(() => clearInterval(writer));
  await t.rejects(writing, { code: 'LAYER_FILE_CHANGED', detail: { path: 'log' } });
});

for (const [compression, test] of [
  ['gzip', ['gzip', '-t']],
  ['zstd', ['zstd', '-qt']],
] as const) {
  eachEngine(`${compression} in the same pass`, async (t, engine) => {
    const dir = scratch(t);
    const root = join(dir, 'in');
    mkdirSync(root);
    makeTree(root);
    const [tarPath, path, again] = [join(dir, 'tar'), join(dir, 'blob'), join(dir, 'again')];
    const written = await engine.writeLayer({ kind: 'tree', root }, { tarPath, blob: { path, compression } });
    const blob = readFileSync(path);
    t.same(written.blob, {
      digest: `sha256:${createHash('sha256').update(blob).digest('hex')}`,
      size: blob.length,
    });
    const [program, ...args] = test;
    t.equal(spawnSync(program, [...args, path]).status, 0, `${program} finds nothing wrong`);
    const unpacked = spawnSync(program, ['-dc', path], { maxBuffer: 1 << 28 }).stdout;
    t.ok(unpacked.equals(readFileSync(tarPath)));
    t.same(await engine.compress(tarPath, again, compression), written.blob, 'deterministic');
    await t.rejects(
      engine.compress(tarPath, again, compression),
      { code: 'LAYER_IO' },
      'never over something',
    );
    const smaller = await engine.compress(tarPath, join(dir, 'best'), compression, { level: 9 });
    t.ok(smaller.size <= blob.length);
    await t.rejects(engine.compress(tarPath, join(dir, 'no'), compression, { level: 99 }), {
      code: 'LAYER_LEVEL_INVALID',
    });
    t.notOk(existsSync(join(dir, 'no')));
  });
}

eachEngine('writing can be aborted, and leaves nothing', async (t, engine) => {
  const dir = scratch(t);
  const root = join(dir, 'in');
  mkdirSync(root);
  for (let i = 0; i < 40; i++) writeFileSync(join(root, `f${i}`), Buffer.alloc(8 << 20, `${i}`));
  const options = {
    tarPath: join(dir, 'tar'),
    blob: { path: join(dir, 'blob'), compression: 'gzip' as const },
  };
  const signal = AbortSignal.timeout(100);
  await t.rejects(engine.writeLayer({ kind: 'tree', root }, { ...options, signal }), {
    code: 'LAYER_ABORTED',
  });
  t.same(readdirSync(dir), ['in']);
  await t.rejects(
    engine.writeLayer({ kind: 'tree', root }, { ...options, signal }),
    { code: 'LAYER_ABORTED' },
    'at once',
  );
});

eachEngine('a directory that is not there is named', async (t, engine) => {
  await t.rejects(engine.writeLayer({ kind: 'tree', root: '/none/here' }), {
    code: 'LAYER_IO',
    message: /none\/here/,
  });
});

eachEngine('a full disk stops cleanly', async (t, engine) => {
  const root = scratch(t);
  writeFileSync(join(root, 'f'), Buffer.alloc(1 << 20));
  await t.rejects(engine.compress(join(root, 'f'), '/dev/full', 'gzip'), { code: /LAYER_(IO|DISK_FULL)/ });
});

t.test('file capabilities travel as version 2', needsRoot, async t => {
  const root = scratch(t);
  writeFileSync(join(root, 'f'), '');
  // VFS_CAP_REVISION_3 with root id 100000, as a user namespace writes it.
  execFileSync('setfattr', [
    '-n',
    'security.capability',
    '-v',
    '0x0100000300200000000000000000000000000000a0860100',
    join(root, 'f'),
  ]);
  for (const choice of ['native', 'wasm'] as const) {
    const { entries } = await (await loadEngine(choice)).writeLayer({ kind: 'tree', root });
    const value = entries[0]?.xattrs?.['security.capability'] ?? '';
    t.equal(bytes(value).toString('hex'), '0100000200200000000000000000000000000000');
  }
});
