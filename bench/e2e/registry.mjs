// A registry on this machine, for all alike.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onPath } from '../harness/process.mjs';

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function answers(port) {
  for (let tries = 0; tries < 100; tries++) {
    const isUp = await fetch(`http://127.0.0.1:${port}/v2/`).then(
      response => response.ok,
      () => false,
    );
    if (isUp) return true;
    await sleep(100);
  }
  return false;
}

/** @returns {Promise<{ host: string, close: () => void } | undefined>} undefined without `docker-registry` */
export async function startRegistry(dir) {
  const program = onPath('docker-registry');
  if (program === undefined) return undefined;
  const port = await freePort();
  const root = join(dir, 'registry');
  mkdirSync(root);
  const config = join(dir, 'registry.yml');
  writeFileSync(
    config,
    `version: 0.1\nlog: { level: error, accesslog: { disabled: true } }\nstorage: { filesystem: { rootdirectory: ${root} } }\nhttp: { addr: "127.0.0.1:${port}" }\n`,
  );
  const child = spawn(program, ['serve', config], { stdio: 'ignore' });
  const close = () => child.kill();
  process.on('exit', close);
  if (await answers(port)) return { host: `127.0.0.1:${port}`, close };
  close();
  throw new Error('docker-registry does not answer');
}
