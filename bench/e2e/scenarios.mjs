// What people wait for. Each scenario makes its context once, and gives each builder what is timed and what goes before.
import { appendFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { largeFiles, smallFiles } from '../harness/fixtures.mjs';

function context(dir, name, dockerfile) {
  const path = join(dir, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'Dockerfile'), dockerfile);
  return path;
}

/** `prepare` is not timed, and happens before each run. */
export function scenarios({ dir, base, host, quick }) {
  const steps = quick ? 5 : 20;
  const files = quick ? 5_000 : 20_000;
  const megabytes = quick ? 190 : 760;
  const from = `FROM ${base}\n`;
  const trivial = context(dir, 'trivial', `${from}RUN true\n`);
  const many = context(
    dir,
    'many',
    from + Array.from({ length: steps }, (_, i) => `RUN echo ${i} > /f${i}\n`).join(''),
  );
  const small = context(dir, 'copy-small', `${from}COPY files /files\n`);
  smallFiles(join(small, 'files'), files);
  const large = context(dir, 'copy-large', `${from}COPY files /files\n`);
  largeFiles(join(large, 'files'), megabytes);
  const pulled = context(dir, 'pulled', `FROM ${host}/bench/pulled:1\nRUN true\n`);
  return [
    build('RUN true', trivial),
    build(`${steps} RUN steps`, many),
    cached(`${steps} RUN steps, cached`, many),
    build(`COPY of ${files} small files`, small),
    cached(`COPY of ${files} small files, cached`, small),
    build(`COPY of ${megabytes} MB`, large),
    push(`push of ${megabytes} MB`, dir, large, host),
    pull(`pull of ${files} files and the first RUN`, small, pulled, host, base),
    {
      title: 'run --rm true',
      of: builder => builder.runs && { run: () => builder.runTrue(base) },
    },
  ];
}

const tagOf = path => `bench/${path.split('/').at(-1)}:1`;

const build = (title, path) => ({ title, of: builder => ({ run: () => builder.build(path, tagOf(path)) }) });

/** The first build fills the cache: the run that warms up. */
const cached = (title, path) => ({
  title,
  warmUp: true,
  of: builder => ({ run: () => builder.build(path, tagOf(path), { cached: true }) }),
});

/** A layer that neither the registry nor the builder has compressed before. */
function push(title, dir, template, host) {
  const of = builder => {
    const path = join(dir, `push-${builder.name}`);
    const tag = `${host}/bench/push-${builder.name}:1`;
    let round = 0;
    const prepare = async () => {
      if (round === 0) cpSync(template, path, { recursive: true });
      appendFileSync(join(path, 'files/library-0.so'), `${builder.name} ${round++}`);
      await builder.build(path, tag);
    };
    return { prepare, run: () => builder.push(tag) };
  };
  return { title, of };
}

/** Into an empty store. Shale's own push put the image there. */
function pull(title, small, pulled, host, base) {
  let pushed;
  const of = (builder, shale) => ({
    prepare: async () => {
      const image = `${host}/bench/pulled:1`;
      pushed ??= shale.build(small, image).then(() => shale.push(image));
      await pushed;
      await builder.forget(base);
    },
    run: () => builder.build(pulled, 'bench/first-run:1', { fresh: true }),
  });
  return { title, of };
}
