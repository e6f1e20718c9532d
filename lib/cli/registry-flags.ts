import type { RegistryOptions } from '../api/options.js';
import { UsageError } from '../util/errors.js';
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

export function registryOptions(flags: Flags): RegistryOptions {
  return {
    tlsVerify: flags.has('tls-verify') ? flags.bool('tls-verify') : undefined,
    certDir: flags.string('cert-dir'),
    credentials: credentials(flags.string('creds')),
  };
}

function credentials(text: string | undefined): RegistryOptions['credentials'] {
  if (text === undefined) return undefined;
  const colon = text.indexOf(':');
  if (colon < 0) throw new UsageError('USAGE_FLAG_VALUE', '--creds needs USER:PASSWORD');
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
