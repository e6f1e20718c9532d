import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import t from 'tap';
import { ContextFiles, DigestCache, openContext } from '../../lib/context/index.js';
import { loadEngine } from '../../lib/layer/index.js';
import { sha256 } from '../../lib/util/digest.js';
import { makeTree } from '../fixtures/tree.js';

/** One entry of a tar as its fields are, however hostile. */
function entry(name: string, type: string, link = '', content = ''): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, 'latin1');
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(link, 157, 100, 'latin1');
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
  body.write(content);
  return Buffer.concat([header, body]);
}

const end = Buffer.alloc(1024);

t.test('with the real engine', async t => {
  const engine = await loadEngine().catch(() => undefined);
  if (engine === undefined) {
    t.comment('no layer engine is built: npm run build');
    return;
  }
  const scratch = makeTree(t);
  const open = (bytes: Buffer) => openContext('-', { engine, scratch, stdin: Readable.from(bytes) });

  await t.test('a tar of each compression', async t => {
    const root = makeTree(t, { Dockerfile: 'FROM a', 'd/x': 'X', l: '-> d/x' });
    linkSync(join(root, 'd/x'), join(root, 'd/y'));
    for (const flags of [[], ['-z'], ['-J'], ['-j'], ['--zstd']]) {
      const tar = execFileSync('tar', ['-c', ...flags, '-C', root, '.'], { maxBuffer: 1 << 26 });
      const context = await open(tar);
      const entries = await context.snapshot();
      t.same(
        entries.map(({ path, type }) => `${path} ${type}`),
        ['Dockerfile file', 'd dir', 'd/x file', 'd/y file', 'l symlink'],
        String(flags),
      );
      const files = entries.filter(({ type }) => type === 'file');
      const cache = new DigestCache(engine, context.root, join(scratch, 'caches'));
      t.same(await cache.digest(files), [sha256('FROM a'), sha256('X'), sha256('X')]);
      await context.close();
    }
  });

  await t.test('a tar that would leave its root does not', async t => {
    const outside = makeTree(t, { victim: 'untouched' });
    const hostile: Record<string, Buffer[]> = {
      'dot-dot': [entry('../../escaped', '0', '', 'x')],
      absolute: [entry(`${outside}/escaped`, '0', '', 'x')],
      'through a link': [
        entry('l', '2', outside),
        entry('l/escaped', '0', '', 'x'),
        entry('l/victim', '0', '', 'changed'),
      ],
      'through a relative link': [
        entry('l', '2', '../../../../../../..'),
        entry(`l${outside}/victim`, '0', '', 'changed'),
      ],
      'hard link out': [entry('h', '1', `${outside}/victim`), entry('h', '0', '', 'changed')],
      'hard link through a link': [
        entry('l', '2', outside),
        entry('h', '1', 'l/victim'),
        entry('h', '0', '', 'changed'),
      ],
      'root as link': [entry('.', '2', outside), entry('escaped', '0', '', 'x')],
    };
    for (const [name, entries] of Object.entries(hostile)) {
      const context = await open(Buffer.concat([...entries, end])).catch(() => undefined);
      await context?.close();
      t.equal(readFileSync(join(outside, 'victim'), 'utf8'), 'untouched', name);
      t.notOk(existsSync(join(outside, 'escaped')), name);
      t.notOk(existsSync(join(scratch, 'escaped')), name);
    }
  });

  await t.test('names are bytes, links stay within', async t => {
    const root = makeTree(t);
    mkdirSync(join(root, 'd'));
    writeFileSync(Buffer.concat([Buffer.from(`${root}/d/`), Buffer.from([0xff])]), 'x');
    symlinkSync('/d', join(root, 'abs'));
    const files = new ContextFiles(engine, root);
    const below = await files.below(await files.resolve('abs'));
    t.same(
      below.map(({ path }) => path),
      ['d/\xff'],
    );
    t.same(await new DigestCache(engine, root, join(scratch, 'caches')).digest(below), [sha256('x')]);
  });
});
