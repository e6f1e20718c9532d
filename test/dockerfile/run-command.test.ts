import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse, parseChmod, parseInstruction, runCommand } from '../../lib/dockerfile/index.js';
import { makeTree } from '../fixtures/tree.js';

t.test('what a RUN executes', t => {
  const shell = ['/bin/sh', '-c'];
  const command = (text: string) => {
    const [node] = parse(text).nodes;
    const run = node && parseInstruction(node);
    if (run?.kind !== 'RUN') throw new Error('no RUN');
    return runCommand(run, shell);
  };
  t.same(command('RUN echo hi'), { args: [...shell, 'echo hi'] });
  t.same(command('RUN ["a", "b c"]'), { args: ['a', 'b c'] });
  t.same(command('RUN <<E\necho 1\necho 2\nE'), { args: [...shell, 'echo 1\necho 2\n'] });
  t.same(command('RUN <<-E\n\techo 1\n\tE'), { args: [...shell, 'echo 1\n'] });
  t.same(command('RUN <<E python3\nprint(1)\nE'), { args: [...shell, '<<E python3\nprint(1)\nE'] });
  t.same(command('RUN cat <<A 3<<-B\n1\nA\n\t2\nB'), { args: [...shell, 'cat <<A 3<<-B\n1\nA\n\t2\nB'] });
  t.same(command('RUN <<E\n#!/usr/bin/env python3\nprint(1)\nE'), {
    args: [...shell, '/dev/pipes/E'],
    script: { path: '/dev/pipes/E', content: '#!/usr/bin/env python3\nprint(1)\n' },
  });
  t.equal(command('RUN <<../../x\n#!/bin/sh\n../../x').script?.path, '/dev/pipes/.._.._x');
  t.equal(command('RUN <<..\n#!/bin/sh\n..').script?.path, '/dev/pipes/_');
  t.end();
});

t.test('--chmod agrees with chmod', t => {
  const root = makeTree(t);
  const changes = [
    '644',
    '0755',
    'u=rwX,go=rX',
    'a+x',
    '+x',
    'go-w',
    'u=g',
    'g=u-w',
    'ug+s',
    'o=',
    'go=u',
    'u+rw,g-r',
    'a=r',
    'u-x,+X',
  ];
  for (const change of changes) {
    for (const mode of [0o644, 0o755, 0o600, 0o777, 0o070, 0o421]) {
      for (const isDirectory of [false, true]) {
        const path = join(root, `${isDirectory ? 'd' : 'f'}${change}${mode}`);
        if (isDirectory) mkdirSync(path);
        else writeFileSync(path, '');
        chmodSync(path, mode);
        execFileSync('sh', ['-c', 'umask 0; exec chmod -- "$0" "$1"', change, path]);
        t.equal(
          parseChmod(change)(mode, isDirectory),
          statSync(path).mode & 0o7777,
          `${change} of ${mode.toString(8)}`,
        );
      }
    }
  }
  // GNU's X looks at the mode as the clauses before left it; BSD's, which BuildKit has, at the file's.
  t.equal(parseChmod('=rw,+X')(0o755, false), 0o777);
  t.equal(parseChmod('a-x+X')(0o755, false), 0o755);
  t.equal(parseChmod('=rw,+X')(0o644, false), 0o666);
  t.equal(parseChmod('u+t')(0o755, true), 0o1755);
  for (const text of ['', '64a', '10000', '888', 'x', 'u', 'u=q', 'u=r,', 'a=r;b']) {
    t.throws(() => parseChmod(text), { code: 'DOCKERFILE_FLAG' }, text);
  }
  t.end();
});
