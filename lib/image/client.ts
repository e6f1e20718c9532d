import {
  type Credentials,
  type CredentialsProvider,
  type OnRegistryEvent,
  RegistryClient,
  type RetryPolicy,
} from '../registry/index.js';

/** How to speak with registries; every operation on them takes these. */
export interface RegistryAccess {
  /** false: plain HTTP and unverified certificates are accepted */
  tlsVerify?: boolean;
  /** directory with `*.crt` (CAs) and `*.cert`/`*.key` (client certificate) */
  certDir?: string;
  /** instead of what login stored */
  credentials?: Credentials;
  retry?: Partial<RetryPolicy>;
  signal?: AbortSignal;
  onEvent?: OnRegistryEvent;
}

/**
 * Runs `work` with a client of one registry and closes it.
 *
 * @param stored finds the credentials that login stored; used where `access` brings none
 */
export async function withClient<T>(
  domain: string,
  access: RegistryAccess,
  stored: CredentialsProvider,
  work: (client: RegistryClient) => Promise<T>,
): Promise<T> {
  const client = new RegistryClient({
    domain,
    credentials: access.credentials ?? stored,
    tls: { verify: access.tlsVerify, certDir: access.certDir },
    retry: access.retry,
    signal: access.signal,
    onProgress: access.onEvent,
  });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
