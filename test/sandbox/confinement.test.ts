// What a RUN step can see and do: the probes of a hostile process, as each kind of user.
import { readFileSync, readlinkSync, rmSync } from 'node:fs';
import t from 'tap';
import type { RunSpec } from '../../lib/sandbox/types.js';
import {
  Agent,
  copyPackage,
  makeBase,
  makeImage,
  makeUsers,
  missing,
  storeFor,
  type Who,
} from '../fixtures/sandbox/room.js';

const lacks = missing();
const base = makeBase();
t.teardown(() => rmSync(base, { recursive: true, force: true }));
if (!lacks) makeUsers();
const packageRoot = lacks ? '' : copyPackage(base);
const image = lacks ? '' : makeImage(base, 'image');

/** docker's 14, without what the kernel of the machine does not give. */
const DEFAULT_CAPS = 0xa80425fbn;

function field(status: string, name: string): string {
  return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
}

for (const who of ['root', 'range', 'single'] as Who[]) {
  t.test(`a step of ${who} is confined`, { skip: lacks ?? false }, async t => {
    const agent = Agent.open(packageRoot, storeFor(base, who), who);
    t.teardown(() => agent.close());
    await agent.start();
    const layers = [await agent.import(image)];
    const sh = async (line: string, more = {}) => (await agent.sh(layers, line, more)).out;

    t.test('credentials', async t => {
      const probe = await agent.run(layers, ['cat', '/proc/self/status']);
      const status = probe.out;
      const bounding = BigInt(
        `0x${/^CapBnd:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]}`,
      );
      const expected = (DEFAULT_CAPS & bounding).toString(16).padStart(16, '0');
      for (const name of ['CapPrm', 'CapEff', 'CapBnd']) t.equal(field(status, name), expected, name);
      for (const name of ['CapInh', 'CapAmb']) t.equal(field(status, name), '0000000000000000', name);
      t.equal(field(status, 'Seccomp'), '2');
      t.equal(field(status, 'NoNewPrivs'), '0');
      t.equal(field(status, 'SigIgn'), '0000000000000000');
      t.equal(field(status, 'SigBlk'), '0000000000000000');
      t.equal(field(status, 'Umask'), '0022');
      if (who !== 'single') t.equal(field(status, 'Groups').trim(), '0');
    });

    const several = who === 'single' ? undefined : t;
    await several?.test('another user has nothing', async t => {
      const status = await sh('cat /proc/self/status', { uid: 33, gid: 34, additionalGids: [5, 6] });
      t.match(field(status, 'Uid'), /^33\s+33\s+33\s+33/);
      t.match(field(status, 'Gid'), /^34\s+34\s+34\s+34/);
      t.same(field(status, 'Groups').trim().split(/\s+/).sort(), ['34', '5', '6']);
      for (const name of ['CapPrm', 'CapEff', 'CapInh', 'CapAmb'])
        t.equal(field(status, name), '0000000000000000', name);
    });

    const single = who === 'single' ? t : undefined;
    await single?.test('one id can have any number', async t => {
      const user = { uid: 33, gid: 34 };
      t.equal(await sh('id -u; id -g; touch /tmp/x; stat -c "%u %g" /tmp/x', user), '33\n34\n33 34\n');
      const { out: status } = await agent.run(layers, ['cat', '/proc/self/status'], user);
      for (const name of ['CapPrm', 'CapEff', 'CapInh', 'CapAmb'])
        t.equal(field(status, name), '0000000000000000', name);
      t.equal(field(status, 'Seccomp'), '2');
      t.not((await agent.sh(layers, 'mount -t tmpfs t /tmp 2>/dev/null', user)).exitCode, 0);
    });

    t.test('capabilities, privileges, limits on request', async t => {
      const more = {
        capDrop: ['ALL'],
        capAdd: ['CHOWN'],
        noNewPrivileges: true,
        ulimits: [{ name: 'nofile', soft: 64, hard: 128 }],
      };
      const out = await sh('cat /proc/self/status; ulimit -Sn; ulimit -Hn', more);
      t.equal(field(out, 'CapBnd'), '0000000000000001');
      t.equal(field(out, 'NoNewPrivs'), '1');
      t.match(out, /\n64\n128\n$/);
    });

    t.test('namespaces', async t => {
      const kinds = ['user', 'mnt', 'pid', 'ipc', 'uts', 'net', 'cgroup'];
      const out = await sh(`for n in ${kinds.join(' ')}; do readlink /proc/self/ns/$n; done`);
      const inside = out.trim().split('\n');
      kinds.forEach((kind, at) => {
        t.not(inside[at], readlinkSync(`/proc/self/ns/${kind}`), kind);
        t.match(inside[at], new RegExp(`^${kind}:`));
      });
      t.equal((await sh('hostname')).trim(), 'box');
      t.ok(Number(await sh('ls -d /proc/[0-9]* | wc -l')) <= 3, 'sh, ls and wc');
      t.equal((await sh('echo $$')).trim(), '1', 'the command is pid 1');
    });

    t.test('no network but loopback', async t => {
      t.match(await sh('cat /proc/net/dev | tail -n +3'), /^\s*lo:[^\n]*\n$/);
      t.match(await sh('ip addr show lo'), /UP/);
      t.equal((await sh('grep -c @ /proc/net/unix')).trim(), '0');
    });

    t.test('the kernel cannot be written to', async t => {
      const paths = [
        '/proc/sys/kernel/core_pattern',
        '/proc/sys/vm/drop_caches',
        '/proc/sysrq-trigger',
        '/proc/irq/default_smp_affinity',
        '/sys/fs/cgroup/cgroup.procs',
        '/sys/kernel/uevent_helper',
      ];
      for (const path of paths) t.equal(await sh(`(echo 1 > ${path}) 2>/dev/null && echo written`), '', path);
      t.equal(
        (await sh('cat /proc/kcore /proc/keys /proc/timer_list /proc/interrupts 2>/dev/null | wc -c')).trim(),
        '0',
      );
      t.equal(
        (
          await sh(
            'ls -A /sys/firmware /sys/devices/virtual/powercap /sys/kernel/debug 2>/dev/null | grep -v :',
          )
        ).trim(),
        '',
      );
      t.equal(await sh('(: > /proc/1/exe) 2>/dev/null && echo written'), '');
    });

    t.test('system calls that are refused', async t => {
      for (const line of [
        'mount -t tmpfs t /tmp',
        'umount /proc/sys',
        'unshare -m true',
        'unshare -U true',
        'mount -o remount,rw /sys',
        'nsenter -t 1 -m true',
        'pivot_root / /tmp',
      ]) {
        t.not((await agent.sh(layers, `${line} 2>/dev/null`)).exitCode, 0, line);
      }
      t.equal((await agent.sh(layers, 'chroot / true')).exitCode, 0, 'chroot is docker’s to allow');
    });

    t.test('devices', async t => {
      t.equal((await sh('find /dev -type b')).trim(), '');
      const names = (await sh('find /dev -type c | sort'))
        .trim()
        .split('\n')
        .filter(name => !name.startsWith('/dev/pts/'));
      t.same(
        names,
        ['full', 'null', 'random', 'tty', 'urandom', 'zero'].map(name => `/dev/${name}`),
      );
      t.equal(
        (await sh('echo x > /dev/null; head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c'))
          .replace(/\s+/g, ' ')
          .trim(),
        '4 4',
      );
      t.match(
        await sh('stat -c "%n %a %F" /dev/shm /dev/mqueue /dev/pts /dev/ptmx'),
        /\/dev\/shm 1777 directory\n\/dev\/mqueue 1777/,
      );
      t.equal(await sh('echo out > /dev/stdout; echo err > /dev/stderr'), 'out\n');
    });

    t.test('nothing of the caller', async t => {
      t.same(
        (await sh('env'))
          .trim()
          .split('\n')
          .filter(line => !/^(SHLVL|PWD)=/.test(line)),
        ['PATH=/bin'],
      );
      t.same(
        (await sh('ls /proc/self/fd')).trim().split('\n'),
        ['0', '1', '2', '3'],
        'the last one is ls’s own',
      );
      t.equal((await sh('readlink /proc/self/cwd')).trim(), '/');
      t.notMatch(await sh('cat /proc/self/mountinfo'), base, 'the host’s paths');
      t.match(await sh('ulimit -c; ulimit -n'), /^0\n1024\n$/);
      t.equal(await sh('cat', {}), '', 'standard input is empty');
    });

    t.test('files that the sandbox gives', async t => {
      t.match(
        await sh('cat /etc/hosts', { extraHosts: [['db', '10.1.2.3']] }),
        /^127\.0\.0\.1\tlocalhost\n[\s\S]*10\.1\.2\.3\tdb\n[\s\S]*\tbox\n$/,
      );
      t.equal((await sh('cat /etc/hostname')).trim(), 'box');
      t.match(await sh('cat /etc/resolv.conf', { network: 'host' }), /^nameserver /m);
    });

    t.test('host network', async t => {
      t.equal(
        (await sh('readlink /proc/self/ns/net', { network: 'host' })).trim(),
        readlinkSync('/proc/self/ns/net'),
      );
      t.equal(
        (await agent.sh(layers, '(echo 1 > /sys/kernel/uevent_seqnum) 2>/dev/null', { network: 'host' }))
          .exitCode,
        1,
      );
      t.match(await sh('grep " /sys " /proc/self/mountinfo', { network: 'host' }), / ro,/);
    });

    t.test('a read-only root', async t => {
      const more: Partial<RunSpec> = {
        readonlyRoot: true,
        mounts: [{ type: 'tmpfs' as const, target: '/tmp', size: 65536, mode: 0o700 }],
      };
      const { out, err } = await agent.sh(
        layers,
        'echo x > /x; echo y > /tmp/y && stat -c %a /tmp; df /tmp | tail -1',
        more,
      );
      t.match(err, /Read-only file system/);
      t.match(out, /^700\n.*\s64\s/);
    });
  });
}
