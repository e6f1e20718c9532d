import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { busyboxTar } from '../fixtures/e2e/busybox.js';
import { alive } from '../fixtures/e2e/worlds.js';

// The compiled package, as a program that depends on it gets it; its worker is a file of its own.
const shale: typeof import('../../lib/index.js') = await import('../../dist/index.js' as string);

const base = mkdtempSync('/var/tmp/shale-api-');
t.teardown(() => rmSync(base, { recursive: true, force: true }));
const root = join(base, 'store');
const context = (dockerfile: string): string => {
  const directory = mkdtempSync(join(base, 'context-'));
  writeFileSync(join(directory, 'Dockerfile'), dockerfile);
  return directory;
};
await shale.importImage({
  root,
  source: Readable.from([busyboxTar()]),
  name: 'busybox',
  changes: ['CMD ["sh"]'],
});

t.test('build with events, run with streams', async t => {
  const events: string[] = [];
  const output: Buffer[] = [];
  const { imageId } = await shale.build({
    root,
    context: context(
      'FROM busybox\nARG WHO\nRUN echo "hello $WHO" | tee /message\nCMD ["cat", "/message"]\n',
    ),
    buildArgs: { WHO: 'api' },
    tags: ['app'],
    labels: { made: 'here' },
    onEvent: event => {
      if (event.type === 'step') events.push(`${event.status} ${event.name}`);
      if (event.type === 'log') output.push(Buffer.from(event.data));
    },
  });
  t.match(events, [/^started .*FROM busybox/, /^done .*FROM/, /^started .*RUN echo/, /^done .*RUN/]);
  t.equal(Buffer.concat(output).toString(), 'hello api\n');
  const stdout = new PassThrough();
  const printed = text(stdout);
  const { exitCode } = await shale.run({ root, image: imageId, stdout });
  stdout.end();
  t.equal(exitCode, 0);
  t.equal(await printed, 'hello api\n');
  const inspected = await shale.inspect({ root, image: 'app' });
  t.equal(inspected.Config.Labels?.made, 'here');
  t.same((await shale.images({ root })).map(image => image.repository).sort(), ['app', 'busybox']);
});

t.test('errors are classes with codes', async t => {
  const failure = async (promise: Promise<unknown>): Promise<Record<string, unknown>> => {
    try {
      await promise;
      return {};
    } catch (error) {
      const { name, code, detail } = error as InstanceType<typeof shale.ShaleError>;
      return { name, code, detail, own: error instanceof shale.ShaleError };
    }
  };
  t.match(await failure(shale.build({ root, context: context('FROM busybox\nRUN exit 3\n') })), {
    name: 'BuildError',
    code: 'BUILD_RUN_FAILED',
    detail: { exitCode: 3, range: { start: 2, end: 2 } },
    own: true,
  });
  const parsing = await failure(shale.build({ root, context: context('FRM busybox\n') }));
  t.match(parsing, { name: 'DockerfileError', code: 'DOCKERFILE_UNKNOWN_INSTRUCTION', own: true });
  t.match(await failure(shale.inspect({ root, image: 'nothing' })), { code: 'STORE_IMAGE_UNKNOWN' });
});

t.test('an abort stops the work and leaves nothing', async t => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const building = shale.build({
    root,
    context: context('FROM busybox\nRUN echo started; sleep 300\n'),
    signal: controller.signal,
    onEvent: event => {
      if (event.type === 'log') controller.abort(reason);
    },
  });
  await t.rejects(building, reason);
  await sleep(100);
  t.same(alive(root), []);
  await t.rejects(
    shale.build({ root, context: context('FROM busybox\n'), signal: AbortSignal.abort(reason) }),
    reason,
  );
});

t.test('save, load, and the pure functions', async t => {
  const archive = join(base, 'app.tar');
  await shale.save({ root, images: ['app'], destination: archive });
  t.match(execFileSync('tar', ['-tf', archive], { encoding: 'utf8' }), 'manifest.json');
  await shale.removeImages({ root, image: 'app', force: true });
  const [loaded] = await shale.load({ root, source: archive });
  t.match(loaded?.names, ['docker.io/library/app:latest']);
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
  for (const name of ['.', './dockerfile', './oci', './context', './template']) t.ok(exports[name], name);
});

t.test('containers: run with streams, exec with streams, logs', async t => {
  const { containers } = shale;
  const run = async (script: string, more: Partial<Parameters<typeof containers.run>[0]> = {}) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const texts = Promise.all([text(stdout), text(stderr)]);
    const ran = await containers.run({
      ...{ root, image: 'busybox', network: 'none', command: ['sh', '-c', script], stdout, stderr },
      ...more,
    });
    stdout.end();
    stderr.end();
    return { ...ran, texts: await texts };
  };
  const script = 'read line; echo "got $line"; echo oops >&2; exit 3';
  const ran = await run(script, { name: 'one', stdin: Readable.from(['input\n']) });
  t.match(ran, { name: 'one', exitCode: 3, texts: ['got input\n', 'oops\n'] });
  const lines: string[] = [];
  for await (const { stream, text: line } of containers.logs({ root, container: 'one' }))
    lines.push(`${stream} ${line.trimEnd()}`);
  t.same(lines.sort(), ['stderr oops', 'stdout got input'], 'it stays, with its log');
  await containers.remove({ root, container: 'one' });

  const gone = await run('true', { name: 'two', autoRemove: true });
  t.equal(gone.exitCode, 0);
  await t.rejects(containers.inspect({ root, container: 'two' }), { code: 'CONTAINER_UNKNOWN' });
  await t.rejects(
    containers.run({ root, image: 'busybox', network: 'none', command: ['/nonesuch'], autoRemove: true }),
    { code: 'CONTAINER_START', detail: { exitCode: 127 } },
  );
  t.same(await containers.list({ root }), []);

  const options = { root, image: 'busybox', network: 'none' as const, name: 'three' };
  await containers.create({ ...options, command: ['sh', '-c', 'echo up; exec sleep 1000'] });
  await containers.start({ root, container: 'three' });
  t.teardown(() => containers.remove({ root, container: 'three', force: true }));
  for await (const { text: line } of containers.logs({ root, container: 'three', follow: true })) {
    t.equal(line, 'up\n', 'an endless log is left by leaving the loop');
    break;
  }
  const stdout = new PassThrough();
  const printed = text(stdout);
  const { exitCode } = await containers.exec({
    ...{ root, container: 'three', command: ['sh', '-c', 'cat; exit 4'], interactive: true },
    streams: { stdin: Readable.from(['typed']), stdout, stderr: new PassThrough() },
  });
  stdout.end();
  t.same([exitCode, await printed], [4, 'typed']);
});
