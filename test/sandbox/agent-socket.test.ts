import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t from 'tap';
import { serveAgent } from '../../lib/sandbox/agent-socket.js';

const run = promisify(execFile);
const missing = existsSync('/usr/bin/ssh-agent') ? undefined : 'needs openssh-client';

t.test('a step may use the keys of an agent, and neither add nor remove any', { skip: missing }, async t => {
  const base = mkdtempSync('/tmp/shale-agent-');
  const socket = join(base, 'real');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  t.teardown(() => {
    agent.kill();
    rmSync(base, { recursive: true });
  });
  while (!existsSync(socket)) await sleep(5);
  const key = join(base, 'key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'the-key', '-f', key]);
  execFileSync('ssh-add', ['-q', key], { env: { SSH_AUTH_SOCK: socket } });

  const directory = join(base, 'long'.repeat(40));
  mkdirSync(directory);
  const served = await serveAgent(directory, socket, { mode: 0o640, owner: { uid: 12, gid: 34 } });
  const { mode, uid, gid } = statSync(served.path);
  t.same([mode & 0o777, uid, gid], [0o640, 12, 34]);
  // the tools cannot name a socket of such a long path either
  const short = join(base, 'short');
  execFileSync('ln', ['-s', directory, short]);
  const env = { SSH_AUTH_SOCK: join(short, 'agent') };
  t.match((await run('ssh-add', ['-l'], { env })).stdout, /the-key/);
  execFileSync('sh', ['-c', 'echo data > d'], { cwd: base });
  await run('ssh-keygen', ['-q', '-Y', 'sign', '-n', 'file', '-f', `${key}.pub`, join(base, 'd')], { env });
  t.ok(existsSync(join(base, 'd.sig')), 'signs');
  await t.rejects(run('ssh-add', ['-q', key], { env }), 'adds no key');
  await t.rejects(run('ssh-add', ['-D'], { env }), 'removes none');
  t.match((await run('ssh-add', ['-l'], { env: { SSH_AUTH_SOCK: socket } })).stdout, /the-key/);
  await served.close();
  await t.rejects(run('ssh-add', ['-l'], { env }), 'nothing answers any more');
});
