import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { WORLDS, type World } from '../fixtures/e2e/worlds.js';

const FIRST = WORLDS.slice(0, 1);

/** What became of each step, by the beginning of its instruction. */
async function verdicts(world: World, context: string, ...flags: string[]): Promise<Record<string, string>> {
  const { stderr } = await world.ok(['build', '--progress', 'plain', '-t', 'cached', ...flags, context]);
  const names = new Map(
    [...stderr.matchAll(/^#(\d+) \[[^\]]*\] (\w+ \S+)/gm)].map(match => [match[1], match[2] ?? '']),
  );
  return Object.fromEntries(
    [...stderr.matchAll(/^#(\d+) (DONE|CACHED)/gm)].flatMap(match => {
      const name = names.get(match[1]);
      return name === undefined ? [] : [[name, match[2] ?? '']];
    }),
  );
}

const DOCKERFILE = `FROM busybox
RUN echo one > /one
COPY a.txt /a
ARG FLAG=x
RUN echo "$FLAG" > /flag
COPY b.txt /b
`;

eachWorld(WORLDS.slice(0, 2), 'what changes is done again, and only that', async (t, world) => {
  const context = world.files('context', { Dockerfile: DOCKERFILE, 'a.txt': 'a', 'b.txt': 'b' });
  const all = (verdict: string): Record<string, string> => {
    return { 'RUN echo': verdict, 'COPY a.txt': verdict, 'COPY b.txt': verdict };
  };
  t.match(await verdicts(world, context), all('DONE'));
  t.match(await verdicts(world, context), all('CACHED'));
  writeFileSync(join(context, 'b.txt'), 'other');
  t.match(await verdicts(world, context), { ...all('CACHED'), 'COPY b.txt': 'DONE' });
  writeFileSync(join(context, 'b.txt'), 'b');
  t.match(await verdicts(world, context), all('CACHED'), 'a file that is what it was is known');
  t.match(await verdicts(world, context, '--build-arg', 'FLAG=y'), {
    'COPY a.txt': 'CACHED',
    'RUN echo': 'DONE',
  });
  writeFileSync(join(context, 'Dockerfile'), DOCKERFILE.replace('one > /one', 'uno > /one'));
  t.match(await verdicts(world, context), { 'RUN echo': 'DONE' });
  t.match(await verdicts(world, context, '--no-cache'), all('DONE'));
});

eachWorld(FIRST, 'steps of a failed build that succeeded stay cached', async (t, world) => {
  const context = world.files('context', { Dockerfile: 'FROM busybox\nRUN echo fine > /fine\nRUN exit 3\n' });
  const failed = await world.shale(['build', '--progress', 'plain', context]);
  t.equal(failed.code, 1);
  writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nRUN echo fine > /fine\nRUN exit 0\n');
  const { stderr } = await world.ok(['build', '--progress', 'plain', context]);
  t.match(stderr, /\[2\/3\] RUN echo fine > \/fine\n#\d+ CACHED/);
});

eachWorld(FIRST, 'a fully cached build opens no namespace', async (t, world) => {
  const context = world.files('context', {
    Dockerfile: 'FROM busybox\nRUN echo x > /x\nCOPY Dockerfile /\n',
  });
  await world.ok(['build', context]);
  const env = { PATH: `${world.files('bin', { 'newuidmap!': '#!/bin/sh\nexit 1\n' })}:${process.env.PATH}` };
  await world.ok(['build', context], { env });
  t.not((await world.shale(['build', '--no-cache', context], { env })).code, 0, 'the trap works');
});
