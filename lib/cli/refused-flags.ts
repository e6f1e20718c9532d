import type { FlagSpec } from './flags.js';

/** A flag of docker's or its neighbours' that cannot mean anything here: why, and what does. */
export function refused(name: string, kind: FlagSpec['kind'], why: string, instead?: string): FlagSpec {
  return { name, kind, help: `Not supported: ${why}`, hidden: true, refused: { why, instead } };
}

/** Flags that say what is so anyway. */
export function accepted(name: string, kind: FlagSpec['kind'], help: string, short?: string): FlagSpec {
  return { name, short, kind, help: `Accepted: ${help}`, hidden: true };
}

/** Podman's and buildah's ways to sign and to encrypt. */
export const SIGNING_FLAGS: readonly FlagSpec[] = [
  'sign-by',
  'sign-by-sigstore',
  'sign-by-sigstore-private-key',
].map(name =>
  refused(name, 'string', 'signatures are not made', 'sign what was pushed, by its digest (--digestfile)'),
);

export const ENCRYPTION_FLAGS: readonly FlagSpec[] = [
  refused('encryption-key', 'list', 'layers are not encrypted'),
  refused('encrypt-layer', 'list', 'layers are not encrypted'),
];
