import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { chooseIdMap, type IdMap } from './id-map.js';
import { findProgram } from './paths.js';

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return '';
  }
}

/** An id without an entry in /etc/passwd is fine: it may have ranges by number. */
function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

/** In the namespace of the machine all ids are their own: a variable that somebody has kept says nothing there. */
function isInitial(uidMap: string): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(uidMap);
}

/** The id map that this process can have. */
export async function readIdMap(): Promise<IdMap> {
  const [subuid, subgid, ownUids, ownGids] = await Promise.all(
    ['/etc/subuid', '/etc/subgid', '/proc/self/uid_map', '/proc/self/gid_map'].map(textOf),
  );
  return chooseIdMap({
    uid: process.geteuid?.() ?? 0,
    gid: process.getegid?.() ?? 0,
    user: userName(),
    subuid: subuid ?? '',
    subgid: subgid ?? '',
    ownUids: ownUids ?? '',
    ownGids: ownGids ?? '',
    session: process.env.SHALE_SESSION !== undefined && !isInitial(ownUids ?? ''),
    helpers: findProgram('newuidmap') !== undefined && findProgram('newgidmap') !== undefined,
  });
}

const SINGLE_ID_NOTE =
  'containers have a single id: changes of owner and user succeed without effect, and every file of an image ' +
  'belongs to you';

/** Says what a map of one id means, unless the session that we are in has said so. */
export function noteSingleId(map: IdMap, onNote: (note: string) => void = () => {}): void {
  if (map.kind !== 'single' || process.env.SHALE_SESSION !== undefined) return;
  const remedy = map.hint === undefined ? '' : `; to change that: ${map.hint}`;
  onNote(`${SINGLE_ID_NOTE} (${map.why})${remedy}`);
}
