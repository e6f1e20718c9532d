import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type DockerRegistry, startDockerRegistry } from '../fixtures/docker-registry.js';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { holding } from '../fixtures/e2e/holding.js';
import { pushImages, rawManifest, skopeo } from '../fixtures/e2e/skopeo.js';
import { ended, stagedPackage, WORLDS, type World } from '../fixtures/e2e/worlds.js';

const registries: DockerRegistry[] = [];
t.teardown(() => Promise.all(registries.map(registry => registry.stop())));

async function registry(options: Parameters<typeof startDockerRegistry>[0] = {}): Promise<DockerRegistry> {
  const started = await startDockerRegistry(options);
  registries.push(started);
  return started;
}

// bytes are the same whoever copies them
const worlds = WORLDS.slice(0, 1);
const people = WORLDS.filter(({ who }, at) => at === 0 || who === 'single');

/** skopeo's lines without those about signatures, which are not copied here; blobs may come in any order. */
function lines(stdout: string): string[] {
  return stdout
    .split('\n')
    .filter(line => !line.includes('signatures'))
    .sort();
}

/** `%` in a name is a place of one side's own. */
function place(world: World, side: string, text: string): string {
  return text.replace(/^([a-z-]+):(?!\/)/, `$1:${world.base}/`).replace('%', side);
}

eachWorld(worlds, 'copies have the bytes that skopeo gives them', async (t, world) => {
  const [{ host }, { host: other }] = [await registry(), await registry()];
  const { app, list } = await pushImages(world, host);
  const [docker, whole] = [`docker://${app}`, `docker://${list}`];
  world.files('ours', {});
  world.files('theirs', {});
  await world.ok(['save', '-o', join(world.base, 'docker.tar'), app, 'busybox']);
  const cases = [
    [docker, 'dir:%/app'],
    ['--format', 'v2s2', docker, 'dir:%/v2s2'],
    ['--dest-decompress', docker, 'dir:%/plain'],
    [whole, 'dir:%/one'],
    ['--all', whole, 'dir:%/all'],
    ['--all', '--format', 'v2s2', whole, 'dir:%/all-v2s2'],
    ['--multi-arch', 'index-only', whole, 'dir:%/index'],
    [docker, 'oci:%/layout:one'],
    ['-a', whole, 'oci:%/layout:all'],
    [docker, 'oci:%/layout:all'],
    ['oci:%/layout:one', 'oci-archive:%/oci.tar:tag'],
    ['oci-archive:%/oci.tar', 'dir:%/unpacked'],
    [docker, 'docker-archive:%/docker.tar:a/b:1'],
    ['docker-archive:%/docker.tar:a/b:1', 'dir:%/archived'],
    [`docker-archive:docker.tar:${app}`, 'dir:%/saved'],
    ['dir:%/app', `docker://${other}/%/app:1`],
    ['--all', 'oci:%/layout:all', `docker://${other}/%/all:1`],
    [docker, `docker://${other}/%/direct:1`],
    ['--preserve-digests', 'dir:%/plain', `docker://${other}/%/plain:1`],
    ['--multi-arch', 'index-only', whole, `docker://${other}/%/list:1`],
    [docker, 'docker-archive:%/docker.tar:a/b:2'],
    ['docker-archive:docker.tar', 'dir:%/which'],
    ['oci:%/layout:none', 'dir:%/none'],
    ['--multi-arch', 'some', whole, 'dir:%/some'],
    ['--all', '--multi-arch', 'all', whole, 'dir:%/some'],
    ['--all', whole, 'docker-archive:%/all.tar'],
    ['--additional-tag', 'untagged', docker, 'docker-archive:%/tags.tar'],
    [docker, `dir:%`],
    [docker, 'dir:no/such/directory'],
    [docker, 'nothing:x'],
  ];
  const digests = ['ours', 'theirs'].map(side => join(world.base, side, 'digest'));
  for (const [at, words] of cases.entries()) {
    const [ours, theirs] = ['ours', 'theirs'].map((side, i) => [
      '--digestfile',
      digests[i] ?? '',
      ...words.map(word => place(world, side, word)),
    ]) as [string[], string[]];
    const title = `${at}: ${words.join(' ')}`;
    const [did, should] = [await world.shale(['copy', ...ours]), skopeo('copy', ...theirs)];
    t.equal(did.code, should.code, `${title}: ${did.stderr}${should.stderr}`);
    if (should.code !== 0) {
      t.match(did.stderr, /^shale: /, 'an error with words');
      continue;
    }
    t.equal(rawManifest(ours.at(-1) ?? ''), rawManifest(theirs.at(-1) ?? ''), title);
    t.equal(
      readFileSync(digests[0] ?? '', 'utf8'),
      readFileSync(digests[1] ?? '', 'utf8'),
      'the digest in a file',
    );
    t.strictSame(lines(did.stdout), lines(should.stdout), 'the same lines');
    if (words.at(-1)?.startsWith('dir:'))
      execFileSync('diff', ['-r', ...[ours, theirs].map(each => (each.at(-1) ?? '').slice('dir:'.length))]);
  }
  const pipeline = `shale copy ${docker} docker-archive:/dev/stdout:a:1 2>lines | tar -tB`;
  const piped = await ended(
    world.command(['sh', '-c', pipeline], { env: { PATH: `${stagedPackage()}/bin:${process.env.PATH}` } }),
  );
  t.match(piped, { code: 0, stdout: /^manifest\.json$/m }, 'an archive in a pipe, with the lines beside it');
  t.match(readFileSync(join(world.base, 'lines'), 'utf8'), /^Writing manifest/m);
  for (const file of ['index.json', 'oci-layout'])
    t.equal(
      ...(['ours', 'theirs'].map(side => readFileSync(join(world.base, side, 'layout', file), 'utf8')) as [
        string,
        string,
      ]),
      file,
    );
});

eachWorld(worlds, 'other compressions, which others read', async (t, world) => {
  const { host } = await registry();
  const { app } = await pushImages(world, host);
  const types = (name: string): string[] =>
    JSON.parse(rawManifest(name)).layers.map(({ mediaType }: { mediaType: string }) =>
      mediaType.replace(/.*\.tar/, ''),
    );
  const zstd = `docker://${host}/team/zstd:1`;
  await world.ok([
    'copy',
    '-q',
    '--dest-compress-format',
    'zstd',
    '--dest-compress-level',
    '19',
    `docker://${app}`,
    zstd,
  ]);
  t.strictSame(types(zstd), ['+zstd', '+zstd']);
  t.equal(skopeo('copy', zstd, `oci:${world.base}/zstd:x`).code, 0, 'skopeo unpacks what it copies');
  await world.ok(['copy', '-q', '--dest-compress', zstd, `dir:${world.base}/kept`]);
  t.strictSame(types(`dir:${world.base}/kept`), ['+zstd', '+zstd']);
  await world.ok(['copy', '-q', '--dest-compress-format', 'gzip', zstd, `oci:${world.base}/gzip:x`]);
  t.strictSame(types(`oci:${world.base}/gzip:x`), ['+gzip', '+gzip']);
  await world.ok(['copy', '-q', zstd, `docker-archive:${world.base}/plain.tar:plain:1`]);
  await world.ok(['copy', '-q', `docker-archive:${world.base}/plain.tar`, `oci:${world.base}/oci:x`]);
  t.strictSame(types(`oci:${world.base}/oci:x`), ['+gzip', '+gzip'], 'plain layers are compressed');
  const plain = [
    'copy',
    '-q',
    '--dest-oci-accept-uncompressed-layers',
    `docker-archive:${world.base}/plain.tar`,
  ];
  await world.ok([...plain, `oci:${world.base}/uncompressed:x`]);
  t.match(
    await world.shale([
      'copy',
      '--format',
      'v2s2',
      '--dest-compress-format',
      'zstd',
      `docker://${app}`,
      zstd,
    ]),
    { code: 1, stderr: 'zstd' },
  );
  for (const level of ['0', '21', 'x'])
    t.equal(
      (
        await world.shale([
          'copy',
          '--dest-compress-format',
          'zstd',
          '--dest-compress-level',
          level,
          zstd,
          'dir:x',
        ])
      ).code,
      125,
    );
  await world.ok(['load', '-i', join(world.base, 'plain.tar')]);
  t.equal((await world.ok(['run', '--rm', 'plain:1'])).stdout, 'content\n');
});

eachWorld(people, 'between the store and elsewhere', async (t, world) => {
  const { host } = await registry();
  const { app } = await pushImages(world, host);
  const elsewhere = { env: { SHALE_ROOT: join(world.base, 'elsewhere') } };
  await world.ok([
    'build',
    '-q',
    '-t',
    'made',
    world.files('made', { Dockerfile: 'FROM busybox\nRUN echo ran > /ran\nCMD ["cat", "/ran"]\n' }),
  ]);
  const ways = [
    `dir:${world.base}/dir`,
    `oci:${world.base}/oci:x`,
    `oci-archive:${world.base}/o.tar:x`,
    `docker-archive:${world.base}/d.tar:made`,
    `docker://${host}/made:1`,
  ];
  const { Id } = JSON.parse((await world.ok(['image', 'inspect', 'made'])).stdout)[0];
  for (const [at, way] of ways.entries()) {
    await world.ok(['copy', '-q', 'containers-storage:made', way]);
    t.equal(skopeo('inspect', way).code, 0, way);
    await world.ok(['copy', '-q', way, `containers-storage:back:${at}`], elsewhere);
    t.equal((await world.ok(['run', '--rm', `back:${at}`], elsewhere)).stdout, 'ran\n', way);
    t.equal(
      JSON.parse((await world.ok(['image', 'inspect', `back:${at}`], elsewhere)).stdout)[0].Id,
      Id,
      'the id stays',
    );
  }
  await world.ok(
    ['copy', '-q', '--additional-tag', 'more:2', `docker://${app}`, 'containers-storage:new/app'],
    elsewhere,
  );
  t.equal((await world.ok(['run', '--rm', 'more:2'], elsewhere)).stdout, 'content\n');
  const { RepoDigests } = JSON.parse((await world.ok(['image', 'inspect', 'new/app'], elsewhere)).stdout)[0];
  t.match(RepoDigests, [new RegExp(`^${host}/team/app@sha256:`)]);
  t.match((await world.ok(['fsck'], elsewhere)).stdout, /, 0 damaged/);
  t.match(await world.shale(['copy', 'containers-storage:nobody', `dir:${world.base}/n`]), {
    code: 1,
    stderr: 'No such image',
  });
});

eachWorld(worlds, 'registries: mounts, logins of each side, and what needs no store', async (t, world) => {
  const source = await registry();
  const { app } = await pushImages(world, source.host);
  const env = { env: { SHALE_ROOT: join(world.base, 'none') } };
  await world.ok(['copy', '-q', `docker://${app}`, `docker://${source.host}/other/app:2`], env);
  const log = source
    .log()
    .split('\n')
    .filter(line => line.includes('other/app'));
  t.ok(
    log.some(line => line.includes('mount=sha256')),
    'blobs were mounted',
  );
  t.notOk(
    log.some(line => /http\.request\.method=PUT .*blobs\/uploads/.test(line)),
    'and not sent',
  );
  const htpasswd = execFileSync('htpasswd', ['-nbB', 'me', 'correct horse'], { encoding: 'utf8' });
  const { host } = await registry({ htpasswd });
  const to = `docker://${host}/private/app:1`;
  const copy = (...words: string[]) => world.shale(['copy', '-q', ...words], env);
  t.match(await copy(`docker://${app}`, to), { code: 1, stderr: /authentication required/ });
  t.match(
    await copy('--src-creds', 'me:correct horse', `docker://${app}`, to),
    { code: 1 },
    'of the other side',
  );
  t.equal((await copy('--dest-creds', 'me:correct horse', `docker://${app}`, to)).code, 0);
  const auth = Buffer.from('me:correct horse').toString('base64');
  const file = join(
    world.files('auth', { 'a.json': JSON.stringify({ auths: { [host]: { auth } } }) }),
    'a.json',
  );
  t.equal((await copy('--authfile', file, to, `dir:${world.base}/a`)).code, 0);
  t.equal((await copy('--src-authfile', file, to, `dir:${world.base}/b`)).code, 0);
  t.equal((await copy('--dest-authfile', file, to, `dir:${world.base}/c`)).code, 1);
  t.equal((await copy('--authfile', file, '--src-no-creds', to, `dir:${world.base}/d`)).code, 1);
  t.notOk(existsSync(join(world.base, 'none')), 'no store was made');
  t.same(holding(world.store, 'correct horse'), []);
});

eachWorld(worlds, 'command lines that mean something else, or nothing', async (t, world) => {
  const cases: [words: string[], code: number, stderr: RegExp][] = [
    [['web', 'file', '/dir'], 1, /Exactly two arguments expected\n.*shale cp file web:\/dir/],
    [['file', 'web'], 1, /name no images\n.*shale cp/],
    [['docker://a'], 1, /requires at least 2 arguments/],
    [['docker-daemon:a:1', 'dir:x'], 1, /no daemon is asked\n.*docker save/],
    [['dir:x', 'sif:y'], 1, /sif is not supported: .*\n.*oci-archive/],
    [['--sign-by', 'me', 'dir:x', 'dir:y'], 125, /--sign-by me is not supported: signatures are not made/],
    [['--encryption-key', 'jwe:k', 'dir:x', 'dir:y'], 125, /layers are not encrypted/],
    [['--format', 'v2s1', 'dir:x', 'dir:y'], 1, /schema 1 are not written\n.*v2s2/],
    [['--dest-compress', '--dest-decompress', 'dir:x', 'dir:y'], 1, /contradict/],
    [['--retry-times', 'many', 'dir:x', 'dir:y'], 125, /--retry-times/],
    [['--no-such-flag', 'dir:x', 'dir:y'], 125, /unknown flag/],
  ];
  for (const [words, code, stderr] of cases)
    t.match(await world.shale(['copy', ...words]), { code, stderr, stdout: '' }, words.join(' '));
});
