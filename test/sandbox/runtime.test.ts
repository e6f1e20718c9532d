// Steps through an OCI runtime: on request, and where the runner is not built. As confined as through the runner.
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  Agent,
  copyPackage,
  makeBase,
  makeImage,
  makeUsers,
  missing,
  processesWith,
  storeFor,
  type Who,
} from '../fixtures/sandbox/room.js';

const lacks = missing();
const base = makeBase();
t.teardown(() => rmSync(base, { recursive: true, force: true }));
if (!lacks) makeUsers();
const packageRoot = lacks ? '' : copyPackage(base);
const unbuilt = join(base, 'unbuilt');
if (!lacks) {
  cpSync(packageRoot, unbuilt, { recursive: true });
  rmSync(join(unbuilt, 'build/Release/shale-runner'));
}
const image = lacks ? '' : makeImage(base, 'image', root => rmSync(join(root, 'etc/hosts'), { force: true }));

const RUNTIMES: Record<string, string> = {
  crun: '/usr/bin/crun',
  runc: '/usr/sbin/runc',
  none: '/usr/bin/crun',
};
for (const [name, program] of Object.entries(RUNTIMES)) {
  for (const who of ['root', 'range', 'single'] as Who[]) {
    const what = name === 'none' ? 'no runner at all' : name;
    const skip = lacks ?? (existsSync(program) ? false : `needs ${program}`);
    t.test(`steps of ${who} through ${what}`, { skip }, async t => {
      const options = name === 'none' ? {} : { runtime: name };
      const agent = Agent.open(
        name === 'none' ? unbuilt : packageRoot,
        storeFor(base, who, name),
        who,
        options,
      );
      t.teardown(() => agent.close());
      await agent.start();
      const layers = [await agent.import(image)];

      const { out, err } = await agent.sh(
        layers,
        'cat /proc/self/status; echo err > /dev/stderr; cat /proc/kcore /proc/interrupts 2>/dev/null | wc -c; hostname; ulimit -n; env | sort',
      );
      t.match(out, /^CapEff:\s*0000000[0-9a-f]a80425fb$/m);
      t.match(out, /^CapInh:\s*0{16}$/m);
      t.match(out, /^Seccomp:\s*2$/m);
      t.match(out, /\n0\nbox\n1024\n/);
      t.notMatch(out, /HOSTILE_HOST_ENV/);
      t.equal(err, 'err\n');
      for (const line of [
        'mount -t tmpfs t /tmp',
        'unshare -U true',
        'echo x > /proc/sys/kernel/core_pattern',
      ]) {
        t.not((await agent.sh(layers, `(${line}) 2>/dev/null`)).exitCode, 0, line);
      }

      t.match(await agent.run(layers, ['nothing-of-that-name']), { exitCode: 127 });
      t.match(await agent.run(layers, ['/etc/passwd']), { exitCode: 126 });
      t.equal((await agent.sh(layers, 'exit 9')).exitCode, 9);
      t.equal((await agent.sh(layers, 'cat', {}, { stdin: 'given' })).out, 'given');
      await agent.sh(layers, 'sleep 98762 & exit 0');
      t.same(processesWith('sleep 98762'), []);

      t.equal((await agent.step(layers, 'cat /etc/hosts')).layer, null, 'no mount point stays');
      const { entries, layer } = await agent.step(layers, 'echo x > /new; rm /bin/wget');
      t.same(
        entries?.map(({ path, type }) => `${type} ${path}`),
        ['dir bin', 'whiteout bin/wget', 'file new'],
      );
      if (layer) t.equal((await agent.sh([...layers, layer], 'cat /new')).out, 'x\n');
    });
  }
}

t.test('a runtime that is not there', { skip: lacks ?? false }, async t => {
  const agent = Agent.open(packageRoot, storeFor(base, 'range', 'missing'), 'range', {
    runtime: 'no-such-runtime',
  });
  t.teardown(() => agent.close());
  await t.rejects(agent.start(), { code: 'SANDBOX_NO_RUNTIME' });
});
