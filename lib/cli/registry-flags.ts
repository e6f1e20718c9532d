import type { RegistryOptions } from '../api/options.js';
import { normalizeReference, type Reference, withDefaultTag } from '../oci/index.js';
import { UsageError } from '../util/errors.js';
import type { Invocation } from './command.js';
import { type FlagSpec, type Flags, invalidArgument } from './flags.js';

/** What one registry is to be shown. */
export const ENDPOINT_FLAGS: FlagSpec[] = [
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
  { name: 'authfile', kind: 'string', value: 'FILE', help: 'Logins (default those of docker and podman)' },
];

const RETRY_DELAY: FlagSpec = {
  name: 'retry-delay',
  kind: 'string',
  value: 'SECONDS',
  help: 'Before the first repetition (default 0.5)',
};

/** @param name podman's and skopeo's are two */
export function retryFlags(name: 'retry' | 'retry-times'): FlagSpec[] {
  const help = 'How often a request is repeated that failed for a moment (default 4)';
  return [{ name, kind: 'string', value: 'NUMBER', help }, RETRY_DELAY];
}

/** Flags of every command that speaks with a registry. */
export const REGISTRY_FLAGS: FlagSpec[] = [...ENDPOINT_FLAGS, ...retryFlags('retry')];

/** @param prefix of the flags' names, where a command speaks with two registries: `src-` */
export function registryOptions(flags: Flags, prefix = ''): RegistryOptions {
  const tls = `${prefix}tls-verify`;
  return {
    tlsVerify: flags.has(tls) ? flags.bool(tls) : undefined,
    certDir: flags.string(`${prefix}cert-dir`),
    credentials: credentials(flags.string(`${prefix}creds`), `--${prefix}creds`),
    authFile: flags.string(`${prefix}authfile`),
    ...retries(flags),
  };
}

function retries(flags: Flags): Pick<RegistryOptions, 'retries' | 'retryDelay'> {
  const name = flags.knows('retry-times') ? 'retry-times' : 'retry';
  const text = flags.knows(name) ? flags.string(name) : undefined;
  if (text === undefined) return flags.knows('retry-delay') ? { retryDelay: delay(flags) } : {};
  if (!/^\d{1,3}$/.test(text)) throw invalidArgument(text, `--${name}`, 'a number from 0 to 999');
  return { retries: Number(text), retryDelay: delay(flags) };
}

/** `5s` and `500ms` as Go writes durations, or plain seconds. @returns milliseconds */
function delay(flags: Flags): number | undefined {
  const text = flags.string('retry-delay');
  if (text === undefined) return undefined;
  const [, number, unit] = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m)?$/.exec(text) ?? [];
  if (number === undefined) throw invalidArgument(text, '--retry-delay', 'seconds, as in 2 or 500ms');
  return Number(number) * (unit === 'ms' ? 1 : unit === 'm' ? 60_000 : 1000);
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
