import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { importTar } from '../../lib/image/index.js';
import { loadEngine } from '../../lib/layer/index.js';
import { Store } from '../../lib/store/index.js';
import { sha256 } from '../../lib/util/digest.js';
import { openStore } from '../fixtures/store.js';
import { baseTar } from '../fixtures/tars.js';

const engine = await loadEngine();
const options = { engine: loadEngine };

t.test('one flipped bit in any file is found, and repaired by dropping that file alone', async t => {
  const store = await openStore(t, options);
  const dir = join(store.root, '..');
  await fill(store, dir);
  await store.close();
  t.strictSame((await store.fsck()).problems, [], 'clean to begin with');
  await store.close();
  const files = filesIn(store.root);
  t.ok(files.length > 12);
  for (const file of files) {
    const copy = join(dir, 'copy');
    rmSync(copy, { recursive: true, force: true });
    cpSync(store.root, copy, { recursive: true, verbatimSymlinks: true });
    flip(join(copy, file));
    const damaged = await Store.open(copy, options);
    const { problems } = await damaged.fsck();
    const named = problems.some(({ path }) => join(copy, file).startsWith(path));
    // Opening a store writes its format anew where it makes no sense.
    if (!named && file !== 'format.json') t.fail(`${file}: not found; ${JSON.stringify(problems)}`);
    await damaged.fsck({ repair: true });
    const left = (await damaged.fsck()).problems;
    if (left.length > 0) t.strictSame(left, [], `after repairing ${file}`);
    for (const other of files.filter(each => each !== file && !isBound(each, file))) {
      if (!same(join(store.root, other), join(copy, other))) t.fail(`repairing ${file} changed ${other}`);
    }
    await damaged.close();
  }
  t.pass(`${files.length} files`);
});

t.test('a damaged blob is noticed before it is used, and healed by storing it again', async t => {
  const store = await openStore(t, options);
  const dir = join(store.root, '..');
  const tar = baseTar(dir);
  const image = await importTar(store, engine, tar, { name: 'x', created: '2026-01-01T00:00:00Z' });
  const [diffId = image.id] = (await store.images.config(image)).rootfs.diff_ids;
  flip(store.content.path(diffId));
  const { problems } = await store.fsck({ repair: true });
  t.match(problems, [{ path: store.content.path(diffId), repaired: true }, { message: /is lost/ }, {}]);
  t.equal(await store.blobFor(diffId), undefined);
  await importTar(store, engine, tar, { name: 'x', created: '2026-01-01T00:00:00Z' });
  t.strictSame((await store.fsck()).problems, []);
});

t.test('a tree as the engine unpacks it: replaced entries, whiteouts, links through links', async t => {
  const store = await openStore(t, options);
  const dir = join(store.root, '..');
  const source = join(dir, 'source');
  mkdirSync(join(source, 'real'), { recursive: true });
  for (const name of ['real/file', 'first', '.wh.gone', 'thing']) writeFileSync(join(source, name), name);
  execFileSync('ln', [join(source, 'first'), join(source, 'second')]);
  execFileSync('ln', ['-s', 'real', join(source, 'link')]);
  const tar = join(dir, 'layer.tar');
  execFileSync('tar', ['cf', tar, '-C', source, '.']);
  rmSync(join(source, 'thing'));
  mkdirSync(join(source, 'thing'));
  execFileSync('tar', ['rf', tar, '-C', source, './thing']);
  const image = await importTar(store, engine, tar, { name: 'x' });
  const [diffId = image.id] = (await store.images.config(image)).rootfs.diff_ids;
  const target = await store.scratch('unpack');
  const blobPath = store.content.path(diffId);
  await engine.applyLayer({ blobPath, compression: 'none', target, whiteouts: 'overlay', owners: 'squash' });
  await store.addTree([diffId], target);
  t.strictSame((await store.fsck()).problems, []);
  const tree = store.treePath([diffId]);
  for (const [damage, message] of [
    [() => writeFileSync(join(tree, 'first'), 'other'), /"first" has other content/],
    [() => writeFileSync(join(tree, 'first'), 'longer than it was'), /"first" has 18 bytes, not 5/],
    [() => execFileSync('ln', ['-sfn', 'elsewhere', join(tree, 'link')]), /"link" points elsewhere/],
    [() => rmSync(join(tree, 'real/file')), /"real\/file" is missing/],
  ] as const) {
    damage();
    t.match((await store.fsck()).problems, [{ path: tree, message }]);
    execFileSync('sh', ['-c', 'printf first >first; ln -sfn real link; printf real/file >real/file'], {
      cwd: tree,
    });
  }
  if (process.getuid?.() !== 0) {
    chmodSync(join(tree, 'real'), 0);
    const { problems, unreadable } = await store.fsck({ repair: true });
    t.strictSame([problems, unreadable], [[], [tree]], 'what we may not see is not called damaged');
    chmodSync(join(tree, 'real'), 0o755);
  }
});

t.test('what a living process is about to finish is no damage', async t => {
  const store = await openStore(t, options);
  await fill(store, join(store.root, '..'));
  mkdirSync(join(store.root, 'layers', '0'.repeat(64)));
  t.strictSame((await store.fsck()).problems, []);
});

/** One of everything: an imported image with plain and compressed layer, a tree, a cache record, a pin. */
async function fill(store: Store, dir: string): Promise<void> {
  const image = await importTar(store, engine, baseTar(dir), { name: 'base' });
  const [diffId = image.id] = (await store.images.config(image)).rootfs.diff_ids;
  const scratch = await store.scratch('fill');
  const packed = join(scratch, 'layer.gz');
  const blob = await engine.compress(store.content.path(diffId), packed, 'gzip');
  await store.content.ingest(packed, blob);
  await store.layers.addBlob(diffId, { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...blob });
  const tree = join(scratch, 'tree');
  mkdirSync(tree);
  execFileSync('tar', ['xf', store.content.path(diffId), '-C', tree]);
  await store.addTree([diffId], tree);
  await store.cache.put({
    key: sha256('k'),
    layer: diffId,
    created: '',
    description: '',
    inputs: {},
    lastUsed: '',
  });
  await store.pins.set({ name: 'container', image: image.id, digests: [diffId], description: 'container 1' });
}

/** Regular files that carry something: locks are empty or informative, `tmp` is scratch. */
function filesIn(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter(name => !/^(locks|tmp|missing)\//.test(name))
    .filter(name => statSync(join(root, name), { throwIfNoEntry: false })?.isFile())
    .filter(
      name =>
        !readdirSync(join(root, name, '..'), { withFileTypes: true }).some(
          each => each.name === name.split('/').at(-1) && each.isSymbolicLink(),
        ),
    );
}

/** A flipped bit in the middle of a file. */
function flip(path: string): void {
  const bytes = readFileSync(path);
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  rmSync(path);
  writeFileSync(path, bytes);
}

/**
 * What necessarily goes along: index.json with an image; names with the record they point to, and both with config or
 * manifest; a whole tree with a file in it.
 */
function isBound(file: string, damaged: string): boolean {
  if (file === 'index.json') return true;
  if (/^trees\//.test(damaged)) return /^trees\/|\/tree-/.test(file);
  if (/^(images|blobs)\//.test(damaged)) return /^(images|refs)\//.test(file);
  return false;
}

function same(a: string, b: string): boolean {
  const content = statSync(b, { throwIfNoEntry: false });
  return content !== undefined && readFileSync(a).equals(readFileSync(b));
}
