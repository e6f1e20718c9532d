import t from 'tap';
import { matchSources } from '../../../lib/build/copy/sources.js';
import { MergedIndex } from '../../../lib/layer/merged.js';
import type { LayerEntry } from '../../../lib/layer/types.js';
import { toBytePath } from '../../../lib/util/paths.js';

const entry = (path: string, more: Partial<LayerEntry> = {}): LayerEntry => {
  return { path: toBytePath(path), type: 'file', mode: 0o644, uid: 0, gid: 0, size: 1, mtime: 1, ...more };
};
const dir = (path: string): LayerEntry => entry(path, { type: 'dir', mode: 0o755, size: 0 });

const INDEX = new MergedIndex([
  [
    dir('d'),
    entry('d/a.txt'),
    entry('d/b.text'),
    dir('d/deep'),
    entry('d/deep/a.txt'),
    entry('gr\u00fcn'),
    entry('odd[1]'),
    entry('star*'),
    entry('link', { type: 'symlink', mode: 0o777, size: 0, link: 'd' }),
  ],
]);
const found = (source: string): string[] => matchSources(INDEX, source);

t.test('sources of COPY', async t => {
  t.same(found('d/a.txt'), ['d/a.txt']);
  t.same(found('/../../d//./a.txt'), ['d/a.txt'], 'never above the root');
  t.same(found('.'), ['']);
  t.same(found('d/*.t?xt'), ['d/b.text']);
  t.same(found('d/*'), ['d/a.txt', 'd/b.text', 'd/deep'], 'a directory that matches is not searched');
  t.same(found('*/*/a.txt'), ['d/deep/a.txt']);
  t.same(found('**/a.txt'), ['d/a.txt'], 'two stars are one');
  t.same(found('link/*.txt'), ['d/a.txt'], 'links before the wildcard are followed');
  t.same(found('l*/a.txt'), [], 'those that a wildcard matches are not entered');
  t.same(found('gr?n'), [toBytePath('gr\u00fcn')], 'a wildcard takes a character, not a byte');
  t.same(found('gr[\u00e0-\u00ff]n'), [toBytePath('gr\u00fcn')]);
  t.same(found('odd[[]1]'), ['odd[1]']);
  t.same(found('star[*]'), ['star*']);
  t.same(found('nothing*'), []);
  for (const source of ['nothing', 'd/a.txt/x', 'D/a.txt'])
    t.throws(() => found(source), { code: 'BUILD_COPY_NOT_FOUND' }, source);
});
