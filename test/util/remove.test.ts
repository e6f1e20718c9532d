import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { removePaths } from '../../lib/util/remove.js';

t.test('what is ours goes at once, also where it is closed; the rest is left to who may', async t => {
  const base = mkdtempSync('/var/tmp/shale-remove-');
  t.teardown(() => rmSync(base, { recursive: true, force: true }));
  mkdirSync(join(base, 'open/work/work/incompat'), { recursive: true });
  writeFileSync(join(base, 'open/file'), '');
  chmodSync(join(base, 'open/work/work'), 0);
  const asked: string[][] = [];
  const left = await removePaths([join(base, 'open'), join(base, 'nothing')], async paths => {
    asked.push(paths);
  });
  t.same([left, asked], [[], []]);
  t.notOk(existsSync(join(base, 'open')));
});

const skip = process.getuid?.() !== 0 && 'needs root, to make files of somebody else';
t.test('files of mapped ids', { skip }, async t => {
  const base = mkdtempSync('/var/tmp/shale-remove-');
  t.teardown(() => rmSync(base, { recursive: true, force: true }));
  mkdirSync(join(base, 'mapped/inner'), { recursive: true });
  writeFileSync(join(base, 'mapped/inner/file'), '');
  execFileSync('chown', ['-R', '65534:65534', base]);
  execFileSync('chown', ['-R', '100000:100000', join(base, 'mapped/inner')]);
  process.setegid?.(65534);
  process.seteuid?.(65534);
  try {
    const path = join(base, 'mapped');
    t.same(await removePaths([path]), [path], 'nobody else to ask');
    const asked: string[] = [];
    t.same(await removePaths([path], async paths => void asked.push(...paths)), []);
    t.same(asked, [path]);
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
});
