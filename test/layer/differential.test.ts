import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { loadEngine } from '../../lib/layer/index.js';
import { MergedIndex } from '../../lib/layer/merged.js';
import type { LayerEngine, LayerEntry, LayerSource } from '../../lib/layer/types.js';
import { isRoot } from '../fixtures/engines.js';
import { archive, dir, file, hardlink, long, paxFor, symlink } from '../fixtures/tar.js';

/** Random trees and random tars through both engines: same bytes, same verdicts, same trees. Seeds make it repeatable. */
const SEED = Number(process.env.SHALE_FUZZ_SEED ?? 1);
const ROUNDS = Number(process.env.SHALE_FUZZ_ROUNDS ?? 25);

class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed * 2654435761 + 1;
  }
  /** an integer from 0 to `below` - 1 */
  next(below: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * below);
  }
  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.next(choices.length)] ?? choices[0];
  }
}

const native = await loadEngine('native');
const wasm = await loadEngine('wasm');

function makeTree(random: Random, root: string): void {
  const dirs = [''];
  for (let i = 0; i < 40; i++) {
    const parent = dirs[random.next(dirs.length)] ?? '';
    const odd = random.pick(['', '-', ' ', '\u00e9', '\n', '%', '.wh']);
    const path = join(root, parent, `${odd}n${i}${'x'.repeat(random.next(8) === 0 ? 200 : 3)}`);
    const kind = random.next(8);
    if (kind < 2 && path.length < 2000) {
      mkdirSync(path);
      dirs.push(path.slice(root.length));
    } else if (kind === 2) symlinkSync('t'.repeat(1 + random.next(150)), path);
    else
      writeFileSync(
        path,
        Buffer.alloc(random.next(4) === 0 ? random.next(2_000_000) : random.next(3000), `${i}`),
      );
    if (kind === 3)
      execFileSync('setfattr', ['-n', `user.${'k'.repeat(1 + random.next(20))}`, '-v', `v${i}`, path]);
    if (kind === 4 && isRoot)
      execFileSync('chown', [`${random.next(5_000_000)}:${random.next(5_000_000)}`, path]);
    if (kind === 5) execFileSync('ln', [path, `${path}.link`]);
    if (kind === 6) execFileSync('touch', ['-d', `@${random.next(4_000_000_000) - 1_000_000_000}`, path]);
  }
  makeOddities(random, root, dirs);
}

/** What no string can name, and a file that is nearly all hole. */
function makeOddities(random: Random, root: string, dirs: string[]): void {
  const bytes = Buffer.from(Array.from({ length: 1 + random.next(200) }, () => 128 + random.next(128)));
  const parent = dirs[random.next(dirs.length)] ?? '';
  writeFileSync(Buffer.concat([Buffer.from(`${join(root, parent)}/`), bytes]), 'bytes');
  const hole = join(root, parent, 'hole');
  writeFileSync(hole, '');
  truncateSync(hole, random.next(20_000_000));
  writeFileSync(hole, 'in the middle', { flag: 'a' });
  truncateSync(hole, statSync(hole).size + random.next(5_000_000));
}

/** Deletions as the kernel's overlayfs marks them. */
function makeDeletions(random: Random, root: string): void {
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    const path = join(root, entry.name);
    if (entry.isDirectory() && random.next(2) === 0)
      execFileSync('setfattr', ['-n', 'user.overlay.opaque', '-v', 'y', path]);
    if (!entry.isDirectory() && isRoot && random.next(3) === 0 && !entry.name.startsWith('.wh')) {
      rmSync(path);
      execFileSync('mknod', [path, 'c', '0', '0']);
    }
  }
}

for (const kind of ['tree', 'upper'] as const) {
  t.test(`random trees give the same tar (${kind})`, async t => {
    const root = mkdtempSync(join(tmpdir(), 'engine-diff-'));
    t.teardown(() => rmSync(root, { recursive: true, force: true }));
    for (let round = 0; round < ROUNDS; round++) {
      const random = new Random(SEED * 1000 + round);
      const tree = join(root, String(round));
      mkdirSync(tree);
      makeTree(random, tree);
      if (kind === 'upper') makeDeletions(random, tree);
      const [a, b] = [
        await outcomeOfWriting(native, { kind, root: tree }),
        await outcomeOfWriting(wasm, { kind, root: tree }),
      ];
      if (!t.same(b, a, `seed ${SEED}, round ${round}`)) break;
      rmSync(tree, { recursive: true, force: true });
    }
  });
}

/** Names that begin with `.wh.` make a layer impossible: then both engines must say the same. */
async function outcomeOfWriting(engine: LayerEngine, source: LayerSource): Promise<unknown> {
  try {
    const { diffId, tarSize, contentSize, entries } = await engine.writeLayer(source);
    return { diffId, tarSize, contentSize, entries };
  } catch (error) {
    const { code, detail } = error as { code: string; detail: unknown };
    return { code, detail };
  }
}

const NAMES = [
  'a',
  'b',
  'a/b',
  'a/c',
  'a/b/d',
  'b/e',
  'c',
  './a/',
  '/b',
  'a/../c',
  '.wh.a',
  '.wh.b',
  'a/.wh.b',
  '.wh..wh..opq',
  'a/.wh..wh..opq',
] as const;

function makeTar(random: Random): Buffer {
  const parts = Array.from({ length: 1 + random.next(9) }, () => {
    const name = random.pick(NAMES);
    const other = random.pick(NAMES);
    return random.pick([
      () => file(name, 'x'.repeat(random.next(700))),
      () => file(name, 'y', { uid: random.next(100), mode: random.next(0o10000) }),
      () => dir(name, { mode: random.pick([0o700, 0o755, 0o1777]) }),
      () => dir(name),
      () => symlink(name, random.pick(['a', '/b', '../c', '../../..', 'none'])),
      () => hardlink(name, other),
      () =>
        Buffer.concat([paxFor({ path: name, mtime: '12.5', 'SCHILY.xattr.user.x': 'v' }), file('x', 'z')]),
      () => Buffer.concat([long('L', other), file('x', '')]),
    ])();
  });
  const tar = archive(...parts);
  // Some damage, which the checksum will find or not.
  if (random.next(4) === 0) tar[random.next(tar.length)] = random.next(256);
  return random.next(8) === 0 ? tar.subarray(0, random.next(tar.length)) : tar;
}

interface Outcome {
  code?: string;
  diffId?: string;
  entries?: LayerEntry[];
  tree?: LayerEntry[];
}

async function outcome(
  engine: LayerEngine,
  blobPath: string,
  whiteouts: 'overlay' | 'merge',
): Promise<Outcome> {
  const target = mkdtempSync(join(tmpdir(), 'engine-diff-'));
  try {
    const { diffId, entries } = await engine.applyLayer({ blobPath, compression: 'none', target, whiteouts });
    const tree = (await native.writeLayer({ kind: 'upper', root: target })).entries;
    return { diffId, entries, tree };
  } catch (error) {
    return { code: (error as { code: string }).code };
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}

t.test('random tars get the same verdict, index and tree', async t => {
  const home = mkdtempSync(join(tmpdir(), 'engine-diff-'));
  t.teardown(() => rmSync(home, { recursive: true, force: true }));
  let refused = 0;
  for (let round = 0; round < ROUNDS * 12; round++) {
    const random = new Random(SEED * 100_000 + round);
    const blobPath = join(home, 'tar');
    writeFileSync(blobPath, makeTar(random));
    const mode = isRoot ? random.pick<'overlay' | 'merge'>(['overlay', 'merge']) : 'merge';
    const [a, b] = [await outcome(native, blobPath, mode), await outcome(wasm, blobPath, mode)];
    const now = Date.now() / 1000 - 3600;
    // Parents that nobody describes get the time of their making.
    for (const entry of [...(a.tree ?? []), ...(b.tree ?? [])]) if (entry.mtime > now) entry.mtime = 0;
    if (!t.same(b, a, `seed ${SEED}, round ${round}`)) break;
    if (a.code !== undefined) refused++;
    // In merge mode nothing lies below, so the tree is what the index says.
    if (a.entries !== undefined && a.tree !== undefined && mode === 'merge') {
      const index = [...new MergedIndex([a.entries]).walk()]
        .map(entry => entry.path)
        .filter(path => path !== '');
      if (
        !t.same(
          a.tree.map(entry => entry.path),
          index.sort(),
          `index and tree, round ${round}: ${JSON.stringify(a.entries.map(e => [e.type, e.path, e.link]))}`,
        )
      )
        break;
    }
  }
  t.comment(`${refused} of ${ROUNDS * 12} refused`);
  t.ok(refused > 0 && refused < ROUNDS * 12);
});
