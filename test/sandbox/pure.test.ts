// The parts of the sandbox that only compute.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import t from 'tap';
import type { ScanEntry } from '../../lib/layer/types.js';
import { containerCapabilities, DEFAULT_CAPABILITIES } from '../../lib/sandbox/capabilities.js';
import { changedEntries } from '../../lib/sandbox/drivers/compare.js';
import { hostsFile } from '../../lib/sandbox/etc-files.js';
import { watchStubs } from '../../lib/sandbox/oci/stubs.js';
import { ALWAYS, BY_CAPABILITY, EMULATED } from '../../lib/sandbox/oci/syscalls.js';
import { parseReport, reportError, signalName } from '../../lib/sandbox/report.js';
import { Inlet, Outlet } from '../../lib/sandbox/streams.js';
import { fromWire, toWire } from '../../lib/sandbox/wire.js';
import { LayerError, ShaleError } from '../../lib/util/errors.js';

t.test('capabilities', async t => {
  t.same(containerCapabilities(), [...DEFAULT_CAPABILITIES]);
  t.same(containerCapabilities(['CAP_sys_admin'], ['ALL']), ['SYS_ADMIN']);
  t.equal(containerCapabilities(['ALL']).length, 41);
  t.notOk(containerCapabilities(['ALL'], ['MKNOD']).includes('MKNOD'));
  t.throws(() => containerCapabilities(['FLY']), { code: 'USAGE_CAPABILITY' });
});

t.test('/etc/hosts', async t => {
  t.throws(() => hostsFile('a\nb', '127.0.1.1'), { code: 'USAGE_HOSTS_ENTRY' });
  t.throws(() => hostsFile('a', '127.0.1.1', [['b', 'no-ip']]), { code: 'USAGE_HOSTS_ENTRY' });
  t.throws(() => hostsFile('a', '127.0.1.1', [['b\tc', '::1']]), { code: 'USAGE_HOSTS_ENTRY' });
});

t.test('reports of the runner', async t => {
  const report = parseReport(
    Buffer.from('pid\x007\0error\0SANDBOX_PROC\0errno\x001\0message\0cannot mount /proc\0'),
  );
  t.match(report, { pid: 7, error: { code: 'SANDBOX_PROC', errno: 'EPERM', message: 'cannot mount /proc' } });
  t.match(reportError(report), { code: 'SANDBOX_PROC', detail: { errno: 'EPERM' }, hint: /systempaths/ });
  const twice = parseReport(
    Buffer.from('error\0A\0message\0the cause\0error\0B\0errno\x001\0message\0what came of it\0'),
  );
  t.strictSame(twice.error, { code: 'A', message: 'the cause' });
  t.same(parseReport(Buffer.from('exit\x003\0sig')), { exit: 3 }, 'what is cut off is left out');
  t.match(reportError({}), { code: 'SANDBOX_RUNNER_DIED' });
  t.equal(signalName(9), 'SIGKILL');
});

t.test('errors cross the channel whole', async t => {
  const there = toWire(new LayerError('LAYER_BAD', 'bad', { hint: 'try', detail: { at: 1 } }));
  const here = fromWire(structuredClone(there));
  t.type(here, LayerError);
  t.match(here, { code: 'LAYER_BAD', message: 'bad', hint: 'try', detail: { at: 1 } });
  const system = fromWire(toWire(Object.assign(new Error('gone'), { code: 'ENOENT' })));
  t.notOk(system instanceof ShaleError);
  t.match(system, { code: 'ENOENT', message: 'gone' });
});

t.test('a sender waits for its reader', async t => {
  const source = new PassThrough();
  let sent = 0;
  const outlet = new Outlet(source, chunk => {
    sent += chunk.length;
  });
  for (let n = 0; n < 64; n++) source.write(Buffer.alloc(65536));
  await new Promise(resolve => setTimeout(resolve, 20));
  t.ok(sent < 64 * 65536, 'stops at the window');
  while (sent < 64 * 65536) {
    outlet.acknowledge(65536);
    await new Promise(resolve => setImmediate(resolve));
  }
  outlet.acknowledge(1 << 20);
  source.end();
  await outlet.done();
});

t.test('a reader that fails is told about, and hangs nobody', async t => {
  const failures: string[] = [];
  let taken = 0;
  const broken = new Writable({ write: (_c, _e, callback) => callback(new Error('full')) });
  const inlet = new Inlet(
    broken,
    size => {
      taken += size;
    },
    error => failures.push(error.message),
  );
  inlet.write(Buffer.from('abc'));
  inlet.write(Buffer.from('def'));
  await t.rejects(inlet.drained(), { message: 'full' });
  t.equal(taken, 6);
  t.ok(failures.includes('full'));
});

/** A stamp: size, times, inode, device. */
function stamp(ctime: number, inode: string): string {
  return `${String(ctime).padStart(24)}${inode.padStart(16)}`;
}

function entry(path: string, more: Partial<ScanEntry> = {}): ScanEntry {
  const plain = { mode: 0o644, uid: 0, gid: 0, size: 3, mtime: 1, mtimeNs: 5, newestMs: 1, nlink: 1 };
  return { ...plain, path, type: 'file', stamp: stamp(1, path), ...more };
}

t.test('what changed between two looks', async t => {
  const dir = (path: string, more: Partial<ScanEntry> = {}) =>
    entry(path, { type: 'dir', mode: 0o755, ...more });
  const before = [
    dir('a'),
    entry('a/same'),
    entry('a/edited'),
    entry('a/gone'),
    dir('b'),
    entry('b/x'),
    dir('c'),
  ];
  const after = [
    dir('a', { stamp: stamp(9, 'a') }),
    entry('a/edited', { stamp: stamp(2, 'a/edited') }),
    entry('a/new', { stamp: stamp(1, '50'), nlink: 2 }),
    entry('a/same'),
    dir('c', { stamp: stamp(9, 'c') }),
    entry('c/link', { stamp: stamp(1, '50'), nlink: 2 }),
    entry('c/socket', { type: 'socket' }),
  ];
  const entries = changedEntries(before, after, '/root');
  t.same(
    entries.map(({ path, type, link, source }) => [type, path, link ?? source]),
    [
      ['dir', 'a', undefined],
      ['file', 'a/edited', '/root/a/edited'],
      ['file', 'a/new', '/root/a/new'],
      ['dir', 'c', undefined],
      ['hardlink', 'c/link', 'a/new'],
      ['whiteout', 'a/gone', undefined],
      ['whiteout', 'b', undefined],
    ],
  );
  t.equal(entries[1]?.mtime, 1);
  t.same(changedEntries(before, before, '/root'), []);
  const replaced = changedEntries([dir('d'), entry('d/x')], [entry('d')], '/root');
  t.same(
    replaced.map(({ path, type }) => `${type} ${path}`),
    ['file d'],
  );
});

t.test('both tables of system calls are the same', async t => {
  const text = readFileSync(new URL('../../native/runner/seccomp_table.c', import.meta.url), 'utf8');
  const table = (name: string) => {
    const body = new RegExp(`\\b${name}\\[\\] = \\{([^}]*)\\}`).exec(text)?.[1] ?? '';
    return [...body.matchAll(/"(\w+)"/g)].map(match => match[1]);
  };
  t.same(ALWAYS, table('SECCOMP_ALWAYS'));
  t.same(EMULATED, table('SECCOMP_EMULATED'));
  const groups = [...text.matchAll(/\{(CAP_\w+), (\w+)\}/g)].map(([, name, calls]) => [
    name,
    table(calls ?? ''),
  ]);
  t.same(BY_CAPABILITY, groups);
  t.ok(ALWAYS.length > 300 && !ALWAYS.includes('mount'));
});

t.test('mount points that a runtime made are taken away', async t => {
  const root = t.testdir({ lower: { etc: { passwd: 'x' } }, upper: {} });
  const merged = join(root, 'lower');
  const upper = join(root, 'upper');
  const tidy = await watchStubs(merged, ['/etc/hosts', '/proc', '/mnt/deep']);
  mkdirSync(join(upper, 'etc'));
  for (const path of ['proc', 'mnt', 'mnt/deep', 'kept']) mkdirSync(join(upper, path));
  writeFileSync(join(upper, 'etc/hosts'), '');
  writeFileSync(join(upper, 'mnt/file'), 'by the step');
  await tidy(upper);
  const left = execFileSync('find', ['.', '-mindepth', '1'], { cwd: upper, encoding: 'utf8' });
  t.same(left.trim().split('\n').sort(), ['./kept', './mnt', './mnt/file']);
});
