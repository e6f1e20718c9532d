import type { RegistryOptions } from '../api/options.js';
import { normalizeReference, type Reference, withDefaultTag } from '../oci/index.js';
import { UsageError } from '../util/errors.js';
import type { Invocation } from './command.js';
import type { FlagSpec, Flags } from './flags.js';

/** Flags of every command that speaks with a registry. */
export const REGISTRY_FLAGS: FlagSpec[] = [
  { name: 'tls-verify', kind: 'bool', help: 'Check certificates and refuse plain HTTP (default true)' },
  {
    name: 'cert-dir',
    kind: 'string',
    value: 'DIR',
    help: 'Directory with *.crt (CAs), *.cert and *.key (client)',
  },
  {
    name: 'creds',
    kind: 'string',
    value: 'USER:PASSWORD',
    help: 'Credentials, instead of those that login stored',
  },
];

/** @param prefix of the flags' names, where a command speaks with two registries: `src-` */
export function registryOptions(flags: Flags, prefix = ''): RegistryOptions {
  const tls = `${prefix}tls-verify`;
  return {
    tlsVerify: flags.has(tls) ? flags.bool(tls) : undefined,
    certDir: flags.string(`${prefix}cert-dir`),
    credentials: credentials(flags.string(`${prefix}creds`), `--${prefix}creds`),
  };
}

function credentials(text: string | undefined, flag: string): RegistryOptions['credentials'] {
  if (text === undefined) return undefined;
  const colon = text.indexOf(':');
  if (colon < 0) throw new UsageError('USAGE_FLAG_VALUE', `${flag} needs USER:PASSWORD`);
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** The image that a command's operand names, with docker's line where `latest` is meant without being said. */
export function taggedOperand({ flags, operands }: Invocation): Reference {
  const written = normalizeReference(operands[0] ?? '');
  const reference = withDefaultTag(written);
  if (reference !== written && !flags.bool('quiet')) process.stdout.write('Using default tag: latest\n');
  return reference;
}

/** The repository that the operand beside `--all-tags` names. @throws UsageError `USAGE_ARGUMENTS` */
export function repositoryOperand({ operands }: Invocation): Reference {
  const reference = normalizeReference(operands[0] ?? '');
  if (reference.tag === undefined && reference.digest === undefined) return reference;
  throw new UsageError('USAGE_ARGUMENTS', "tag can't be used with --all-tags/-a");
}
