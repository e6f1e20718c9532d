import { SandboxError } from '../util/errors.js';
import type { Ids } from '../util/passwd.js';

/** `count` ids from `inside` on in the namespace are the ids from `outside` on outside. */
export interface IdRange {
  inside: number;
  outside: number;
  count: number;
}

export interface IdMap {
  /** `range`: as many ids as an image needs; `single`: only root; `identity`: the caller's own ids, nested */
  kind: 'range' | 'single' | 'identity';
  uids: IdRange[];
  gids: IdRange[];
  /** the maps are written by newuidmap and newgidmap */
  helpers: boolean;
  /** an unprivileged writer of a gid map gives setgroups up, user_namespaces(7) */
  denySetgroups: boolean;
  /** what the caller is inside where that is not root: the caller stays it, with all capabilities */
  own?: Ids;
  why?: string;
  hint?: string;
}

/** What the decision rests on, all of it read by the caller. */
export interface IdMapInput {
  uid: number;
  gid: number;
  /** undefined for an id that has no name */
  user?: string;
  /** texts of /etc/subuid, /etc/subgid, /proc/self/uid_map, /proc/self/gid_map */
  subuid: string;
  subgid: string;
  ownUids: string;
  ownGids: string;
  /** newuidmap and newgidmap are installed */
  helpers: boolean;
  /** the caller is root of a session, whose ids are those of containers already */
  session?: boolean;
}

/** Far above the ids that distributions give to people and that systemd gives to containers. */
const ROOT_RANGE = { outside: 2_000_000_000, count: 65_535 };
/** The kernel takes 340 lines; more ranges than this nobody has on purpose. */
const MAX_RANGES = 15;

interface SubordinateRange {
  start: number;
  count: number;
}

/**
 * The ranges that a line `name:start:count` or `uid:start:count` of /etc/subuid or /etc/subgid gives to a user.
 * @see subuid(5)
 */
export function parseSubordinateIds(text: string, uid: number, user?: string): SubordinateRange[] {
  const ranges: SubordinateRange[] = [];
  for (const line of text.split('\n')) {
    const [owner, start, count, ...rest] = line.trim().split(':');
    if (owner === undefined || start === undefined || count === undefined || rest.length > 0) continue;
    if (owner !== user && owner !== String(uid)) continue;
    if (!/^\d{1,10}$/.test(start) || !/^\d{1,10}$/.test(count) || Number(count) === 0) continue;
    ranges.push({ start: Number(start), count: Number(count) });
  }
  return ranges.slice(0, MAX_RANGES);
}

/** Lines `inside outside count` of a /proc/PID/uid_map. */
export function parseIdMap(text: string): IdRange[] {
  return text
    .split('\n')
    .map(line => line.trim().split(/\s+/).map(Number))
    .flatMap(([inside, outside, count]) =>
      inside === undefined || outside === undefined || count === undefined
        ? []
        : [{ inside, outside, count }],
    );
}

/** The first part of a range that our own map knows, or undefined. A nested namespace knows few ids. */
function clip(range: SubordinateRange, own: IdRange[]): SubordinateRange | undefined {
  const home = own.find(map => range.start >= map.inside && range.start < map.inside + map.count);
  if (home === undefined) return undefined;
  return { start: range.start, count: Math.min(range.count, home.inside + home.count - range.start) };
}

/** Root is `first` outside; the ids from 1 on are the ranges, one after the other. */
function mapRanges(first: number, ranges: SubordinateRange[], own: IdRange[]): IdRange[] | undefined {
  const map: IdRange[] = [{ inside: 0, outside: first, count: 1 }];
  let next = 1;
  for (const range of ranges) {
    const usable = clip(range, own);
    if (usable === undefined) continue;
    map.push({ inside: next, outside: usable.start, count: usable.count });
    next += usable.count;
  }
  return map.length > 1 ? map : undefined;
}

function single(input: IdMapInput, why: string, hint?: string): IdMap {
  return {
    kind: 'single',
    uids: [{ inside: 0, outside: input.uid, count: 1 }],
    gids: [{ inside: 0, outside: input.gid, count: 1 }],
    helpers: false,
    denySetgroups: true,
    why,
    hint,
  };
}

function mapForRoot(input: IdMapInput): IdMap {
  const high = [{ start: ROOT_RANGE.outside, count: ROOT_RANGE.count }];
  const ownUids = parseIdMap(input.ownUids);
  const ownGids = parseIdMap(input.ownGids);
  const uidRanges = parseSubordinateIds(input.subuid, 0, input.user);
  const gidRanges = parseSubordinateIds(input.subgid, 0, input.user);
  const uids = mapRanges(0, uidRanges, ownUids) ?? mapRanges(0, high, ownUids);
  const gids = mapRanges(0, gidRanges, ownGids) ?? mapRanges(0, high, ownGids);
  if (uids && gids && !input.session)
    return { kind: 'range', uids, gids, helpers: false, denySetgroups: false };
  const same = (own: IdRange[]) => own.map(map => ({ ...map, outside: map.inside }));
  if (countIds(ownUids) <= 1 || countIds(ownGids) <= 1) {
    return single(input, 'this is root of a user namespace that has only one id');
  }
  const why =
    'no ids above those of the surrounding user namespace: containers use the same ids as the caller';
  return {
    kind: 'identity',
    uids: same(ownUids),
    gids: same(ownGids),
    helpers: false,
    denySetgroups: false,
    why,
  };
}

function mapForUser(input: IdMapInput): IdMap {
  const who = input.user ?? String(input.uid);
  const uids = mapRanges(
    input.uid,
    parseSubordinateIds(input.subuid, input.uid, input.user),
    parseIdMap(input.ownUids),
  );
  const gids = mapRanges(
    input.gid,
    parseSubordinateIds(input.subgid, input.uid, input.user),
    parseIdMap(input.ownGids),
  );
  if (!uids || !gids) {
    const file = uids ? '/etc/subgid' : '/etc/subuid';
    const hint = `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${who}`;
    return single(input, `${file} gives no ids to ${who}`, hint);
  }
  if (!input.helpers)
    return single(input, 'newuidmap and newgidmap are not installed', 'apt-get install uidmap');
  return { kind: 'range', uids, gids, helpers: true, denySetgroups: false };
}

/** Decides which ids the containers have. */
export function chooseIdMap(input: IdMapInput): IdMap {
  return input.uid === 0 ? mapForRoot(input) : mapForUser(input);
}

/**
 * The map in which the caller is not root but has other ids; the ids below and above come from the same ranges. Where
 * there is one id alone it stays root's: a program gets its number then when it starts.
 *
 * @throws SandboxError `SANDBOX_USERNS` for root, here or in a session
 */
export function keepIdMap(map: IdMap, own: Ids | undefined): IdMap {
  if (own === undefined || map.kind === 'single' || (own.uid === 0 && own.gid === 0)) return map;
  if (!map.helpers)
    throw new SandboxError(
      'SANDBOX_USERNS',
      'containers with --userns=keep-id are for a user who is not root',
      {
        hint: 'as the user who made the container, and outside of a session',
      },
    );
  return { ...map, uids: keepOwn(map.uids, own.uid), gids: keepOwn(map.gids, own.gid), own };
}

/** @param ranges the first is the caller's single id */
function keepOwn([first, ...others]: IdRange[], own: number): IdRange[] {
  if (first === undefined) return [];
  const moved = others.flatMap(({ inside, outside, count }): IdRange[] => {
    // the ids from 1 on move down to 0, and those from `own` on are where they were
    const below = Math.min(count, Math.max(0, own + 1 - inside));
    return [
      { inside: inside - 1, outside, count: below },
      { inside: inside + below, outside: outside + below, count: count - below },
    ].filter(range => range.count > 0);
  });
  return [{ ...first, inside: own }, ...moved];
}

/** Trees are of one family where the ids of their files mean the same; undefined: that of the usual map. */
export function treeFamily({ own }: IdMap): string | undefined {
  return own && `keep-id ${own.uid}:${own.gid}`;
}

export function countIds(map: IdRange[]): number {
  return map.reduce((sum, range) => sum + range.count, 0);
}

/** Arguments of `shale-runner userns`: a new user namespace, or that of the process `join`, whose map is the same. */
export function namespaceArguments(map: IdMap, join?: number): string[] {
  if (join !== undefined) return ['--join', String(join), ...(map.denySetgroups ? ['--deny-setgroups'] : [])];
  const ranges = (flag: string, list: IdRange[]) =>
    list.flatMap(({ inside, outside, count }) => [flag, String(inside), String(outside), String(count)]);
  return [
    ...ranges('--uid', map.uids),
    ...ranges('--gid', map.gids),
    ...(map.helpers ? ['--helpers'] : []),
    ...(map.denySetgroups ? ['--deny-setgroups'] : []),
    ...(map.own === undefined ? [] : ['--stay']),
  ];
}

/** True when the id exists inside. */
export function isMapped(map: IdRange[], id: number): boolean {
  return map.some(range => id >= range.inside && id < range.inside + range.count);
}
