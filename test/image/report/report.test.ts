import t from 'tap';
import { analyzeLayers } from '../../../lib/image/analysis/layers.js';
import { blockTree, childBlocks } from '../../../lib/image/report/blocks.js';
import { bytes, cut, escapeHtml, percent } from '../../../lib/image/report/html.js';
import { reportPage } from '../../../lib/image/report/page.js';
import { squarify } from '../../../lib/image/report/treemap.js';
import { entry as file } from '../../fixtures/store.js';

t.test('a treemap fills its box, in proportion and without overlaps', async t => {
  const weights = [600, 300, 200, 100, 50, 25, 12, 6, 3, 1];
  const box = { x: 10, y: 20, width: 300, height: 200 };
  const parts = squarify(weights, box);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  for (const [at, { x, y, width, height }] of parts.entries()) {
    t.ok(Math.abs(width * height - (60_000 * (weights[at] ?? 0)) / total) < 1e-6, 'area');
    t.ok(x >= 10 - 1e-9 && y >= 20 - 1e-9 && x + width <= 310 + 1e-9 && y + height <= 220 + 1e-9, 'inside');
    for (const other of parts.slice(at + 1)) {
      const apart =
        other.x >= x + width - 1e-9 ||
        x >= other.x + other.width - 1e-9 ||
        other.y >= y + height - 1e-9 ||
        y >= other.y + other.height - 1e-9;
      t.ok(apart, 'no overlap');
    }
  }
  t.strictSame(squarify([], box), []);
  t.equal(squarify([1], { ...box, width: 0 }).length, 1);
});

t.test('directories with one child are one block', async t => {
  const tree = blockTree([
    { path: '/usr/lib/a', size: 5 },
    { path: '/usr/lib/b', size: 7, hiddenBy: 1 },
    { path: '/x', size: 1 },
    { path: '/empty', size: 0 },
  ]);
  t.strictSame(
    childBlocks(tree).map(({ name, path, size, hidden }) => [name, path, size, hidden]),
    [
      ['usr/lib', '/usr/lib', 12, 7],
      ['x', '/x', 1, 0],
    ],
  );
});

t.test('numbers and texts', async t => {
  t.strictSame([0, 999, 1000, 12_345_678, 5e13].map(bytes), ['0 B', '999 B', '1 kB', '12.3 MB', '50 TB']);
  t.strictSame([percent(0, 0), percent(1, 100), percent(1, 3)], ['0 %', '1.0 %', '33 %']);
  t.equal(cut('äöü…', 3), 'äö…');
  t.equal(escapeHtml('<a href="x">\'&'), '&lt;a href=&quot;x&quot;&gt;&#39;&amp;');
  t.equal(escapeHtml('a\u202eb\x1b[0m'), 'a\\u202eb\\u001b[0m', 'nothing turns the text round');
});

t.test('nothing of an image becomes markup', async t => {
  const evil = '</title></svg><script>alert(1)</script><img src=x onerror="alert(2)">';
  const layers = analyzeLayers([
    [{ ...file, path: evil, size: 1e6 }],
    [{ ...file, path: evil, type: 'whiteout' as const, size: 0 }],
  ]);
  const page = reportPage({
    name: evil,
    id: evil,
    platform: evil,
    created: evil,
    facts: [[evil, evil]],
    layers: layers.map(layer => ({ ...layer, diffId: evil, command: evil })),
  });
  t.notMatch(page, /<script|<img|onerror="/);
  t.match(page, /Content-Security-Policy" content="default-src 'none'/);
  t.notMatch(
    page.replaceAll('http-equiv', '').replaceAll('src=x onerror', ''),
    /https?:|src=|@import|url\((?!#hidden\))/i,
    'nothing is loaded',
  );
});
