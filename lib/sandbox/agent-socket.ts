import { chmod, chown, open } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';

/** Requests of the agent protocol that a step may make: list the keys, sign, and the session-bind extension. */
const ALLOWED = new Set([11, 13, 27]);
/** SSH_AGENT_FAILURE as a whole message. */
const FAILURE = Buffer.from([0, 0, 0, 1, 5]);
/** Beyond this no agent listens either. */
const MAX_MESSAGE = 256 * 1024;

/**
 * Serves a socket behind which an ssh agent answers, as far as it is asked for signatures: a step can use the keys,
 * and neither add, remove nor lock them.
 *
 * @param directory private directory in which the socket is made
 * @param agent absolute path of the agent's own socket
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-sshm-ssh-agent
 */
export async function serveAgent(
  directory: string,
  agent: string,
  options: { mode: number; owner?: { uid: number; gid: number } },
): Promise<{ path: string; close: () => Promise<void> }> {
  const connections = new Set<Socket>();
  const server = createServer(client => relay(client, agent, connections));
  // the path of a socket has 107 bytes at most; through the directory's descriptor it is always short
  const handle = await open(directory, 'r');
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(`/proc/self/fd/${handle.fd}/agent`, resolve);
    });
  } finally {
    await handle.close();
  }
  const path = join(directory, 'agent');
  if (options.owner) await chown(path, options.owner.uid, options.owner.gid);
  await chmod(path, options.mode);
  const close = async () => {
    for (const connection of connections) connection.destroy();
    await new Promise<void>(resolve => server.close(() => resolve()));
  };
  return { path, close };
}

function relay(client: Socket, agent: string, connections: Set<Socket>): void {
  const upstream = createConnection(agent);
  for (const socket of [client, upstream]) {
    connections.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      connections.delete(socket);
      client.destroy();
      upstream.destroy();
    });
  }
  upstream.pipe(client);
  let pending: Buffer = Buffer.alloc(0);
  client.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (let message = takeMessage(pending); message !== undefined; message = takeMessage(pending)) {
      pending = pending.subarray(message.length);
      if (ALLOWED.has(message[4] ?? 0)) upstream.write(message);
      else client.write(FAILURE);
    }
    if (pending.length > MAX_MESSAGE) client.destroy();
  });
}

/** The first whole message: four bytes of length, then as many bytes, the first of which is its type. */
function takeMessage(bytes: Buffer): Buffer | undefined {
  if (bytes.length < 5) return undefined;
  const size = 4 + bytes.readUInt32BE(0);
  return bytes.length < size ? undefined : bytes.subarray(0, size);
}
