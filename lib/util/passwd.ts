import { ShaleError } from './errors.js';

/** The ids of a process or a file. */
export interface Ids {
  uid: number;
  gid: number;
}

/** What `USER` names, resolved: with the groups that the group file gives the user. */
export interface UserIds extends Ids {
  additionalGids: number[];
  /** home directory of the passwd entry; `/` when there is none */
  home: string;
}

interface PasswdEntry {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

interface GroupEntry {
  name: string;
  gid: number;
  members: string[];
}

/** Ids are 32 bits; the last one means "no id" to the kernel. An id that wrapped to 0 would be root (CVE-2024-40635). */
const MAX_ID = 2 ** 32 - 2;
/** Longer lines and longer files are hostile (CVE-2026-47262). */
const MAX_LINE = 64 * 1024;

/**
 * Resolves `user`, `uid`, `user:group`, … against the texts of an image's /etc/passwd and /etc/group.
 * A name must be there; a number need not. With an explicit group there are no additional groups, as in docker.
 *
 * @throws ShaleError `USER_UNKNOWN`, `USER_ID_RANGE`
 */
export function resolveUser(user: string, passwd: string, group: string): UserIds {
  const [userPart = '', groupPart] = splitOnce(user);
  const entry = findUser(userPart === '' ? '0' : userPart, passwd);
  const groups = groupEntries(group);
  const gid = groupPart === undefined || groupPart === '' ? entry.gid : findGroup(groupPart, groups);
  const additional =
    groupPart === undefined ? groups.filter(g => entry.name !== '' && g.members.includes(entry.name)) : [];
  return { uid: entry.uid, gid, home: entry.home, additionalGids: [...new Set(additional.map(g => g.gid))] };
}

/**
 * Resolves the argument of `--chown`. A user without a group means the user's own group; a bare number means the
 * same number for both.
 *
 * @throws ShaleError `USER_UNKNOWN`, `USER_ID_RANGE`
 */
export function resolveOwner(owner: string, passwd: string, group: string): Ids {
  const [userPart = '', groupPart] = splitOnce(owner);
  const numeric = numericId(userPart);
  const entry = numeric === undefined ? findUser(userPart, passwd) : { uid: numeric, gid: numeric };
  const gid =
    groupPart === undefined || groupPart === '' ? entry.gid : findGroup(groupPart, groupEntries(group));
  return { uid: entry.uid, gid };
}

/** Whether an id has a name. */
export function hasUser(passwd: string, uid: number): boolean {
  return passwdEntries(passwd).some(entry => entry.uid === uid);
}

export function hasGroup(group: string, gid: number): boolean {
  return groupEntries(group).some(entry => entry.gid === gid);
}

/** A group by name or id. @throws ShaleError `USER_UNKNOWN`, `USER_ID_RANGE` */
export function resolveGroup(name: string, group: string): number {
  return findGroup(name, groupEntries(group));
}

function splitOnce(text: string): [string, string | undefined] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
}

/** A number that is out of range is an error; it is never taken for a name. */
function numericId(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (id > MAX_ID)
    throw new ShaleError('USER_ID_RANGE', `id ${text.slice(0, 40)} is out of range: at most ${MAX_ID}`);
  return id;
}

function findUser(text: string, passwd: string): PasswdEntry {
  const numeric = numericId(text);
  const entries = passwdEntries(passwd);
  const found = entries.find(entry => entry.name === text) ?? entries.find(entry => entry.uid === numeric);
  if (found !== undefined && (numeric === undefined || found.uid === numeric)) return found;
  if (numeric !== undefined) return { name: '', uid: numeric, gid: 0, home: '/' };
  throw new ShaleError('USER_UNKNOWN', `unable to find user ${text}: no matching entries in passwd file`);
}

function findGroup(text: string, groups: readonly GroupEntry[]): number {
  const numeric = numericId(text);
  if (numeric !== undefined) return numeric;
  const found = groups.find(entry => entry.name === text);
  if (found !== undefined) return found.gid;
  throw new ShaleError('USER_UNKNOWN', `unable to find group ${text}: no matching entries in group file`);
}

function fieldsOf(text: string): string[][] {
  const lines = text
    .split('\n')
    .filter(line => line.length <= MAX_LINE && line.trim() !== '' && !line.startsWith('#'));
  return lines.map(line => line.trim().split(':'));
}

function passwdEntries(text: string): PasswdEntry[] {
  return fieldsOf(text).flatMap(([name = '', , uid = '', gid = '', , home = '/']) => {
    const ids = [fileId(uid), fileId(gid)] as const;
    return ids[0] === undefined || ids[1] === undefined
      ? []
      : [{ name, uid: ids[0], gid: ids[1], home: home || '/' }];
  });
}

function groupEntries(text: string): GroupEntry[] {
  return fieldsOf(text).flatMap(([name = '', , id = '', members = '']) => {
    const gid = fileId(id);
    return gid === undefined ? [] : [{ name, gid, members: members.split(',').map(member => member.trim()) }];
  });
}

/** Ids in files that cannot be read or are out of range are passed over: the entry is as if it were not there. */
function fileId(text: string): number | undefined {
  return /^\d+$/.test(text) && Number(text) <= MAX_ID ? Number(text) : undefined;
}
