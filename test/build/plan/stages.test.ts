import t from 'tap';
import { globalArgs, platformArgs, proxyVariables } from '../../../lib/build/plan/args.js';
import {
  findFrom,
  findTarget,
  neededStages,
  type PlannedStage,
  planStages,
} from '../../../lib/build/plan/stages.js';
import { parse, parseStages } from '../../../lib/dockerfile/index.js';

function planned(text: string, args: Record<string, string> = {}): PlannedStage[] {
  return planStages(parseStages(parse(text)).stages, new Map(Object.entries(args)), '\\');
}

t.test('bases: image, scratch, an earlier stage by any case of its name', async t => {
  const stages = planned('FROM debian AS Base\nFROM scratch\nFROM BASE\nFROM ${IMAGE:-alpine}:3\n');
  t.same(
    stages.map(stage => stage.base),
    [
      { kind: 'image', reference: 'debian' },
      { kind: 'scratch' },
      { kind: 'stage', index: 0 },
      { kind: 'image', reference: 'alpine:3' },
    ],
  );
  t.same(
    stages.map(stage => stage.label),
    ['base', 'stage-1', 'stage-2', 'stage-3'],
  );
});

t.test('only what the target needs', async t => {
  const stages = planned(
    'FROM a AS a\nFROM b AS b\nFROM c AS c\nCOPY --from=a / /\nFROM c AS d\nRUN --mount=from=b,target=/x true\n',
  );
  t.same([...neededStages(stages, findTarget(stages, undefined))].sort(), [0, 1, 2, 3]);
  t.same([...neededStages(stages, findTarget(stages, 'C'))].sort(), [0, 2]);
  t.same([...neededStages(stages, findTarget(stages, '1'))], [1]);
});

t.test('where --from points', async t => {
  const stages = planned('FROM a AS a\nFROM b AS b\nFROM c AS c\n');
  t.same(findFrom(stages, '0', 2), { kind: 'stage', index: 0 });
  t.same(findFrom(stages, 'B', 2), { kind: 'stage', index: 1 });
  t.same(findFrom(stages, 'nginx', 2), { kind: 'image', reference: 'nginx' });
  t.throws(() => findFrom(stages, '2', 2), { code: 'DOCKERFILE_BAD_FROM' });
  t.throws(() => findFrom(stages, 'c', 1), { code: 'DOCKERFILE_BAD_FROM' });
  t.throws(() => findFrom(stages, 'c', 2), { code: 'DOCKERFILE_BAD_FROM', message: /circular/ });
});

t.test('errors', async t => {
  t.throws(() => planned('FROM $NOPE\n'), { code: 'DOCKERFILE_EMPTY_BASE' });
  t.throws(() => planned('FROM --platform=$NOPE a\n'), { code: 'DOCKERFILE_BAD_PLATFORM' });
  t.throws(() => findTarget(planned('FROM a AS one\n'), 'two'), {
    code: 'BUILD_NO_SUCH_TARGET',
    hint: 'stages: one',
  });
});

t.test('arguments', async t => {
  const platform = { os: 'linux', architecture: 'arm64', variant: 'v8' };
  const builtin = platformArgs(
    { os: 'linux', architecture: 'amd64' },
    platform,
    'prod',
    new Map([['TARGETOS', 'plan9']]),
  );
  t.match(Object.fromEntries(builtin), {
    BUILDARCH: 'amd64',
    TARGETARCH: 'arm64',
    TARGETVARIANT: 'v8',
    TARGETOS: 'plan9',
    TARGETSTAGE: 'prod',
  });
  const { metaArgs } = parseStages(parse('ARG A=1\nARG B=${A}2 C\nARG A=3\nFROM x\n'));
  const values = globalArgs(new Map(), metaArgs, new Map([['A', '9']]), '\\');
  t.same(Object.fromEntries(values), { A: '9', B: '92' });
  t.same(
    proxyVariables(
      new Map([
        ['http_proxy', 'p'],
        ['X', 'y'],
      ]),
    ),
    [
      ['HTTP_PROXY', 'p'],
      ['http_proxy', 'p'],
    ],
  );
});
