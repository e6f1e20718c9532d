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
