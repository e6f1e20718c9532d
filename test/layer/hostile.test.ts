import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { LayerEngine } from '../../lib/layer/types.js';
import { eachEngine, scratch } from '../fixtures/engines.js';
import {
  archive,
  dir,
  END,
  file,
  hardlink,
  header,
  long,
  padded,
  pax,
  paxFor,
  record,
  symlink,
} from '../fixtures/tar.js';

/** A code when it must be refused, or a look at the unpacked tree. */
type Verdict = string | ((t: Test, root: string) => void);
type Case = [name: string, tar: Buffer, verdict: Verdict];

const holds =
  (path: string, content: string): Verdict =>
  (t, root) =>
    t.equal(readFileSync(join(root, path), 'latin1'), content);
const accepted: Verdict = () => {};
const base256 = (value: bigint, length: number): string => {
  const bytes = Buffer.alloc(length);
  let rest = BigInt.asUintN(8 * length, value);
  for (let i = length - 1; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 255n);
  bytes[0] = (bytes[0] ?? 0) | 0x80;
  return bytes.toString('latin1');
};

const PATHS: Case[] = [
  ['absolute names are relative to the root', archive(file('/etc/x', 'a')), holds('etc/x', 'a')],
  ['`..` is refused', archive(file('../x', 'a')), 'LAYER_PATH_ESCAPES'],
  ['`..` in the middle is refused', archive(file('a/../../x', 'a')), 'LAYER_PATH_ESCAPES'],
  ['`..` from pax is refused', archive(paxFor({ path: 'a/../b' }), file('x', '')), 'LAYER_PATH_ESCAPES'],
  ['`..` from a long name is refused', archive(long('L', '../x'), file('x', '')), 'LAYER_PATH_ESCAPES'],
  ['`.` and doubled slashes vanish', archive(file('.//a/./b', 'x')), holds('a/b', 'x')],
  [
    'the root can be a directory',
    archive(dir('./', { mode: 0o711 })),
    (t, root) => t.equal(lstatSync(root).mode & 0o777, 0o711),
  ],
  ['the root is no link', archive(symlink('./', '/etc')), 'LAYER_ENTRY_INVALID'],
  ['the root is no file', archive(file('.', 'x')), 'LAYER_ENTRY_INVALID'],
  ['the root is no file in disguise', archive(file('/', '')), accepted],
  ['an empty name is refused', archive(file('', 'x')), 'LAYER_ENTRY_INVALID'],
  ['NUL in a pax path is refused', archive(paxFor({ path: 'a\0b' }), file('x', '')), 'LAYER_TAR_CORRUPT'],
  ['NUL in a long name is refused', archive(long('L', 'a\0b'), file('x', '')), 'LAYER_TAR_CORRUPT'],
  [
    'a component of 256 bytes is refused',
    archive(paxFor({ path: 'x'.repeat(256) }), file('x', '')),
    'LAYER_PATH_TOO_LONG',
  ],
  [
    'a path of 4096 bytes is refused',
    archive(paxFor({ path: 'x/'.repeat(2049) }), file('x', '')),
    'LAYER_PATH_TOO_LONG',
  ],
  [
    'names are bytes',
    archive(file('\xff\xfe\n', 'x')),
    (t, root) => t.same(readdirSync(root, 'latin1' as BufferEncoding), ['\xff\xfe\n']),
  ],
  ['`__proto__` is a name', archive(file('__proto__/constructor', 'x')), holds('__proto__/constructor', 'x')],
];

const LINKS: Case[] = [
  [
    'a link is not followed out of the root',
    archive(symlink('a', '../../../canary'), file('a/x', 'evil')),
    holds('canary/x', 'evil'),
  ],
  [
    'an absolute link leads into the root',
    archive(dir('etc'), symlink('a', '/etc'), file('a/x', 'ok')),
    holds('etc/x', 'ok'),
  ],
  [
    'a link to nothing leads to where it would be',
    archive(symlink('var/run', '/run'), file('var/run/x', 'ok')),
    holds('run/x', 'ok'),
  ],
  [
    'a link to a link leads into the root',
    archive(dir('d'), symlink('a', 'b'), symlink('b', '/d'), file('a/x', 'ok')),
    holds('d/x', 'ok'),
  ],
  ['a loop of links is refused', archive(symlink('a', 'b'), symlink('b', 'a'), file('a/x', '')), 'LAYER_IO'],
  [
    'a file replaces a link',
    archive(symlink('a', '../canary/victim'), file('a', 'mine')),
    holds('a', 'mine'),
  ],
  [
    'a directory replaces a link',
    archive(symlink('a', '../canary'), dir('a'), file('a/x', 'mine')),
    holds('a/x', 'mine'),
  ],
  [
    'a hard link out of the root is refused',
    archive(hardlink('a', '../canary/victim')),
    'LAYER_LINK_INVALID',
  ],
  [
    'a hard link through a link stays inside',
    archive(symlink('up', '../canary'), hardlink('a', 'up/victim')),
    'LAYER_LINK_INVALID',
  ],
  [
    'a hard link to a link is a link',
    archive(symlink('s', '/canary'), hardlink('h', 's'), file('h2', 'x')),
    (t, root) => t.equal(readlinkSync(join(root, 'h')), '/canary'),
  ],
  [
    'writing after a hard link to a link stays inside',
    archive(symlink('s', '../canary/victim'), hardlink('h', 's'), file('h', 'mine')),
    holds('h', 'mine'),
  ],
  ['a hard link to nothing is refused', archive(hardlink('a', 'none')), 'LAYER_LINK_INVALID'],
  ['a hard link to itself is refused', archive(hardlink('a', './a')), 'LAYER_LINK_INVALID'],
  ['a hard link to a directory is refused', archive(dir('d'), hardlink('a', 'd')), 'LAYER_LINK_INVALID'],
  ['a hard link to the root is refused', archive(hardlink('a', '/')), 'LAYER_LINK_INVALID'],
  ['a link without target is refused', archive(symlink('a', '')), 'LAYER_LINK_INVALID'],
  [
    'a hard link with a size has no content',
    archive(file('a', 'x'), hardlink('b', 'a', { size: 512 }), file('c', 'y')),
    holds('c', 'y'),
  ],
  [
    'a link with a size has no content',
    archive(symlink('s', 'x', { size: 1024 }), file('c', 'y')),
    holds('c', 'y'),
  ],
  [
    'replacing does not write through a second name',
    archive(file('a', 'first'), hardlink('b', 'a'), file('b', 'second')),
    holds('a', 'first'),
  ],
  [
    'a directory gives way to a file',
    archive(dir('d'), file('d/x', 'x'), file('d', 'file')),
    holds('d', 'file'),
  ],
  ['a file as parent is refused', archive(file('a', 'x'), file('a/b', 'y')), 'LAYER_PARENT_NOT_DIRECTORY'],
];

const WHITEOUTS: Case[] = [
  ['a whiteout of nothing is refused', archive(file('.wh.', '')), 'LAYER_WHITEOUT_INVALID'],
  ['a whiteout of `.` is refused', archive(file('d/.wh..', '')), 'LAYER_WHITEOUT_INVALID'],
  ['a whiteout of `..` is refused', archive(file('d/.wh...', '')), 'LAYER_WHITEOUT_INVALID'],
  ['a directory named like a whiteout is refused', archive(file('.wh.a/b', '')), 'LAYER_NAME_RESERVED'],
  [
    "AUFS's own files are left out",
    archive(file('.wh..wh.plnk', 'data'), file('b', 'x')),
    (t, root) => t.same(readdirSync(root), ['b']),
  ],
  ['a whiteout with content has none', archive(file('.wh.a', 'content'), file('b', 'x')), holds('b', 'x')],
  [
    'a hard link to a whiteout is refused',
    archive(file('.wh.a', ''), hardlink('b', 'a')),
    'LAYER_LINK_INVALID',
  ],
  [
    'a hard link to a whiteout by name is refused',
    archive(file('a', ''), hardlink('b', '.wh.a')),
    'LAYER_LINK_INVALID',
  ],
  [
    'a device 0:0 deletes nothing',
    archive(header({ name: 'd', type: '3' }), file('x', 'x')),
    (t, root) => t.notOk(existsSync(join(root, 'd'))),
  ],
];

const HEADERS: Case[] = [
  ['a wrong checksum is refused', archive(file('a', 'x', { checksum: 1 })), 'LAYER_TAR_CORRUPT'],
  ['a signed checksum is right', archive(file('\xe9\xff', 'x', { checksum: 'signed' })), accepted],
  ['a size of letters is refused', archive(file('a', '', { size: 'zzzzzzzzzzz\0' })), 'LAYER_TAR_CORRUPT'],
  ['a negative size is refused', archive(file('a', '', { size: base256(-512n, 12) })), 'LAYER_TAR_CORRUPT'],
  [
    'a size beyond 2^53 is refused',
    archive(file('a', '', { size: base256(2n ** 60n, 12) })),
    'LAYER_TAR_CORRUPT',
  ],
  [
    'a base-256 size is read',
    archive(file('a', 'xy', { size: base256(2n, 12) }), file('b', 'z')),
    holds('a', 'xy'),
  ],
  [
    'a base-256 uid beyond 32 bits is refused',
    archive(file('a', '', { uid: base256(2n ** 32n, 8) })),
    'LAYER_ENTRY_INVALID',
  ],
  ['uid -1 is refused', archive(paxFor({ uid: '4294967295' }), file('a', '')), 'LAYER_ENTRY_INVALID'],
  ['spaces around a number are read', archive(file('a', '', { size: '         0 \0' })), accepted],
  ['a digit 8 is refused', archive(file('a', '', { mode: '0000008\0' })), 'LAYER_TAR_CORRUPT'],
  ['V7 has no magic', archive(file('a', 'x', { magic: '\0'.repeat(8) })), holds('a', 'x')],
  [
    'V7 directories end with a slash',
    archive(file('d/', '', { type: '\0', magic: '\0'.repeat(8), mode: 0o755 }), file('d/x', 'y')),
    holds('d/x', 'y'),
  ],
  [
    'GNU magic has no prefix',
    archive(file('a', 'x', { magic: 'ustar  \0', prefix: '../../' })),
    holds('a', 'x'),
  ],
  ['a ustar prefix counts', archive(file('a', 'x', { prefix: 'p/q' })), holds('p/q/a', 'x')],
  ['`..` in a prefix is refused', archive(file('a', 'x', { prefix: '..' })), 'LAYER_PATH_ESCAPES'],
  ['type 7 is a file', archive(file('a', 'x', { type: '7' })), holds('a', 'x')],
  ['an unknown type is refused', archive(file('a', 'x', { type: 'Z' })), 'LAYER_TYPE_UNSUPPORTED'],
  ...['V', 'M', 'N', 'D'].map(
    (type): Case => [`type ${type} is refused`, archive(file('a', '', { type })), 'LAYER_TYPE_UNSUPPORTED'],
  ),
  [
    'old GNU sparse is refused by name',
    archive(file('a', 'x', { type: 'S', magic: 'ustar  \0' })),
    'LAYER_SPARSE_UNSUPPORTED',
  ],
  ['a directory with content is refused', archive(file('d/', 'x')), 'LAYER_TAR_CORRUPT'],
];

const PAX: Case[] = [
  [
    'pax beats ustar',
    archive(paxFor({ path: 'real', size: '3' }), header({ name: 'x', size: 0 }), padded('abc')),
    holds('real', 'abc'),
  ],
  [
    'a pax size is used to skip',
    archive(
      paxFor({ size: '512' }),
      header({ name: 'a', size: 0 }),
      file('inner', 'evil').subarray(0, 512),
      file('b', 'x'),
    ),
    (t, root) => t.same(readdirSync(root).sort(), ['a', 'b']),
  ],
  [
    'a pax size is for the file, not for a long name between',
    archive(paxFor({ size: '1' }), long('L', 'n'.repeat(120)), header({ name: 'x', size: 0 }), padded('z')),
    holds('n'.repeat(120), 'z'),
  ],
  [
    'a pax size that is no number is refused',
    archive(paxFor({ size: '+3' }), file('a', 'abc')),
    'LAYER_TAR_CORRUPT',
  ],
  [
    'a hexadecimal pax size is refused',
    archive(paxFor({ size: '0x3' }), file('a', 'abc')),
    'LAYER_TAR_CORRUPT',
  ],
  [
    'a pax size beyond 2^53 is refused',
    archive(paxFor({ size: '9007199254740993' }), file('a', 'abc')),
    'LAYER_TAR_CORRUPT',
  ],
  ['a record without newline is refused', archive(pax('11 path=ab'), file('a', '')), 'LAYER_TAR_CORRUPT'],
  [
    'a record whose length is too large is refused',
    archive(pax('99 path=a\n'), file('a', '')),
    'LAYER_TAR_CORRUPT',
  ],
  ['a record of length 0 is refused', archive(pax('0 path=a\n'), file('a', '')), 'LAYER_TAR_CORRUPT'],
  ['a record without `=` is refused', archive(pax('8 pathx\n'), file('a', '')), 'LAYER_TAR_CORRUPT'],
  ['a record without keyword is refused', archive(pax('6 =xx\n'), file('a', '')), 'LAYER_TAR_CORRUPT'],
  ['an empty value takes back', archive(paxFor({ path: '' }), file('a', 'x')), holds('a', 'x')],
  [
    'a pax header of 1 MiB and more is refused',
    archive(pax(record('comment', 'x'.repeat(1 << 20))), file('a', '')),
    'LAYER_HEADER_TOO_LARGE',
  ],
  [
    'a long name of 1 MiB is refused',
    archive(long('L', 'x'.repeat(1 << 20)), file('a', '')),
    'LAYER_HEADER_TOO_LARGE',
  ],
  [
    'a global comment is read over',
    archive(pax(record('comment', 'x'), 'g'), file('a', 'x')),
    holds('a', 'x'),
  ],
  ['a global path is refused', archive(pax(record('path', 'x'), 'g'), file('a', 'x')), 'LAYER_TAR_CORRUPT'],
  ['a global size is refused', archive(pax(record('size', '1'), 'g'), file('a', 'x')), 'LAYER_TAR_CORRUPT'],
  [
    'two pax headers are refused',
    archive(paxFor({ path: 'a' }), paxFor({ path: 'b' }), file('c', '')),
    'LAYER_TAR_CORRUPT',
  ],
  ['two long names are refused', archive(long('L', 'a'), long('L', 'b'), file('c', '')), 'LAYER_TAR_CORRUPT'],
  [
    'a long name and a pax path are refused',
    archive(long('L', 'a'), paxFor({ path: 'b' }), file('c', '')),
    'LAYER_TAR_CORRUPT',
  ],
  ['an empty long name is refused', archive(long('L', ''), file('c', '')), 'LAYER_TAR_CORRUPT'],
  [
    'pax sparse 1.0 is refused by name',
    archive(paxFor({ 'GNU.sparse.major': '1', 'GNU.sparse.name': 'a' }), file('c', '')),
    'LAYER_SPARSE_UNSUPPORTED',
  ],
  ['a header that describes nothing is refused', archive(paxFor({ path: 'a' })), 'LAYER_TAR_CORRUPT'],
  [
    'an attribute without name is refused',
    archive(paxFor({ 'SCHILY.xattr.': 'x' }), file('a', '')),
    'LAYER_TAR_CORRUPT',
  ],
  [
    'overlay attributes are dropped',
    archive(
      paxFor({ 'SCHILY.xattr.user.overlay.redirect': '/etc', 'SCHILY.xattr.trusted.overlay.metacopy': '' }),
      file('a', 'x'),
    ),
    holds('a', 'x'),
  ],
];

const STREAMS: Case[] = [
  ['an empty archive is empty', Buffer.from(END), (t, root) => t.same(readdirSync(root), [])],
  ['no end is an end', file('a', 'x'), holds('a', 'x')],
  ['an end in a header is refused', file('a', 'x').subarray(0, 300), 'LAYER_TRUNCATED'],
  ['an end in a content is refused', file('a', 'x'.repeat(2000)).subarray(0, 1000), 'LAYER_TRUNCATED'],
  ['an end in the padding is refused', file('a', 'x').subarray(0, 600), 'LAYER_TRUNCATED'],
  ['an end in a pax header is refused', paxFor({ path: 'a' }).subarray(0, 600), 'LAYER_TRUNCATED'],
  [
    'what follows the end means nothing',
    Buffer.concat([archive(file('a', 'x')), file('b', 'evil')]),
    (t, root) => t.same(readdirSync(root), ['a']),
  ],
  [
    'one block of zeros is no end',
    Buffer.concat([file('a', 'x'), Buffer.alloc(512), archive(file('b', 'y'))]),
    'LAYER_TAR_CORRUPT',
  ],
  ['garbage is refused', Buffer.alloc(2048, 'garbage'), 'LAYER_TAR_CORRUPT'],
  [
    'an ELF header is refused',
    Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(1020)]),
    'LAYER_TAR_CORRUPT',
  ],
];

const ORDER: Case[] = [
  [
    'a setuid file keeps its bits',
    archive(file('su', 'x', { mode: 0o4755 })),
    (t, root) => t.equal(lstatSync(join(root, 'su')).mode & 0o7777, 0o4755),
  ],
  [
    'a directory without write permission holds files',
    archive(dir('d', { mode: 0o555 }), file('d/x', 'y')),
    (t, root) => t.equal(lstatSync(join(root, 'd')).mode & 0o777, 0o555),
  ],
  [
    "a directory's time is set last",
    archive(dir('d', { mtime: 1000 }), file('d/x', 'y')),
    (t, root) => t.equal(lstatSync(join(root, 'd')).mtimeMs, 1_000_000),
  ],
  [
    'file type bits in a mode are dropped',
    archive(file('a', '', { mode: 0o100644 })),
    (t, root) => t.equal(lstatSync(join(root, 'a')).mode & 0o7777, 0o644),
  ],
  [
    'parents that the tar leaves out are there',
    archive(file('a/b/c', 'x')),
    (t, root) => t.equal(lstatSync(join(root, 'a')).mode & 0o777, 0o755),
  ],
];

async function check(t: Test, engine: LayerEngine, [name, tar, verdict]: Case): Promise<void> {
  const home = scratch(t);
  const [root, canary, blobPath] = [join(home, 'root'), join(home, 'canary'), join(home, 'blob')];
  mkdirSync(root);
  mkdirSync(canary);
  writeFileSync(join(canary, 'victim'), 'untouched');
  writeFileSync(blobPath, tar);
  const applied = engine.applyLayer({ blobPath, compression: 'none', target: root });
  if (typeof verdict === 'string') await t.rejects(applied, { code: verdict }, name);
  else {
    await applied;
    verdict(t, root);
  }
  t.equal(readFileSync(join(canary, 'victim'), 'utf8'), 'untouched', 'nothing outside changed');
  t.same(readdirSync(canary), ['victim']);
  t.same(readdirSync(home).sort(), ['blob', 'canary', 'root']);
}

const CORPUS = { PATHS, LINKS, WHITEOUTS, HEADERS, PAX, STREAMS, ORDER };
for (const [group, cases] of Object.entries(CORPUS)) {
  for (const one of cases) {
    eachEngine(`${group}: ${one[0]}`, (t, engine) => check(t, engine, one));
  }
}
