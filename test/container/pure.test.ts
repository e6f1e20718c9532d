import t from 'tap';
import { changesOf, idleMarks } from '../../lib/container/changes.js';
import { randomName } from '../../lib/container/names.js';
import { signalNumber } from '../../lib/container/signals.js';
import { codeOfError } from '../../lib/container/state.js';
import { MergedIndex } from '../../lib/layer/merged.js';
import type { EntryType, LayerEntry } from '../../lib/layer/types.js';

function entry(path: string, type: EntryType, mtime = 0, size = 0): LayerEntry {
  return { path, type, mode: 0o755, uid: 0, gid: 0, size, mtime };
}

const image = new MergedIndex([
  [entry('', 'dir'), entry('etc', 'dir', 5), entry('etc/passwd', 'file', 5, 9), entry('var', 'dir', 5)],
]);
const provided = new Set(['etc/hosts', 'dev']);

t.test('changes are those of the container, in the order of their paths', async t => {
  const upper = [
    entry('', 'dir'),
    entry('etc', 'dir', 6),
    entry('etc/passwd', 'whiteout'),
    entry('etc/new', 'file', 6, 3),
    entry('etc/hosts', 'file'),
    entry('dev', 'dir'),
    entry('var', 'dir', 5),
  ];
  t.same(
    changesOf(upper, image, provided).map(({ kind, path }) => `${kind} ${path}`),
    ['C /etc', 'A /etc/new', 'D /etc/passwd'],
  );
});

t.test('what the sandbox put in its way is no change, what the container put there is', async t => {
  const stubs = [entry('', 'dir'), entry('etc', 'dir', 5), entry('etc/hosts', 'file'), entry('dev', 'dir')];
  t.same(changesOf(stubs, image, provided), []);
  const own = [entry('etc', 'dir', 5), entry('etc/hosts', 'file', 6, 20)];
  t.same(changesOf(own, image, provided).length, 2);
});

t.test('a directory that only holds a change is one, as docker has it', async t => {
  const upper = [entry('etc', 'dir', 5), entry('etc/passwd', 'file', 7, 10)];
  t.same(changesOf(upper, image, provided), [
    { kind: 'C', path: '/etc' },
    { kind: 'C', path: '/etc/passwd' },
  ]);
});

t.test('what a directory that was made anew hides is deleted, and the directory is changed', async t => {
  const upper = [
    entry('etc', 'dir', 5),
    entry('etc', 'opaque'),
    entry('etc/new', 'file', 6, 3),
    entry('dev', 'opaque'),
  ];
  t.same(
    changesOf(upper, image, provided).map(({ kind, path }) => `${kind} ${path}`),
    ['C /etc', 'A /etc/new', 'D /etc/passwd'],
  );
  t.same(changesOf(upper.slice(0, 2), image, provided).length, 2, 'also when it looks like the old one');
  t.same(idleMarks(upper, image), ['dev']);
});

t.test('signals and exit codes', async t => {
  t.equal(signalNumber('KILL'), 9);
  t.equal(signalNumber('sigterm'), 15);
  t.equal(signalNumber('2'), 2);
  t.throws(() => signalNumber('NOPE'), { code: 'USAGE_SIGNAL' });
  t.same(['EXEC_NOT_FOUND', 'EXEC_NOT_EXECUTABLE', 'SANDBOX_CWD'].map(codeOfError), [127, 126, 128]);
  t.match(randomName(), /^[a-z]+_[a-z]+$/);
  t.match(randomName(2), /^[a-z]+_[a-z]+\d+$/);
});
