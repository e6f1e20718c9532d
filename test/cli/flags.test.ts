import t from 'tap';
import { type FlagSpec, parseFlags } from '../../lib/cli/flags.js';

const SPECS: FlagSpec[] = [
  { name: 'tag', short: 't', kind: 'list', help: '' },
  { name: 'file', short: 'f', kind: 'string', help: '' },
  { name: 'build-arg', kind: 'list', help: '' },
  { name: 'no-cache', kind: 'bool', help: '' },
  { name: 'pull', kind: 'optional', implied: 'true', help: '' },
  { name: 'quiet', short: 'q', kind: 'bool', help: '' },
  { name: 'output', short: 'o', kind: 'list', help: '' },
  { name: 'interactive', short: 'i', kind: 'bool', help: '' },
];

t.test("a line as people type it for docker's build", async t => {
  const line = '-t a -t=b --tag c --build-arg EMPTY= -f - --no-cache -qo - --pull .'.split(' ');
  const { flags, operands } = parseFlags(SPECS, line);
  t.same(flags.list('tag'), ['a', 'b', 'c']);
  t.same(flags.list('build-arg'), ['EMPTY=']);
  t.equal(flags.string('file'), '-');
  t.equal(flags.bool('no-cache'), true);
  t.equal(flags.bool('quiet'), true);
  t.same(flags.list('output'), ['-']);
  t.equal(flags.string('pull'), 'true');
  t.same(operands, ['.']);
});

t.test('values of booleans, attached values, the end of options', async t => {
  const { flags, operands } = parseFlags(SPECS, [
    '--no-cache=false',
    '-fDockerfile.x',
    '--pull=always',
    '--',
    '-q',
  ]);
  t.equal(flags.bool('no-cache'), false);
  t.equal(flags.has('no-cache'), true);
  t.equal(flags.string('file'), 'Dockerfile.x');
  t.equal(flags.string('pull'), 'always');
  t.same(operands, ['-q']);
});

t.test('options of run end at the image', async t => {
  const { flags, operands } = parseFlags(SPECS, ['-i', 'image', 'sh', '-q', '--no-cache'], false);
  t.equal(flags.bool('interactive'), true);
  t.equal(flags.bool('quiet'), false);
  t.same(operands, ['image', 'sh', '-q', '--no-cache']);
});

t.test('errors say which word', async t => {
  t.throws(() => parseFlags(SPECS, ['--nope']), {
    code: 'USAGE_UNKNOWN_FLAG',
    message: 'unknown flag: --nope',
  });
  t.throws(() => parseFlags(SPECS, ['-qx']), { message: "unknown shorthand flag: 'x' in -qx" });
  t.throws(() => parseFlags(SPECS, ['--file']), {
    code: 'USAGE_FLAG_VALUE',
    message: 'flag needs an argument: --file',
  });
  t.throws(() => parseFlags(SPECS, ['--no-cache=maybe']), { code: 'USAGE_FLAG_VALUE' });
});
