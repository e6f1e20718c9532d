import t from 'tap';
import { withTimes } from '../../lib/build/history.js';
import { applyMetadata, type MetadataInstruction } from '../../lib/build/metadata.js';
import { emptyImage, type StageState, stateOf } from '../../lib/build/state.js';
import { expandInstruction, parse, parseStages } from '../../lib/dockerfile/index.js';

const PLATFORM = { os: 'linux', architecture: 'amd64' };

function after(text: string): StageState {
  const [stage] = parseStages(parse(`FROM scratch\n${text}\n`)).stages;
  const instructions = (stage?.instructions ?? []) as MetadataInstruction[];
  const apply = (state: StageState, next: MetadataInstruction): StageState =>
    applyMetadata(state, expandInstruction(next, state.env, '\\').instruction);
  return instructions.reduce(apply, stateOf(emptyImage(PLATFORM)));
}

const lines = (state: StageState): (string | undefined)[] =>
  (state.image.history ?? []).map(entry => entry.created_by);

t.test('config', async t => {
  const { config } = after(
    [
      'ENV a=1 b="x y"',
      'LABEL k=v __proto__=p',
      'EXPOSE 80 8000-8001/udp',
      'VOLUME ["/data", "/log"]',
      'USER www',
      'STOPSIGNAL SIGTERM',
      'HEALTHCHECK --interval=90s CMD ["true"]',
      'ONBUILD RUN true',
      'MAINTAINER somebody',
    ].join('\n'),
  ).image;
  t.match(config, {
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'a=1', 'b=x y'],
    ExposedPorts: { '80/tcp': {}, '8000/udp': {}, '8001/udp': {} },
    Volumes: { '/data': {}, '/log': {} },
    User: 'www',
    StopSignal: 'SIGTERM',
    Healthcheck: { Test: ['CMD', 'true'], Interval: 90e9 },
    OnBuild: ['RUN true'],
  });
  t.equal(
    Object.getOwnPropertyDescriptor(config?.Labels ?? {}, '__proto__')?.value,
    'p',
    'a label may have any name',
  );
});

t.test('CMD and ENTRYPOINT: shell form, SHELL, and who resets whom', async t => {
  t.same(after('CMD echo hi').image.config?.Cmd, ['/bin/sh', '-c', 'echo hi']);
  t.same(after('SHELL ["/bin/bash", "-ec"]\nCMD echo hi').image.config?.Cmd, ['/bin/bash', '-ec', 'echo hi']);
  t.same(after('CMD ["a"]\nENTRYPOINT ["b"]').image.config?.Cmd, ['a'], 'a CMD of this stage stays');
  const inherited = stateOf({ ...emptyImage(PLATFORM), config: { Cmd: ['old'] } });
  const [stage] = parseStages(parse('FROM x\nENTRYPOINT ["b"]\n')).stages;
  const [entrypoint] = stage?.instructions ?? [];
  t.equal(
    applyMetadata(inherited, entrypoint as MetadataInstruction).image.config?.Cmd,
    undefined,
    'an inherited CMD goes',
  );
});

t.test('history reads as docker writes it', async t => {
  t.same(
    lines(
      after(
        'CMD ["a", "b\\"c"]\nEXPOSE 80\nVOLUME /a /b\nSHELL ["/bin/sh", "-c"]\nENV a=1\nHEALTHCHECK --interval=90s --retries=3 CMD curl -f x\nUSER 5',
      ),
    ),
    [
      'CMD ["a" "b\\"c"]',
      'EXPOSE [80/tcp]',
      'VOLUME [/a /b]',
      'SHELL [/bin/sh -c]',
      'ENV a=1',
      'HEALTHCHECK {Test:[CMD-SHELL curl -f x] Interval:1m30s Timeout:0s StartPeriod:0s StartInterval:0s Retries:3}',
      'USER 5',
    ],
  );
});

t.test('bad values', async t => {
  t.throws(() => after('STOPSIGNAL SIGNOPE'), { code: 'DOCKERFILE_INVALID_SIGNAL' });
  t.doesNotThrow(() => after('STOPSIGNAL 9\nSTOPSIGNAL rtmin+3\nSTOPSIGNAL kill'));
  t.throws(() => after('VOLUME [""]'));
});

t.test('times come from layers', async t => {
  const image = {
    ...emptyImage(PLATFORM),
    history: [{ created: 'base' }, { created_by: 'ENV' }, { created: 'layer' }, { created_by: 'CMD' }],
  };
  const timed = withTimes(image, 'now');
  t.same(
    timed.history?.map(entry => entry.created),
    ['base', 'layer', 'layer', 'layer'],
  );
  t.equal(timed.created, 'layer');
  t.equal(withTimes({ ...image, history: [{ created_by: 'ENV' }] }, 'now').created, 'now');
  t.same(
    withTimes({ ...image, history: [{ created: 'base' }, { created_by: 'ENV' }] }, 'now').created,
    'base',
  );
});
