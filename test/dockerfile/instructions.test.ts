import t from 'tap';
import {
  type Environment,
  expandInstruction,
  expandWord,
  expandWords,
  formatSourceError,
  type Instruction,
  nearest,
  parse,
  parseDuration,
  parseInstruction,
  parseMount,
  parseOnBuild,
  parsePorts,
  parseSize,
  parseStages,
} from '../../lib/dockerfile/index.js';

/** The first instruction of a text. */
function one<K extends Instruction['kind']>(kind: K, text: string): Extract<Instruction, { kind: K }> {
  const [node] = parse(text).nodes;
  const instruction = node && parseInstruction(node);
  if (instruction?.kind !== kind) throw new Error(`no ${kind}`);
  return instruction as Extract<Instruction, { kind: K }>;
}

const env = new Map([
  ['A', 'x y'],
  ['B', 'b'],
]);
function expand<T extends Instruction>(instruction: T, environment: Environment = env): T {
  return expandInstruction(instruction, environment).instruction;
}

t.test('COPY and ADD', t => {
  t.match(
    one(
      'COPY',
      'COPY --from=build --chown=$B:b --chmod=u+x --link --parents --exclude=*.o --exclude=*.a src/ $A /d',
    ),
    {
      from: 'build',
      chown: '$B:b',
      chmod: 'u+x',
      link: true,
      parents: true,
      excludes: ['*.o', '*.a'],
      sources: ['src/', '$A'],
      destination: '/d',
    },
  );
  t.match(one('ADD', 'ADD --checksum=sha256:$B --keep-git-dir --unpack=false https://x/y /d'), {
    checksum: 'sha256:$B',
    keepGitDir: true,
    unpack: false,
  });
  const plain = one('ADD', 'ADD a b');
  t.equal(plain.keepGitDir, undefined);
  t.equal(plain.unpack, undefined);
  const expanded = expand(one('COPY', 'COPY --chown=$B "$A" \'$A\' /$B'));
  t.match(expanded, { chown: 'b', sources: ['x y', '$A'], destination: '/b' });
  t.throws(() => one('COPY', 'COPY --from=$X a b'), {
    code: 'DOCKERFILE_EXPANSION',
    message: /not supported for --from/,
  });
  t.throws(() => one('COPY', 'COPY a <<EOF\nEOF'), {
    code: 'DOCKERFILE_SYNTAX',
    message: /heredoc as a destination/,
  });
  t.throws(() => one('COPY', 'COPY --form=x a b'), {
    code: 'DOCKERFILE_FLAG',
    message: /unknown flag: --form \(did you mean from\?\)/,
  });
  t.throws(() => one('COPY', 'COPY --link=maybe a b'), { message: /expecting boolean value/ });
  t.throws(() => one('COPY', 'COPY --chown a b'), { message: /missing a value/ });
  t.throws(() => one('COPY', 'COPY --chown=a --chown=b a b'), { message: /duplicate flag/ });
  t.end();
});

t.test('here-documents of COPY', t => {
  const text = 'COPY <<a <<-"b" /d/\n$B "q" \\$B\na\n\t$B\n\tb\n';
  const { heredocs } = expand(one('COPY', text));
  t.match(heredocs, [
    { name: 'a', content: 'b "q" $B\n' },
    { name: 'b', content: '$B\n' },
  ]);
  const twice = expand(one('COPY', 'COPY <<"E" <<-E /d/\n1\nE\n\t$B\nE\n'));
  t.match(
    twice.heredocs,
    [
      { content: '\t$B\n', expand: false },
      { content: 'b\n', expand: true },
    ],
    'two of one name: the last content, each as it is announced',
  );
  t.end();
});

t.test('RUN', t => {
  const run = one(
    'RUN',
    'RUN --mount=type=cache,target=/c,sharing=locked,id=$B,uid=5,mode=0700 --mount=from=s,source=/x,target=/y,rw --network=none --security=insecure --device=v.com/c=a,required make',
  );
  t.match(run, { form: 'shell', command: ['make'], network: 'none', security: 'insecure' });
  t.same(run.devices, [{ name: 'v.com/c=a', required: true }]);
  t.equal(run.mounts[1]?.from, 's', 'known before expansion: stages depend on it');
  t.same(expand(run).mounts, [
    {
      type: 'cache',
      target: '/c',
      sharing: 'locked',
      id: 'b',
      uid: 5,
      mode: 0o700,
      readonly: false,
      required: false,
    },
    { type: 'bind', from: 's', source: '/x', target: '/y', readonly: false, required: false },
  ]);
  t.same(expand(one('RUN', 'RUN echo $A')).command, ['echo $A'], "the shell's business");
  t.throws(() => one('RUN', 'RUN --network=lan x'), { message: /invalid network mode "lan"/ });
  t.throws(() => one('RUN', 'RUN --security=x x'), { message: /security "x" is not valid/ });
  t.throws(() => one('RUN', 'RUN --mount=from=$X x'), { message: /doesn't support variable expansion/ });
  t.doesNotThrow(() => one('RUN', 'RUN --mount=nonsense x'), 'a stage that is not needed may have it');
  t.throws(() => expand(one('RUN', 'RUN --mount=nonsense x')), { code: 'DOCKERFILE_MOUNT' });
  t.end();
});

t.test('every option of --mount', t => {
  const same: [string, object][] = [
    ['target=/x', { type: 'bind', target: '/x', readonly: true, required: false }],
    [
      'type=tmpfs,dst=/x,size=64m',
      { type: 'tmpfs', target: '/x', size: 64 << 20, readonly: false, required: false },
    ],
    ['type=secret,id=k,required', { type: 'secret', id: 'k', readonly: true, required: true }],
    [
      'type=secret,id=k,env=K,mode=0444,gid=7',
      { type: 'secret', id: 'k', env: 'K', mode: 0o444, gid: 7, readonly: true, required: false },
    ],
    ['type=ssh', { type: 'ssh', readonly: true, required: false }],
    ['type=cache,"target=/a,b",ro=true', { type: 'cache', target: '/a,b', readonly: true, required: false }],
    [
      'type=bind,src=a,destination=b,readwrite',
      { type: 'bind', source: 'a', target: 'b', readonly: false, required: false },
    ],
    ['TYPE=CACHE,sharing=PRIVATE', { type: 'cache', sharing: 'private', readonly: false, required: false }],
  ];
  for (const [text, want] of same) t.same(parseMount(text), want, text);
  const wrong: [string, RegExp][] = [
    ['type=bin', /unsupported mount type "bin" \(did you mean bind\?\)/],
    ['type=cache,sharing=shard', /unsupported sharing value "shard" \(did you mean shared\?\)/],
    ['targt=/x', /unexpected key 'targt' in 'targt=\/x' \(did you mean target\?\)/],
    ['target', /must be a key=value pair/],
    ['ro=perhaps', /invalid value for ro: perhaps/],
    ['required', /unexpected key 'required' for mount type 'bind'/],
    ['size=5', /unexpected key 'size'/],
    ['type=tmpfs,size=big', /invalid value for size: big/],
    ['mode=0700', /mode not allowed for "bind"/],
    ['type=cache,mode=9', /invalid value 9 for mode/],
    ['type=cache,uid=-1', /invalid value -1 for uid/],
    ['type=cache,uid=4294967296', /invalid value 4294967296 for uid/],
    ['sharing=locked', /invalid cache sharing set for bind mount/],
    ['type=secret', /one of source, target required/],
    ['type=secret,id=a,from=b', /should not have a from/],
    ['type=secret,id=a,src=b', /both source and id/],
    ['a="b', /failed to parse/],
  ];
  for (const [text, message] of wrong)
    t.throws(() => parseMount(text), { code: 'DOCKERFILE_MOUNT', message }, text);
  t.end();
});

t.test('metadata', t => {
  t.same(expand(one('ENV', 'ENV a="$A" b=$B$B c=\'$A\' $B=1')).pairs, [
    { key: 'a', value: 'x y' },
    { key: 'b', value: 'bb' },
    { key: 'c', value: '$A' },
    { key: 'b', value: '1' },
  ]);
  t.match(one('ENV', 'ENV a some  words'), { pairs: [{ key: 'a', value: 'some  words' }], legacy: true });
  t.same(expand(one('LABEL', 'LABEL "a b"="c d" e=f')).pairs, [
    { key: 'a b', value: 'c d' },
    { key: 'e', value: 'f' },
  ]);
  t.match(one('ARG', '# a is it\nARG a b=1 c='), {
    args: [
      { name: 'a', value: undefined, description: 'is it' },
      { name: 'b', value: '1' },
      { name: 'c', value: '' },
    ],
  });
  t.same(
    expand(one('EXPOSE', 'EXPOSE $A 80')).ports,
    ['x', 'y', '80'].sort((a, b) => (a === '80' ? 1 : b === '80' ? -1 : 0)),
  );
  t.equal(expand(one('WORKDIR', 'WORKDIR /a/$B')).path, '/a/b');
  t.equal(expand(one('USER', 'USER $B:$B')).user, 'b:b');
  t.same(expand(one('VOLUME', 'VOLUME ["/a b", "/$B"]')).paths, ['/a b', '/b']);
  t.same(expand(one('CMD', 'CMD ["$A"]')).command, ['$A']);
  t.match(one('CMD', 'CMD []'), { form: 'exec', command: [] });
  t.match(one('ENTRYPOINT', 'ENTRYPOINT a b'), { form: 'shell', command: ['a b'] });
  t.same(one('SHELL', 'SHELL ["a", "-c"]').shell, ['a', '-c']);
  t.equal(expand(one('STOPSIGNAL', 'STOPSIGNAL SIG$B')).signal, 'SIGb');
  t.same(one('ONBUILD', 'ONBUILD COPY <<a /x\nhi\na').expression, 'COPY <<a /x\nhi\na');
  t.throws(() => one('ONBUILD', 'ONBUILD ONBUILD RUN x'), { message: /Chaining ONBUILD/ });
  t.end();
});

t.test('HEALTHCHECK', t => {
  t.match(
    one(
      'HEALTHCHECK',
      'HEALTHCHECK --interval=1m30s --timeout=3s --start-period=0s --start-interval=5ms --retries=3 CMD a b',
    ),
    {
      test: ['CMD-SHELL', 'a b'],
      interval: 90e9,
      timeout: 3e9,
      startPeriod: undefined,
      startInterval: 5e6,
      retries: 3,
    },
  );
  t.same(one('HEALTHCHECK', 'HEALTHCHECK CMD ["a", "b"]').test, ['CMD', 'a', 'b']);
  t.same(one('HEALTHCHECK', 'HEALTHCHECK none').test, ['NONE']);
  for (const text of [
    'NONE x',
    'CMD',
    '--interval=1us CMD x',
    '--interval=x CMD x',
    '--retries=-1 CMD x',
    '--retries=x CMD x',
    'FOO x',
  ]) {
    t.throws(() => one('HEALTHCHECK', `HEALTHCHECK ${text}`), { code: 'DOCKERFILE_SYNTAX' }, text);
  }
  t.end();
});

t.test('one instruction sees one environment, and tells what it looked at', t => {
  const { instruction, usedNames, unsetNames } = expandInstruction(
    one('ENV', 'ENV A=1 C=$A D=${E:-$B}'),
    env,
  );
  t.same(instruction.pairs[1], { key: 'C', value: 'x y' });
  t.same([...usedNames], ['A', 'B']);
  t.same([...unsetNames], ['E']);
  t.same(expandWord('a"$B"', name => (name === 'B' ? 'z' : undefined)).text, 'az');
  t.same(expandWords('$A z', env).words, ['x', 'y', 'z']);
  t.equal(expandWord('`$B', env, '`').text, '$B');
  t.throws(() => expandInstruction(one('WORKDIR', '\n\nWORKDIR ${X?}'), env), {
    code: 'DOCKERFILE_EXPANSION',
    message: /^dockerfile parse error on line 3: failed to process .*X: is not allowed to be unset/,
  });
  t.end();
});

t.test('stages', t => {
  const { metaArgs, stages } = parseStages(
    parse(
      'ARG V=1\nFROM --platform=$BUILDPLATFORM a:$V AS Build\nRUN x\n# final the end\nFROM build as final\nCOPY --from=0 a b\n',
    ),
  );
  t.match(metaArgs, [{ args: [{ name: 'V', value: '1' }] }]);
  t.match(stages, [
    {
      index: 0,
      name: 'build',
      writtenName: 'Build',
      base: 'a:$V',
      platform: '$BUILDPLATFORM',
      range: { start: 2, end: 2 },
    },
    {
      index: 1,
      name: 'final',
      base: 'build',
      description: 'the end',
      instructions: [{ kind: 'COPY', from: '0' }],
    },
  ]);
  t.throws(() => parseStages(parse('RUN x')), { code: 'DOCKERFILE_NO_STAGE' });
  t.throws(() => parseStages(parse('FROM a AS 1x')), { message: /invalid name for build stage: "1x"/ });
  t.throws(() => parseStages(parse('FROM')), { message: /either one or three/ });
  t.end();
});

t.test('triggers of a base image', t => {
  t.match(parseOnBuild('RUN <<x\necho\nx'), [
    { kind: 'RUN', fromOnBuild: true, heredocs: [{ content: 'echo\n' }] },
  ]);
  t.throws(() => parseOnBuild('FROM x'), { code: 'DOCKERFILE_SYNTAX' });
  t.throws(() => parseOnBuild(''), { code: 'DOCKERFILE_EMPTY' });
  t.end();
});

t.test('ports, durations, sizes', t => {
  t.same(parsePorts(['80', '8000-8002/udp', '1:2/TCP', '127.0.0.1:5:6']), [
    '80/tcp',
    '8000/udp',
    '8001/udp',
    '8002/udp',
    '2/tcp',
    '6/tcp',
  ]);
  for (const port of ['', 'x', '70000', '5-4', '80/foo', '1-2:3-5', '-1'])
    t.throws(() => parsePorts([port]), { code: 'DOCKERFILE_SYNTAX' }, port);
  t.equal(parseDuration('1h1m1.5s'), 3661.5e9);
  t.equal(parseDuration('-1ms'), -1e6);
  t.equal(parseDuration('0'), 0);
  for (const text of ['', '1', '1x', 's', '1 s', '.s']) t.equal(parseDuration(text), undefined, text);
  t.equal(parseSize('1.5GiB'), 1.5 * 2 ** 30);
  t.equal(parseSize('x'), undefined);
  t.end();
});

t.test('an error shows the line, and the likely word', t => {
  const source = 'FROM a\n\nRUNN x\nCMD y\n';
  let error: unknown;
  try {
    parseStages(parse(source));
  } catch (thrown) {
    error = thrown;
  }
  t.equal(
    formatSourceError(error, source),
    'Dockerfile:3\n--------------------\n   1 |     FROM a\n   2 |     \n   3 | >>> RUNN x\n   4 |     CMD y\n   5 |     \n--------------------\ndockerfile parse error on line 3: unknown instruction: RUNN (did you mean RUN?)\n',
  );
  t.equal(nearest('copi', ['COPY', 'CMD']), 'copy');
  t.equal(nearest('xyzzy', ['COPY', 'CMD']), undefined);
  t.equal(nearest('COPY', ['COPY', 'COPI']), undefined);
  t.end();
});

t.test('directives, marks and line ends', t => {
  t.equal(parse('\ufeff#escape=`\nFROM a\nRUN a `\n b').escape, '`');
  t.equal(parse(`${Buffer.from('efbbbf', 'hex').toString()}FROM a`).nodes.length, 1);
  t.equal(parse('FROM a\r\nRUN a \\\r\n b\r\n').nodes[1]?.original, 'RUN a  b');
  t.throws(() => parse('#escape=x\nFROM a'), { code: 'DOCKERFILE_DIRECTIVE' });
  t.throws(() => parse('#escape=`\n#escape=`\nFROM a'), { code: 'DOCKERFILE_DIRECTIVE' });
  t.throws(() => parse('FROM a\nRUN <<E\nx'), {
    code: 'DOCKERFILE_HEREDOC',
    hint: 'line 2 opens a here-document: end it with a line that has only E',
  });
  t.end();
});
