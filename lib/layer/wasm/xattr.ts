import { spawnSync } from 'node:child_process';
import type { RawFailure } from '../failure.js';
import type { BytePath } from '../types.js';

export type Xattrs = Record<string, string>;

const PRIVATE =
  /^(?:user\.overlay\.|trusted\.overlay\.|user\.fuseoverlayfs\.|user\.containers\.override_stat)/;
const LOCAL = new Set(['security.selinux', 'system.nfs4_acl', 'security.ima', 'security.evm']);
const OPAQUE = ['user.overlay.opaque', 'trusted.overlay.opaque', 'user.fuseoverlayfs.opaque'];

/** What a storage driver put there for itself, or belongs to one machine: it neither enters nor leaves a layer. */
export function isPrivateXattr(name: string): boolean {
  return PRIVATE.test(name) || LOCAL.has(name);
}

export function isOpaqueMarker(xattrs: Xattrs | undefined): boolean {
  return xattrs !== undefined && OPAQUE.some(name => xattrs[name] === 'y');
}

/** Drops private attributes, and takes the namespace out of file capabilities (v3 to v2, capabilities(7)). */
export function makePortable(xattrs: Xattrs | undefined): Xattrs | undefined {
  if (xattrs === undefined) return undefined;
  const kept: Xattrs = Object.create(null);
  for (const [name, value] of Object.entries(xattrs)) {
    if (isPrivateXattr(name)) continue;
    const isV3 = name === 'security.capability' && value.length === 24 && value.charCodeAt(3) === 3;
    kept[name] = isV3 ? `${value.slice(0, 3)}\x02${value.slice(4, 20)}` : value;
  }
  return Object.keys(kept).length > 0 ? kept : undefined;
}

/**
 * All extended attributes below `root`, by path: one run of getfattr(1), because Node cannot read them.
 * @throws RawFailure `LAYER_XATTR_UNREADABLE` without the program
 */
export function readTreeXattrs(root: string): Map<BytePath, Xattrs> {
  const dump = spawnSync('getfattr', ['-R', '-P', '-h', '-d', '-m', '-', '-e', 'base64', '.'], {
    cwd: root,
    maxBuffer: 1 << 30,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (dump.error !== undefined) {
    const failure: RawFailure = {
      code: 'LAYER_XATTR_UNREADABLE',
      message: 'extended attributes cannot be read: neither the addon nor getfattr (package attr) is there',
    };
    throw failure;
  }
  return parseDump(dump.stdout.toString('latin1'));
}

function parseDump(text: string): Map<BytePath, Xattrs> {
  const found = new Map<BytePath, Xattrs>();
  let current: Xattrs = Object.create(null);
  for (const line of text.split('\n')) {
    if (line.startsWith('# file: ')) {
      current = Object.create(null);
      found.set(unquote(line.slice(8)).replace(/^\.(?:\/|$)/, ''), current);
    } else if (line !== '') {
      const equals = line.indexOf('=0s');
      const name = equals < 0 ? line.replace(/=$/, '') : line.slice(0, equals);
      current[unquote(name)] =
        equals < 0 ? '' : Buffer.from(line.slice(equals + 3), 'base64').toString('latin1');
    }
  }
  return found;
}

/** getfattr writes bytes that would break its lines as three octal digits. */
function unquote(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/**
 * Sets one attribute through setfattr(1).
 * @param path as another program can open it; links are not followed
 * @returns false when the system refuses it or the program is missing
 */
export function setXattr(path: Buffer, name: string, value: string): boolean {
  const hex = `0x${Buffer.from(value, 'latin1').toString('hex')}`;
  // Node makes UTF-8 of arguments: a path that is not UTF-8 goes through the dump format, with octal escapes.
  const quoted = path
    .toString('latin1')
    .replace(/[^A-Za-z0-9/._-]/g, c => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);
  const input = Buffer.from(`# file: ${quoted}\n${name}=${hex}\n`, 'latin1');
  const result = spawnSync('setfattr', ['-h', '--restore=-'], { input, stdio: ['pipe', 'ignore', 'ignore'] });
  return result.status === 0;
}
