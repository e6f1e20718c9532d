import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { CONTAINER_FLAGS, containerOptions } from '../../../lib/cli/container/options.js';
import { parseFlags } from '../../../lib/cli/flags.js';

/** What a command line of `run` says. */
async function said(...argv: string[]) {
  const { flags, operands } = parseFlags(CONTAINER_FLAGS, [...argv, 'image'], false);
  return containerOptions({ flags, operands, options: { signal: new AbortController().signal } });
}

t.test('flags said again: lists grow, maps take more, the last of the others counts', async t => {
  const options = await said(
    ...['--cap-add', 'cap_net_admin', '--cap-add', 'SYS_TIME', '-l', 'a=1', '-l', 'b=2', '-l', 'a=3'],
    ...['--tmpfs', '/a', '--tmpfs', '/b:size=1m,mode=700', '--name', 'one', '--name', 'two'],
  );
  t.same(options.capAdd, ['NET_ADMIN', 'SYS_TIME']);
  t.same(options.labels, { a: '3', b: '2' });
  t.match(options.mounts, [{ target: '/a' }, { target: '/b', size: 1 << 20, mode: 0o700 }]);
  t.equal(options.name, 'two');
  t.equal(options.readonlyRoot, undefined);
});

t.test('variables of the command line win over those of files', async t => {
  const file = join(t.testdir(), 'env');
  await writeFile(file, '# comment\nA=file\n\n  B=file\nSHALE_TEST_UNSET\n');
  const options = await said('-e', 'A=line', '--env-file', file, '-e', '__proto__=odd');
  t.same(Object.entries(options.env ?? {}).sort(), [
    ['A', 'line'],
    ['B', 'file'],
    ['__proto__', 'odd'],
  ]);
});

t.test('the command is what follows the image', async t => {
  const { flags, operands } = parseFlags(CONTAINER_FLAGS, ['--rm', 'image', 'sh', '-c', 'x'], false);
  const options = await containerOptions({
    flags,
    operands,
    options: { signal: new AbortController().signal },
  });
  t.match(options, { image: 'image', command: ['sh', '-c', 'x'], autoRemove: true });
});

t.test('a directory instead of an image', async t => {
  const rootfs = async (operand: string) => {
    const { flags, operands } = parseFlags(CONTAINER_FLAGS, ['--rootfs', operand, 'sh'], false);
    return containerOptions({ flags, operands, options: { signal: new AbortController().signal } });
  };
  const plain = await rootfs('/some/dir/');
  t.same(plain.rootfs, { path: '/some/dir', overlay: false });
  t.equal(plain.image, undefined);
  t.same((await rootfs('/some/dir:O')).rootfs, { path: '/some/dir', overlay: true });
  t.same((await rootfs('/a:b/c')).rootfs, { path: '/a:b/c', overlay: false });
  const odd = join(t.testdir({ 'odd:O': {} }), 'odd:O');
  t.same((await rootfs(odd)).rootfs, { path: odd, overlay: false }, 'its own name ends so');
  for (const text of ['', ':O', '/x:o', '/x:idmap', '/x:idmap=uids=0-1-2'])
    await t.rejects(rootfs(text), { code: 'USAGE_FLAG_VALUE' }, text);
});

t.test('variables that the container does not get, and files that are not there', async t => {
  t.same((await said('-e', 'SHALE_TEST_UNSET', '--unsetenv', 'B')).unsetEnv?.sort(), [
    'B',
    'SHALE_TEST_UNSET',
  ]);
  await t.rejects(said('-e', '=x'), { message: 'invalid environment variable: =x' });
  await t.rejects(said('--env-file', '/nonesuch'), { message: 'open /nonesuch: no such file or directory' });
});

t.test('devices: source, target and mode in every order that docker takes', async t => {
  const devices = async (text: string) => (await said('--device', text)).devices;
  t.same(await devices('/dev/a'), [{ source: '/dev/a', target: '/dev/a' }]);
  t.same(await devices('/dev/a:rw'), [{ source: '/dev/a', target: '/dev/a' }]);
  t.same(await devices('/dev/a:/dev/b'), [{ source: '/dev/a', target: '/dev/b' }]);
  t.same(await devices('/dev/a:/dev/b:rwm'), [{ source: '/dev/a', target: '/dev/b' }]);
  for (const text of ['', 'a', '/dev/a:b', '/dev/a:/b:x', '/dev/a:/b:rwm:c', '/dev/a:/b:w'])
    await t.rejects(said('--device', text), { code: 'USAGE_FLAG_VALUE' }, text);
});

t.test('every flag of docker run is known: done, checked, or refused with a reason', async t => {
  const known = new Set(CONTAINER_FLAGS.map(flag => flag.name));
  const refused = ['sysctl', 'gpus', 'storage-opt', 'cgroup-parent', 'domainname'];
  for (const name of refused)
    await t.rejects(said(`--${name}=x`), { message: `--${name} x is not supported: ` }, name);
  for (const name of ['link', 'ip', 'ip6', 'mac-address', 'network-alias'])
    await t.rejects(said(`--${name}=x`), { message: `--${name} is not supported: ` }, name);
  for (const name of ['pid', 'ipc', 'uts', 'cgroupns', 'userns']) {
    t.ok(known.has(name));
    await t.resolves(said(`--${name}=private`), name);
    await t.rejects(said(`--${name}=host`), { message: `--${name} host is not supported` }, name);
  }
  const twice = CONTAINER_FLAGS.filter(
    (flag, at) => CONTAINER_FLAGS.findIndex(other => other.name === flag.name) !== at,
  );
  t.same(twice, [], 'and none twice');
});
