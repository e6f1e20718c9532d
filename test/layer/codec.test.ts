import t from 'tap';
import { decodeIndex, encodeIndex } from '../../lib/layer/codec.js';
import type { LayerEntry } from '../../lib/layer/types.js';

const plain = { mode: 0o644, uid: 0, gid: 0, size: 0, mtime: 0 };

const entries: LayerEntry[] = [
  { ...plain, path: '', type: 'dir', mode: 0o755 },
  { ...plain, path: 'a\xff\x00b', type: 'file', size: 2 ** 53 - 1, offset: 2 ** 40 + 512, mtime: 1700000000 },
  { ...plain, path: 'old', type: 'file', mtime: -5, uid: 4294967294, gid: 2 ** 31, mode: 0o7777, offset: 0 },
  { ...plain, path: 'half', type: 'fifo', mtime: 12.5 },
  { ...plain, path: 'l', type: 'symlink', link: '/\xc3\xa9/..' },
  { ...plain, path: 'h', type: 'hardlink', link: 'old' },
  { ...plain, path: 'c', type: 'char', devMajor: 5, devMinor: 1 },
  { ...plain, path: 'b', type: 'block', devMajor: 0, devMinor: 1048575 },
  { ...plain, path: 'w', type: 'whiteout' },
  { ...plain, path: 'w', type: 'opaque' },
];

t.test('what is encoded is decoded', async t => {
  t.same(decodeIndex(encodeIndex(entries)), entries);
  t.same(decodeIndex(encodeIndex([])), []);
});

t.test('extended attributes are bytes, and no name is special', async t => {
  const xattrs = { 'security.capability': '\x01\x00\x00\x02\xff', ['__proto__']: 'x' };
  const [entry] = decodeIndex(encodeIndex([{ ...plain, path: 'f', type: 'file', xattrs }]));
  t.same(Object.keys(entry?.xattrs ?? {}).sort(), ['__proto__', 'security.capability']);
  t.equal(entry?.xattrs?.['security.capability'], '\x01\x00\x00\x02\xff');
});

t.test('damage is found', async t => {
  const bytes = encodeIndex(entries);
  for (let end = 0; end < bytes.length; end++) {
    t.throws(() => decodeIndex(bytes.subarray(0, end)), { code: 'LAYER_INDEX_CORRUPT' });
  }
  t.throws(() => decodeIndex(Buffer.concat([bytes, Buffer.of(0)])), { code: 'LAYER_INDEX_CORRUPT' });
  t.throws(() => encodeIndex([{ ...plain, path: 'f', type: 'file', size: -1 }]), {
    code: 'LAYER_ENTRY_INVALID',
  });
});

t.test('20,000 entries take milliseconds', async t => {
  const many: LayerEntry[] = [];
  for (let i = 0; i < 20000; i++) {
    many.push({
      ...plain,
      path: `usr/share/doc/package-${i % 200}/file-${i}`,
      type: 'file',
      size: i,
      offset: i * 1024,
      mtime: 1.7e9,
    });
  }
  decodeIndex(encodeIndex(many));
  const start = performance.now();
  const bytes = encodeIndex(many);
  const middle = performance.now();
  const back = decodeIndex(bytes);
  const end = performance.now();
  t.comment(
    `encode ${middle - start} ms, decode ${end - middle} ms, ${bytes.length / many.length} bytes each`,
  );
  t.equal(back.length, many.length);
  t.ok(end - start < 300, 'ten times the expected time is a defect, not noise');
});
