import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { holding } from '../fixtures/e2e/holding.js';
import { ended, WORLDS, type World } from '../fixtures/e2e/worlds.js';

const plain = ['build', '--progress', 'plain'];

/** Everything that a build's result has beside its base, as `find` shows it. */
async function tree(world: World, image: string): Promise<string[]> {
  const script = 'find / -xdev -newer /mark ! -path "/proc*" ! -path "/dev*" ! -path "/sys*" | sort';
  const { stdout } = await world.ok(['run', '--rm', '--entrypoint', 'sh', image, '-c', script]);
  // what `run` itself provides
  const provided = ['', '/', '/etc', '/etc/hostname', '/etc/hosts', '/etc/resolv.conf'];
  return stdout.split('\n').filter(line => !provided.includes(line));
}

eachWorld(WORLDS, 'RUN --mount=type=bind', async (t, world) => {
  const context = world.files('context', {
    Dockerfile: `
FROM busybox AS made
RUN mkdir -p /data/in && echo stage > /data/in/x && ln -s / /data/out
FROM busybox
RUN --mount=type=bind,target=/ctx cat /ctx/seen && test ! -e /ctx/hidden && ! touch /ctx/new
RUN --mount=source=sub/one,target=one cat /one && stat -c %u:%g /one
RUN --mount=target=/w,rw echo changed > /w/seen && cat /w/seen
RUN --mount=from=made,source=/data/in,target=/d,rw echo more > /d/y && cat /d/x
RUN --mount=from=made,source=/data,target=/d test ! -e /d/in/y && ! touch /d/in/z
RUN --mount=from=made,source=/data/out/bin/busybox,target=/busybox /busybox true
RUN test ! -e /ctx && test ! -e /one && test ! -e /d && test ! -e /busybox
`,
    '.dockerignore': 'hidden\n',
    hidden: 'no',
    seen: 'seen\n',
    'sub/one': 'one\n',
  });
  const { stderr } = await world.ok([...plain, '-t', 'bound', context]);
  for (const text of ['seen', 'one', '0:0', 'changed', 'stage'])
    t.match(stderr, new RegExp(`\\d ${text}\n`), text);
  t.equal(readFileSync(join(context, 'seen'), 'utf8'), 'seen\n', 'the context is as it was');

  const again = await world.ok([...plain, context]);
  t.notMatch(again.stderr, /DONE(?!.*FROM)[^\n]*\n[^#]*#\d+ \d/, 'nothing runs again');
  t.equal(again.stderr.match(/CACHED/g)?.length, 8);
  world.files('context', { 'sub/one': 'two\n' });
  const changed = await world.ok([...plain, context]);
  t.match(changed.stderr, /\d two\n/, 'a step runs again when what it binds has changed');
  t.notMatch(changed.stderr, /\d stage\n/, 'and others do not');

  world.files('bad', { Dockerfile: 'FROM busybox\nRUN --mount=source=/missing,target=/x true\n' });
  const failed = await world.shale([...plain, join(world.base, 'bad')]);
  t.equal(failed.code, 1);
  t.match(failed.stderr, /"\/missing": not found/);
});

eachWorld(WORLDS, 'RUN --mount=type=cache and tmpfs', async (t, world) => {
  const context = world.files('context', {
    Dockerfile: `
FROM busybox AS seed
RUN mkdir /seed && echo first > /seed/file
FROM busybox
ARG RUN
RUN --mount=type=cache,target=/c echo $RUN >> /c/log && cat /c/log
RUN --mount=type=cache,id=/c,target=/other,readonly tail -n 1 /other/log && ! touch /other/x
RUN --mount=type=cache,target=/s,from=seed,source=/seed echo $RUN >> /s/file && cat /s/file
RUN --mount=type=cache,target=/o,uid=1000,gid=1001,mode=0700 stat -c 'mode %a' /o
RUN --mount=type=tmpfs,target=/t,size=64k echo x > /t/x; ! head -c 100000 /bin/busybox > /t/large
RUN test ! -e /c && test ! -e /t && test ! -e /o
`,
  });
  await world.ok([...plain, '--build-arg', 'RUN=one', context]);
  const { stderr } = await world.ok([...plain, '--build-arg', 'RUN=two', context]);
  t.match(stderr, /\d one\n[^\n]* two\n/, 'what one build left, the next finds');
  t.match(stderr, /\d first\n[^\n]* one\n[^\n]* two\n/, 'and what it began with');
  t.match(stderr, /mode 700/);

  const list = await world.ok(['builder', 'cache-mounts', 'ls', '--format', 'json']);
  const found = list.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { id: string; key: string; inUse: boolean });
  t.same(found.map(({ id }) => id).sort(), ['/c', '/o', '/s']);
  t.ok(found.every(({ inUse }) => !inUse));
  const tar = join(world.base, 'c.tar');
  await world.ok(['builder', 'cache-mounts', 'export', '/c', '-o', tar]);
  await world.ok(['builder', 'cache-mounts', 'prune', '/c']);
  const cut = join(world.base, 'cut.tar');
  writeFileSync(cut, readFileSync(tar).subarray(0, -1200));
  t.match((await world.shale(['builder', 'cache-mounts', 'import', '/c', cut])).stderr, /ends|truncated/);
  const empty = join(world.base, 'empty.tar');
  await world.ok(['builder', 'cache-mounts', 'export', '/c', '-o', empty]);
  t.equal(execFileSync('tar', ['-tf', empty]).toString(), '', 'of a damaged tar nothing is taken');
  await world.ok(['builder', 'cache-mounts', 'import', '/c', tar]);
  const third = await world.ok([...plain, '--build-arg', 'RUN=three', context]);
  t.match(third.stderr, /\d one\n[^\n]* two\n[^\n]* three\n/, 'exported, pruned and imported');
  const usage = ['builder', 'prune', '-f', '--filter', 'type=exec.cachemount'];
  t.match(
    (await world.ok([...usage, '--filter', 'until=1h'])).stdout,
    /^Total reclaimed space: 0B/,
    'all were used now',
  );
  t.match(
    (await world.ok([...usage, '--max-used-space', '1g'])).stdout,
    /^Total reclaimed space: 0B/,
    'all fit',
  );
  const damaged = readdirSync(join(world.store, 'cache-mounts'))[0] ?? '';
  writeFileSync(join(world.store, 'cache-mounts', damaged, 'about.json'), '{');
  t.match((await world.shale(['fsck'])).stdout, /nothing says whose cache it is/);
  await world.shale(['fsck', '--repair']);
  t.match((await world.ok(['fsck'])).stdout, /, 0 damaged/);
  t.match(
    (await world.shale(['builder', 'cache-mounts', 'prune', '/nonesuch'])).stderr,
    /no such cache mount/,
  );
  t.match((await world.ok(usage)).stdout, /^Deleted build cache objects:\n([0-9a-f]{25}\n){2}\n/);
  t.equal((await world.ok(['builder', 'cache-mounts', 'ls', '-q'])).stdout, '');
});

eachWorld(WORLDS, 'secrets and agents leave no trace', async (t, world) => {
  const secret = 'swordfish-4711-swordfish';
  const context = world.files('context', {
    Dockerfile: `
FROM busybox
RUN touch /mark && sleep 1.1
RUN --mount=type=secret,id=tok --mount=type=secret,id=tok,target=/x/y,mode=0440 \\
    test "$(stat -c %a /run/secrets/tok /x/y | { read a; read b; echo $a$b; })" = 400440 && wc -c < /x/y && ! echo no > /x/y
RUN --mount=type=secret,id=tok,env=TOKEN test \${#TOKEN} = 24 && test ! -e /run/secrets/tok
RUN --mount=type=secret,id=absent test ! -e /run/secrets/absent
RUN --mount=type=ssh test -S "$SSH_AUTH_SOCK"
RUN test -z "$TOKEN$SSH_AUTH_SOCK" && test ! -e /x && test ! -e /run
`,
  });
  world.files('outside', { secret });
  const socket = join(world.base, 'agent.sock');
  const agent = world.command(['ssh-agent', '-D', '-a', socket]);
  t.teardown(() => agent.kill());
  await ended(world.command(['sh', '-c', `until test -S ${socket}; do sleep 0.05; done`]));
  const given = ['--secret', `id=tok,src=${join(world.base, 'outside/secret')}`, '--ssh', 'default'];
  const env = { SSH_AUTH_SOCK: socket };
  const built = await world.ok([...plain, ...given, '-t', 'kept', context], { env });
  t.match(built.stderr, /\d 24\n/, 'the step has read it');
  t.notMatch(built.stderr + built.stdout, secret);
  t.same(holding(world.store, secret), [], 'no byte of the store holds it');
  t.notMatch((await world.ok(['history', '--no-trunc', 'kept'])).stdout, secret);
  t.same(await tree(world, 'kept'), [], 'no mount point stays');

  const other = world.files('required', {
    Dockerfile: 'FROM busybox\nRUN --mount=type=secret,id=tok,required true\n',
  });
  const failed = await world.shale([...plain, other]);
  t.match(failed.stderr, /secret tok: not found/);
  const hashed = world.files('hashed', {
    Dockerfile: 'FROM busybox\nRUN --mount=type=secret,id=tok,cachekey=hash cat /run/secrets/tok | wc -c\n',
  });
  const withValue = (value: string) =>
    world.ok([...plain, '--explain', '--secret', 'id=tok,env=MINE', hashed], { env: { MINE: value } });
  await withValue(secret);
  t.match((await withValue(secret)).stderr, /CACHED/);
  t.match((await withValue('another-value')).stderr, /\d 13\n/, 'asked by cachekey=hash');
  t.same(holding(world.store, secret), []);
  const fromEnv = await world.ok([...plain, '--secret', 'id=tok,env=MINE', other], { env: { MINE: secret } });
  t.match(fromEnv.stderr, /DONE/);
  agent.kill();
  await new Promise(resolve => agent.on('close', resolve));
});

eachWorld(WORLDS.slice(0, 1), 'cache directories are shared, private or locked', async (t, world) => {
  // two processes: sharers wait for each other, the others stay long enough to be there at the same time
  const stay: Record<string, string> = {
    shared: 'for i in 1 2 3 4 5 6 7 8 9; do test $(ls /c | wc -l) = 2 && break; sleep 1; done',
    locked: 'sleep 1',
    private: 'sleep 5',
  };
  const seen = async (name: string, sharing: string): Promise<string> => {
    const mount = `--mount=type=cache,id=${sharing},target=/c,sharing=${sharing}`;
    const command = `touch /c/${name} && ${stay[sharing]} && ls /c | wc -l`;
    const context = world.files(`${sharing}-${name}`, {
      Dockerfile: `FROM busybox\nRUN ${mount} ${command}\n`,
    });
    const { stderr } = await world.ok([...plain, context]);
    return /^#\d+ [\d.]+ (\d)$/m.exec(stderr)?.[1] ?? '';
  };
  const both = async (sharing: string) =>
    (await Promise.all([seen('a', sharing), seen('b', sharing)])).sort();
  t.same(await both('shared'), ['2', '2'], 'both see what both write');
  t.same(await both('locked'), ['1', '2'], 'one after the other');
  t.same(await both('private'), ['1', '1'], 'each has its own');
});

eachWorld(WORLDS.slice(0, 1), 'a Dockerfile cannot reach the host through mounts', async (t, world) => {
  const outside = world.files('outside', { 'secret.txt': 'of the host\n' });
  const id = '../../../../../../..';
  const context = world.files('context', {
    Dockerfile: `
FROM busybox AS evil
RUN ln -s ${outside} /link && ln -s ../../../../../../../.. /up
FROM busybox
RUN --mount=from=evil,source=/up,target=/u test ! -e /u${outside} && test -e /u/bin/busybox
RUN --mount=type=cache,id=${id},target=/c touch /c/made && ls /c
RUN --mount=type=cache,id=trap,target=/c ln -s ${outside} /c/sub
RUN --mount=type=cache,id=trap,source=sub,target=/t,ro ls /t
`,
  });
  const { code, stderr } = await world.shale([...plain, context]);
  t.equal(code, 1, 'the link leads to nothing');
  t.notMatch(stderr, /secret\.txt/);
  t.match(stderr, /cannot mount \/sub/);
  t.same(readdirSync(outside), ['secret.txt']);
});
