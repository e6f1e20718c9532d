import { userInfo } from 'node:os';
import { keepIdMap, treeFamily } from '../sandbox/id-map.js';
import { readIdMap } from '../sandbox/id-map-input.js';
import type { RunSpec, Worker } from '../sandbox/types.js';
import type { Digest } from '../util/digest.js';
import { UsageError } from '../util/errors.js';
import { hasGroup, hasUser, type Ids } from '../util/passwd.js';
import type { RunOptions } from './options.js';
import type { ContainerHost } from './run.js';

/** podman's limit: some programs take ids for signed numbers. */
const MAX_ID = 2 ** 31 - 1;

/**
 * The ids that the caller has in a container; undefined: root's.
 *
 * @throws UsageError `USAGE_USERNS`
 */
export function settledKeepId(given: Partial<Ids> | undefined): Ids | undefined {
  if (given === undefined) return undefined;
  const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  if (own.uid === 0)
    throw new UsageError('USAGE_USERNS', 'keep-id is only supported in rootless mode', {
      hint: 'root has every id already: give the user with -u',
    });
  const { uid = own.uid, gid = own.gid } = given;
  if (uid > MAX_ID || gid > MAX_ID)
    throw new UsageError('USAGE_USERNS', `uids and gids must be in range 0-${MAX_ID}`);
  return { uid, gid };
}

/** Numbers that `settledKeepId` has settled. */
export function keptIds({ keepId }: RunOptions): Ids | undefined {
  return keepId?.uid === undefined || keepId.gid === undefined
    ? undefined
    : { uid: keepId.uid, gid: keepId.gid };
}

/** The user of a container for which nobody has said one. */
export function defaultUser(options: RunOptions, image: string | undefined): string {
  const own = keptIds(options);
  return options.user ?? (own === undefined ? (image ?? '') : `${own.uid}:${own.gid}`);
}

/**
 * The texts of /etc/passwd and /etc/group with the caller in them, where they lack such a user. They are mounted, so that
 * no layer ever holds them; programs that make users could not replace them then, so a container of root has its own.
 *
 * @param user of the container
 */
export function usersWith(
  options: RunOptions,
  user: number,
  { passwd, group }: { passwd: string; group: string },
): Pick<RunSpec, 'users'> {
  const own = keptIds(options);
  if (own === undefined || own.uid !== user) return {};
  const { uid, gid } = own;
  const name = nameOf('uid', uid);
  const more = {
    passwd: hasUser(passwd, uid)
      ? undefined
      : appended(passwd, `${name}:*:${uid}:${gid}:container user:/:/bin/sh`),
    group: hasGroup(group, gid) ? undefined : appended(group, `${nameOf('gid', gid)}:x:${gid}:`),
  };
  return { users: more };
}

/** As podman: the caller's name where the id is the caller's too, and no name that could be somebody's else. */
function nameOf(kind: 'uid' | 'gid', id: number): string {
  try {
    const own = userInfo();
    return own[kind] === id && /^[\w.][\w.-]*$/.test(own.username) ? own.username : String(id);
  } catch {
    return String(id);
  }
}

function appended(text: string, line: string): string {
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`;
}

/** Which of the families of trees a container's layers are in. */
export async function familyOf(options: RunOptions): Promise<string | undefined> {
  const own = keptIds(options);
  return own && treeFamily(keepIdMap(await readIdMap(), own));
}

/** The worker of a container's id map, which looks into what it has written. */
export function workerOf(host: ContainerHost, options: RunOptions, join?: number): Promise<Worker> {
  return host.worker({ join, keepId: keptIds(options) });
}

/**
 * The same, to run it: its layers have blobs then, because those that exist as trees alone do so for the usual ids.
 */
export async function unpackingWorker(
  host: ContainerHost,
  options: RunOptions,
  layers: readonly Digest[],
  join?: number,
): Promise<Worker> {
  if ((await familyOf(options)) !== undefined)
    for (const layer of layers) if (!(await host.store.blobFor(layer))) await host.makeBlob(layer);
  return workerOf(host, options, join);
}
