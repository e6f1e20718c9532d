// A terminal: the container has its own, the caller's is raw meanwhile and as before afterwards.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  Agent,
  copyPackage,
  makeBase,
  makeImage,
  makeUsers,
  missing,
  storeFor,
  USERS,
  type Who,
} from '../fixtures/sandbox/room.js';

const lacks = missing();
const base = makeBase();
t.teardown(() => rmSync(base, { recursive: true, force: true }));
if (!lacks) makeUsers();
const packageRoot = lacks ? '' : copyPackage(base);
const image = lacks ? '' : makeImage(base, 'image');

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

for (const who of ['range', 'single'] as Who[]) {
  t.test(`a terminal of ${who}`, { skip: lacks ?? false }, async t => {
    const store = storeFor(base, who);
    const agent = Agent.open(packageRoot, store, who);
    await agent.start();
    const layer = await agent.import(image);
    await agent.close();

    const inside =
      "tty; stty size; test -c /dev/console && echo console; read x; echo got $x; trap 'stty size; exit 7' WINCH; " +
      'echo ready; while true; do sleep 0.1; done';
    const command = [
      ...['setpriv', `--reuid=${USERS[who]}`, `--regid=${USERS[who]}`, '--init-groups', 'env', '-i'],
      ...[
        `PATH=${process.env.PATH}`,
        process.execPath,
        join(packageRoot, 'tty.mjs'),
        packageRoot,
        store,
        '{}',
      ],
      ...[JSON.stringify([layer]), 'sh', '-c', inside],
    ];
    const script =
      `stty rows 33 cols 99; terminal=$(tty); ${command.map(quote).join(' ')}; echo "code $?"; ` +
      'stty -a | grep -q -- "-icanon" || echo cooked';
    const child = spawn('script', ['-qec', script, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    let seen = '';
    const said = (text: string) => seen.includes(text);
    let sent = 0;
    let terminal = '';
    child.stdout.on('data', chunk => {
      seen += chunk;
      if (sent === 0 && said('console\r\n')) {
        sent = 1;
        child.stdin.write('hello\r');
      }
      if (sent === 1 && said('ready\r\n')) {
        sent = 2;
        // the terminal that script(1) made is the one that its child has
        terminal = `/proc/$(pgrep -P ${child.pid} | head -1)/fd/0`;
        spawn('sh', ['-c', `stty -F "$(readlink ${terminal})" rows 44 cols 88`], { stdio: 'inherit' });
      }
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
    await once(child, 'close');
    clearTimeout(timer);
    const lines = seen.split('\r\n');
    t.equal(lines[0], '/dev/pts/0', 'the first terminal of its own devpts');
    t.equal(lines[1], '33 99', 'with the size of the caller’s');
    t.ok(lines.includes('got hello'));
    t.ok(lines.includes('44 88'), 'the size follows');
    t.ok(lines.includes('code 7'));
    t.ok(lines.includes('cooked'), 'the caller’s terminal is as it was');
  });
}
