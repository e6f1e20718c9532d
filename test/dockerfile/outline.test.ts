import t from 'tap';
import { listTargets, outlineTarget, parse, parseStages } from '../../lib/dockerfile/index.js';

const FILE = `# V is the version
ARG V=1.0
ARG BASE=alpine:$V
# build compiles
FROM $BASE AS build
ARG V
# FLAGS are for the compiler
ARG FLAGS="-O2 -v$V"
RUN --mount=type=secret,id=key,required --mount=type=ssh make

FROM alpine AS unused
ARG NEVER
RUN --mount=type=secret,id=other x

FROM scratch
COPY --from=build /out /
RUN --mount=type=secret,target=/run/secrets/named --mount=type=ssh,id=git y
`;

t.test('targets', t => {
  t.match(listTargets(parseStages(parse(FILE))), [
    { name: 'build', description: 'compiles', base: '$BASE', isDefault: false },
    { name: 'unused', isDefault: false },
    { name: undefined, base: 'scratch', isDefault: true },
  ]);
  t.end();
});

t.test('what a target takes', t => {
  const outline = outlineTarget(parseStages(parse(FILE)), 2, new Map([['V', '2']]));
  t.same(
    outline.args.map(({ name, value, description }) => [name, value, description]),
    [
      ['V', '2', 'is the version'],
      ['BASE', 'alpine:2', undefined],
      ['FLAGS', '-O2 -v2', 'are for the compiler'],
    ],
  );
  t.match(outline.secrets, [
    { name: 'key', required: true, range: { start: 9 } },
    { name: 'named', required: false },
  ]);
  t.match(outline.ssh, [{ name: 'default' }, { name: 'git' }]);
  t.same(
    outlineTarget(parseStages(parse(FILE)), 1).args.map(({ name }) => name),
    ['V', 'BASE', 'NEVER'],
  );
  t.end();
});
