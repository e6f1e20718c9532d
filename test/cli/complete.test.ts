import t from 'tap';
import { complete, type Surroundings } from '../../lib/cli/completion/complete.js';
import { kindsOf, operandAt } from '../../lib/cli/completion/kinds.js';
import { GLOBALS } from '../../lib/cli/globals.js';
import { COMMANDS, findCommand } from '../../lib/cli/registry.js';

const around: Surroundings = {
  globals: GLOBALS,
  commands: COMMANDS,
  load: findCommand,
  names: async kind => [{ value: `${kind}:one`, help: 'x' }, { value: `${kind}:two` }],
};

async function values(line: string): Promise<string[]> {
  const words = line.split(' ');
  const current = words.pop() ?? '';
  const { candidates, files } = await complete(around, words, current);
  return [...candidates.map(({ value }) => value), ...(files ? ['FILES'] : [])];
}

t.test('commands', async t => {
  t.strictSame(await values('bui'), ['build', 'builder', 'buildx']);
  t.ok((await values('')).includes('images'));
  t.notOk((await values('')).includes('__complete'));
  t.ok((await values('image ')).includes('ls'));
  t.strictSame(await values('image la'), ['layers']);
  t.strictSame(await values('builder cache-mounts i'), ['import']);
  t.strictSame(await values('--root /x --debug imag'), ['image', 'images']);
  t.strictSame(await values('nothing '), []);
});

t.test('flags and their values', async t => {
  t.strictSame(await values('--storage-driver ov'), ['overlay']);
  t.strictSame(await values('--storage-driver=v'), ['--storage-driver=vfs']);
  t.strictSame(await values('image rm --no'), ['--no-prune']);
  t.ok((await values('images -')).includes('-q'));
  t.strictSame(await values('pull --platform linux/s'), ['linux/s390x']);
  t.strictSame(await values('pull --platform=linux/s'), ['--platform=linux/s390x']);
  t.strictSame(await values('images --quiet='), ['--quiet=true', '--quiet=false']);
  t.strictSame(await values('save -o '), ['FILES']);
  t.strictSame(await values('save -o x ima'), ['image:one', 'image:two']);
  t.strictSame(await values('image prune --filter la'), ['label=', 'label!=']);
  t.strictSame(await values('push --compression-format '), ['gzip', 'zstd']);
});

t.test('operands', async t => {
  t.strictSame(await values('rmi image:one image:t'), ['image:two']);
  t.strictSame(await values('inspect '), [
    'container:one',
    'container:two',
    'image:one',
    'image:two',
    'volume:one',
    'volume:two',
  ]);
  t.strictSame(await values('stop c'), ['container:one', 'container:two']);
  t.strictSame(await values('build '), ['FILES']);
  t.strictSame(await values('import '), ['FILES']);
  t.strictSame(await values('completion f'), ['fish']);
  t.strictSame(await values('copy docker'), ['docker://', 'docker-archive:']);
  t.strictSame(await values('copy docker://a oci'), ['oci:', 'oci-archive:']);
  t.strictSame(await values('run -'), await values('run --rm -'));
  t.strictSame(await values('run image:one -'), [], 'the options of the container are its own');
  t.strictSame(await values('run image:one sh '), []);
  t.strictSame(await values('run --rootfs '), ['FILES'], 'a directory instead of an image');
  t.strictSame(await values('run --rootfs dir '), []);
  t.strictSame(await values('image tree image:one '), ['FILES'], 'paths of the image look like ours');
});

t.test('placeholders', async t => {
  t.equal(operandAt('PATH | URL | -', 0), 'PATH|URL|-');
  t.equal(operandAt('IMAGE [IMAGE...]', 5), 'IMAGE');
  t.equal(operandAt('IMAGE [COMMAND] [ARG...]', 1), 'COMMAND');
  t.equal(operandAt('IMAGE', 1), '');
  t.strictSame(kindsOf('CONTAINER:SRC_PATH'), ['container', 'file']);
  t.strictSame(kindsOf('TEXT'), []);
});
