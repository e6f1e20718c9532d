import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { WORLDS } from '../fixtures/e2e/worlds.js';

const kept = WORLDS.filter(({ driver, runtime }) => driver === 'overlay' && runtime === undefined);
const withRuntime = WORLDS.filter(({ runtime }) => runtime !== undefined);

/** Refuses one call that docker's own profile allows, and lets one argument of another through. */
const PROFILE = {
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [
    { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 95 },
    { names: ['nonesuch_call'], action: 'SCMP_ACT_ERRNO' },
    { names: ['unshare'], action: 'SCMP_ACT_ERRNO', excludes: { caps: ['CAP_SYS_ADMIN'] } },
    { names: ['sethostname'], action: 'SCMP_ACT_ERRNO', includes: { caps: ['CAP_SYS_ADMIN'] } },
    { names: ['kill'], action: 'SCMP_ACT_ERRNO', args: [{ index: 1, value: 10, op: 'SCMP_CMP_EQ' }] },
  ],
};

eachWorld([...kept, ...withRuntime], 'privileged, seccomp, groups, masks', async (t, world) => {
  const profile = join(world.files('profiles', { 'deny.json': JSON.stringify(PROFILE) }), 'deny.json');
  const single = world.spec.who === 'single';
  const sh = async (script: string, ...flags: string[]): Promise<string> =>
    (await world.ok(['run', '--rm', ...flags, 'busybox', 'sh', '-c', script])).stdout;
  const status = 'grep -E "^(Seccomp:|NoNewPrivs|CapEff)" /proc/self/status | tr -d "\\t"';
  const all = readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8').trim();
  const full = ((1n << (BigInt(all) + 1n)) - 1n).toString(16).padStart(16, '0');
  t.equal(await sh(status, '--privileged'), `CapEff:${full}\nNoNewPrivs:0\nSeccomp:${single ? 2 : 0}\n`);
  t.match(await sh('mount -t tmpfs none /tmp && grep -c " /tmp " /proc/mounts', '--privileged'), '1');
  t.equal(
    await sh('grep -c " /proc/[a-z]" /proc/mounts || true', '--security-opt', 'systempaths=unconfined'),
    '0\n',
  );
  t.match(
    await sh(
      status,
      '--security-opt',
      'seccomp=unconfined',
      '--security-opt',
      'no-new-privileges',
      '--cap-drop',
      'ALL',
    ),
    `CapEff:0000000000000000\nNoNewPrivs:1\nSeccomp:${single ? 2 : 0}\n`,
  );
  t.match(await sh(status, '--cap-drop', 'ALL', '--cap-add', 'CHOWN'), 'CapEff:0000000000000001\n');
  const denied = await sh(
    'mkdir /new 2>&1; test -e /new || echo none; kill -10 $$ 2>&1; unshare true 2>&1; chown 1:1 /tmp && echo owned',
    ...['--security-opt', `seccomp=${profile}`, '--security-opt', 'label=disable'],
  );
  t.match(denied, /not supported\nnone\n.*kill.*permitted\n.*unshare.*permitted\nowned\n/);
  if (!single)
    t.equal(await sh('id -G', '-u', 'app', '--group-add', '77', '--group-add', 'root'), '1001 0 50 77\n');
});

eachWorld(kept, 'devices, exec in the container, variables that go', async (t, world) => {
  const ok = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  t.equal(
    await ok(
      'run',
      '--rm',
      '--device',
      '/dev/zero:/dev/nothing:rwm',
      'busybox',
      'sh',
      '-c',
      'head -c 3 /dev/nothing | wc -c',
    ),
    '3\n',
  );
  await ok('run', '-d', '--name', 'box', '-e', 'A=1', '--device', '/dev/full', 'busybox', 'sleep', '1000');
  t.match(JSON.parse(await ok('inspect', '-f', '{{json .HostConfig.Devices}}', 'box')), [
    { PathOnHost: '/dev/full', PathInContainer: '/dev/full', CgroupPermissions: 'rwm' },
  ]);
  await ok('exec', 'box', 'sh', '-c', 'echo new:x:0:0::/root/new:/bin/sh >> /etc/passwd');
  t.equal(
    await ok('exec', '-u', 'new', 'box', 'sh', '-c', 'echo $HOME'),
    '/root/new\n',
    'a user of the container',
  );
  t.match(await world.shale(['exec', '-u', 'nobody', 'box', 'true']), {
    code: 126,
    stderr: 'unable to find user nobody: no matching entries in passwd file',
  });
  await ok(
    'exec',
    'box',
    'sh',
    '-c',
    'rm /etc/passwd; ln -s /proc/1/environ /etc/passwd; ln -sf /etc/passwd /etc/group',
  );
  t.equal(await ok('exec', '-u', '0', 'box', 'echo', 'still'), 'still\n', 'a link where the users are');
  await ok('exec', 'box', 'sh', '-c', 'rm /etc/passwd; mkdir /etc/passwd');
  t.equal(await ok('exec', 'box', 'echo', 'still'), 'still\n');
  t.match(
    await ok('exec', '--privileged', 'box', 'grep', 'Seccomp:', '/proc/self/status'),
    world.spec.who === 'single' ? '2' : '0',
  );
  t.equal(await ok('exec', '-e', 'A', '-e', 'PATH', 'box', '/bin/sh', '-c', 'echo "[$A]"'), '[]\n');
  await ok('rm', '-f', 'box');
});

eachWorld(kept.slice(0, 1), 'what inspect says of flags', async (t, world) => {
  const ok = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
  const labels = join(world.files('labels', { file: '# no\nfrom=file\nboth=file\n' }), 'file');
  await ok(
    ...[
      'create',
      '--name',
      'box',
      '--privileged',
      '--group-add',
      'extra',
      '--label-file',
      labels,
      '-l',
      'both=line',
    ],
    ...[
      '--annotation',
      'why=that',
      '--tmpfs',
      '/t:size=1m',
      '--mount',
      'type=tmpfs,dst=/m,tmpfs-mode=700',
      '-v',
      '/tmp:/host:ro',
    ],
    ...[
      '--ulimit',
      'nofile=10:20',
      '--stop-timeout',
      '3',
      '--security-opt',
      'seccomp=unconfined',
      '--entrypoint',
      '',
    ],
    ...['busybox', 'true'],
  );
  const [document] = JSON.parse(await ok('inspect', 'box')) as Record<string, unknown>[];
  t.match(document, {
    Path: 'true',
    Config: { Labels: { from: 'file', both: 'line' } },
    HostConfig: {
      Annotations: { why: 'that' },
      Binds: ['/tmp:/host:ro'],
      GroupAdd: ['extra'],
      Mounts: [{ Type: 'tmpfs', Target: '/m', TmpfsOptions: { Mode: 0o700 } }],
      Privileged: true,
      SecurityOpt: ['seccomp=unconfined', 'label=disable'],
      Tmpfs: { '/t': 'size=1m' },
      Ulimits: [{ Name: 'nofile', Hard: 20, Soft: 10 }],
      MaskedPaths: null,
    },
    Mounts: [
      { Type: 'bind', Source: '/tmp', Destination: '/host', Mode: 'ro', RW: false, Propagation: 'rprivate' },
      { Type: 'tmpfs', Destination: '/m', RW: true },
    ],
  });
  await ok('rm', 'box');
});

eachWorld(kept.slice(0, 1), 'some of the streams', async (t, world) => {
  const script = ['sh', '-c', 'echo out; echo err >&2; cat'];
  for (const stays of [[], ['--name', 'box']]) {
    const run = (...flags: string[]) =>
      world.shale(['run', '--rm', ...stays, ...flags, 'busybox', ...script], { input: 'typed' });
    t.match(await run('-a', 'stdout'), { code: 0, stdout: 'out\n', stderr: /^$/ });
    t.match(await run('-a', 'STDERR'), { code: 0, stdout: /^$/, stderr: 'err\n' });
    t.match(await run('-i', '-a', 'stdin', '-a', 'stdout'), { stdout: 'out\ntyped', stderr: /^$/ });
  }
  const bad = await world.shale(['run', '-a', 'stdlog', 'busybox', 'true']);
  t.match(bad, { code: 125, stderr: 'valid streams are STDIN, STDOUT and STDERR' });
  t.match(
    (await world.shale(['run', '-d', '-a', 'stdout', 'busybox', 'true'])).stderr,
    'conflicting options: cannot specify both --attach and --detach',
  );
});

eachWorld(kept.slice(0, 1), "flags that cannot be, in docker's words", async (t, world) => {
  const bad = world.files('bad', { 'p.json': '{"defaultAction":"SCMP_ACT_NOTIFY"}', env: 'a b=1\n' });
  const cases: [flags: string[], message: string | RegExp][] = [
    [['--security-opt', 'what'], 'invalid --security-opt: "what"'],
    [
      ['--security-opt', 'seccomp=/nonesuch'],
      'opening seccomp profile (/nonesuch) failed: open /nonesuch: no such file or directory',
    ],
    [
      ['--security-opt', `seccomp=${bad}/p.json`],
      'Decoding seccomp profile failed: action SCMP_ACT_NOTIFY is not supported',
    ],
    [['--security-opt', 'apparmor=mine'], 'security option "apparmor=mine" is not supported'],
    [
      ['--device', '/dev/nonesuch'],
      'error gathering device information while adding custom device "/dev/nonesuch": no such file or directory',
    ],
    [['--device', '/etc/passwd'], 'not a device node'],
    [['--device', 'null'], 'null is not an absolute path'],
    [['--device', '/dev/null:r'], 'invalid device mode: r'],
    [['--group-add', 'nonesuch'], 'unable to find group nonesuch: no matching entries in group file'],
    [['--cap-add', 'NONESUCH'], 'invalid capability: unknown capability: "CAP_NONESUCH"'],
    [['--stop-signal', 'NONESUCH'], 'Invalid signal: NONESUCH'],
    [['--stop-timeout', 'soon'], 'invalid argument "soon" for "--stop-timeout" flag'],
    [['-w', 'relative'], "the working directory 'relative' is invalid, it needs to be an absolute path"],
    [['--env-file', `${bad}/env`], "variable 'a b' contains whitespaces"],
    [['--label-file', '/nonesuch'], 'open /nonesuch: no such file or directory'],
    [['-m', '1m'], 'Minimum memory limit allowed is 6MB'],
    [['--cpus', 'many'], 'invalid argument "many" for "--cpus" flag'],
    [['--sysctl', 'net.core.somaxconn=1'], /--sysctl .* is not supported: .*\nset it on the host/],
    [['--userns', 'nomap'], '--userns nomap is not supported'],
    [['--pid', 'host'], '--pid host is not supported'],
    [['--gpus', 'all'], '--gpus all is not supported'],
    [['--log-opt', 'max-size=1m'], '--log-opt max-size=1m is not supported'],
    [['--privilege'], 'unknown flag: --privilege\ndid you mean --privileged?'],
  ];
  for (const [flags, message] of cases) {
    const { code, stderr } = await world.shale(['run', '--rm', ...flags, 'busybox', 'true']);
    t.match({ code, stderr }, { code: 125, stderr: message }, flags.join(' '));
  }
  const limited = await world.shale([
    ...[
      'run',
      '--rm',
      '-m',
      '64m',
      '--cpus',
      '0.5',
      '--pids-limit',
      '-1',
      '--pid',
      'private',
      'busybox',
      'echo',
      'on',
    ],
  ]);
  t.match(limited, { code: 0, stdout: 'on\n' });
  t.match(limited.stderr, /^WARNING: Your kernel does not support memory limit .*Limitation discarded\.$/m);
  t.match(limited.stderr, /WARNING: .* CPU CFS quota/);
  t.notMatch(limited.stderr, 'PIDs');
  t.notOk(existsSync(join(world.store, 'volumes/x')));
});
