import type { RegistryOptions } from '../api/options.js';
import { hostPlatform, type Platform, parsePlatform } from '../oci/index.js';
import { type FlagSpec, type Flags, invalidArgument } from './flags.js';
import { REGISTRY_FLAGS, registryOptions } from './registry-flags.js';

/** What skopeo's commands take of a registry beside what every command takes. */
const MORE: FlagSpec[] = [
  { name: 'no-creds', kind: 'bool', help: 'Show no credentials' },
  { name: 'registry-token', kind: 'string', value: 'TOKEN', help: 'Bearer token, instead of credentials' },
  { name: 'username', kind: 'string', value: 'NAME', help: 'User name, with --password' },
  {
    name: 'password',
    kind: 'string',
    value: 'SECRET',
    help: 'Password; visible to others in the process list',
  },
];

const SHARED: FlagSpec[] = [
  { name: 'authfile', kind: 'string', value: 'FILE', help: 'Logins (default those of docker and podman)' },
  {
    name: 'retry-times',
    kind: 'string',
    value: 'NUMBER',
    help: 'How often a request is repeated that failed for a moment (default 4)',
  },
  {
    name: 'retry-delay',
    kind: 'string',
    value: 'SECONDS',
    help: 'Before the first repetition (default 0.5)',
  },
];

/** Flags of a command that speaks with one registry, as skopeo has them. */
export const REMOTE_FLAGS: FlagSpec[] = [...REGISTRY_FLAGS, ...MORE, ...SHARED];

/** The same flags for one side of a copy. @param side `src` or `dest` */
export function sideFlags(side: 'src' | 'dest'): FlagSpec[] {
  const where = side === 'src' ? 'source' : 'destination';
  const own: FlagSpec[] = [...REGISTRY_FLAGS, ...MORE, ...SHARED.filter(({ name }) => name === 'authfile')];
  return own.map(flag => ({ ...flag, name: `${side}-${flag.name}`, help: `${flag.help}, for the ${where}` }));
}

/** What both sides of a copy share. */
export const BOTH_SIDES: FlagSpec[] = SHARED;

export function remoteOptions(flags: Flags, side?: 'src' | 'dest'): RegistryOptions {
  const prefix = side === undefined ? '' : `${side}-`;
  const text = (name: string): string | undefined => flags.string(`${prefix}${name}`);
  const options = registryOptions(flags, prefix);
  const [username, password] = [text('username'), text('password')];
  if ((username === undefined) !== (password === undefined))
    throw invalidArgument(username ?? '', `--${prefix}username`, 'user name and password go together');
  return {
    ...options,
    ...(username === undefined || password === undefined ? {} : { credentials: { username, password } }),
    registryToken: text('registry-token'),
    anonymous: flags.bool(`${prefix}no-creds`),
    authFile: text('authfile') ?? flags.string('authfile'),
    retries: numberOf(flags, 'retry-times'),
    retryDelay: secondsOf(flags),
  };
}

function numberOf(flags: Flags, name: string): number | undefined {
  const text = flags.string(name);
  if (text === undefined) return undefined;
  if (/^\d{1,3}$/.test(text)) return Number(text);
  throw invalidArgument(text, `--${name}`, 'a number from 0 to 999');
}

/** `5s` and `500ms` as Go writes durations, or plain seconds. @returns milliseconds */
function secondsOf(flags: Flags): number | undefined {
  const text = flags.string('retry-delay');
  if (text === undefined) return undefined;
  const [, number, unit] = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m)?$/.exec(text) ?? [];
  if (number === undefined) throw invalidArgument(text, '--retry-delay', 'seconds, as in 2 or 500ms');
  return Number(number) * (unit === 'ms' ? 1 : unit === 'm' ? 60_000 : 1000);
}

/** Which image of a list. */
export const PLATFORM_CHOICE: FlagSpec[] = [
  {
    name: 'platform',
    kind: 'string',
    value: 'OS/ARCH',
    help: 'Which image of a list (default this machine)',
  },
];

export const OVERRIDES: FlagSpec[] = [
  { name: 'override-os', kind: 'string', value: 'OS', help: 'Operating system of the image of a list' },
  { name: 'override-arch', kind: 'string', value: 'ARCH', help: 'Architecture of the image of a list' },
  { name: 'override-variant', kind: 'string', value: 'VARIANT', help: 'Variant of that architecture' },
];

/** @throws OciError `OCI_PLATFORM_INVALID` */
export function platformChoice(flags: Flags): Platform {
  const whole = flags.string('platform');
  const base = whole === undefined ? hostPlatform() : parsePlatform(whole);
  const [os, architecture, variant] = ['os', 'arch', 'variant'].map(name => flags.string(`override-${name}`));
  return {
    ...base,
    ...(os === undefined ? {} : { os }),
    // another architecture has not this one's variant
    ...(architecture === undefined ? {} : { architecture, variant: undefined }),
    ...(variant === undefined ? {} : { variant }),
  };
}
