import type { RegistryOptions } from '../api/options.js';
import { hostPlatform, type Platform, parsePlatform } from '../oci/index.js';
import { type FlagSpec, type Flags, invalidArgument } from './flags.js';
import { ENDPOINT_FLAGS, registryOptions, retryFlags } from './registry-flags.js';

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

/** Flags of a command that speaks with one registry, as skopeo has them. */
export const REMOTE_FLAGS: FlagSpec[] = [...ENDPOINT_FLAGS, ...MORE, ...retryFlags('retry-times')];

/** The same flags for one side of a copy. @param side `src` or `dest` */
export function sideFlags(side: 'src' | 'dest'): FlagSpec[] {
  const where = side === 'src' ? 'source' : 'destination';
  const own = [...ENDPOINT_FLAGS, ...MORE];
  return own.map(flag => ({ ...flag, name: `${side}-${flag.name}`, help: `${flag.help}, for the ${where}` }));
}

/** What both sides of a copy share. */
export const BOTH_SIDES: FlagSpec[] = [
  ...ENDPOINT_FLAGS.filter(({ name }) => name === 'authfile'),
  ...retryFlags('retry-times'),
];

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
    authFile: options.authFile ?? flags.string('authfile'),
  };
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
