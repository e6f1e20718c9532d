import { type AuthFile, encodeAuthEntry, newAuthFile, readAuthFile, writeAuthFile } from './auth-file.js';
import { RegistryClient, type RegistryClientOptions } from './client.js';
import { helperErase, helperStore } from './credential-helper.js';
import { authKeys, loginFilePath, serverKey } from './credentials.js';

export interface LoginOptions extends Omit<RegistryClientOptions, 'domain' | 'credentials'> {
  /** login file instead of the one that the environment names */
  authFile?: string;
}

export interface LoginResult {
  /** the file that was written */
  path: string;
  /** the helper that keeps the secret; undefined: the file holds it, merely encoded */
  helper: string | undefined;
  /** what a person should know */
  warning: string | undefined;
}

type Env = Record<string, string | undefined>;

async function openLoginFile(authFile: string | undefined, env: Env): Promise<AuthFile> {
  const path = authFile ?? loginFilePath(env);
  return (await readAuthFile(path)) ?? newAuthFile(path);
}

function helperOf(file: AuthFile, domain: string): string | undefined {
  return file.credHelpers.get(domain) ?? file.credHelpers.get(serverKey(domain)) ?? file.credsStore;
}

/**
 * Verifies a user's secret at the registry and keeps it, in the helper that the login file names or in the file.
 *
 * @param domain as in a normalized reference: `docker.io`
 * @throws RegistryError `REGISTRY_UNAUTHORIZED` and others of RegistryClient; `REGISTRY_CREDENTIALS_HELPER`,
 * `REGISTRY_CREDENTIALS_FILE`
 */
export async function login(
  domain: string,
  username: string,
  secret: string,
  options: LoginOptions = {},
): Promise<LoginResult> {
  const { authFile, ...rest } = options;
  const env = options.env ?? process.env;
  const file = await openLoginFile(authFile, env);
  const client = new RegistryClient({
    ...rest,
    mirrors: [],
    domain,
    credentials: { username, password: secret },
  });
  try {
    await client.ping();
  } finally {
    await client.close();
  }
  const helper = helperOf(file, domain);
  if (helper !== undefined) await helperStore(helper, serverKey(domain), username, secret, env);
  file.auths.set(serverKey(domain), helper === undefined ? encodeAuthEntry(username, secret) : {});
  await writeAuthFile(file);
  const warning =
    helper === undefined
      ? `the secret is stored unencrypted in ${file.path}; a credential helper (credsStore) would protect it`
      : undefined;
  return { path: file.path, helper, warning };
}

/**
 * Forgets a registry's login.
 * @returns whether there was one
 * @throws RegistryError `REGISTRY_CREDENTIALS_HELPER`, `REGISTRY_CREDENTIALS_FILE`
 */
export async function logout(
  domain: string,
  options: Pick<LoginOptions, 'authFile' | 'env'> = {},
): Promise<boolean> {
  const env = options.env ?? process.env;
  const file = await openLoginFile(options.authFile, env);
  const helper = helperOf(file, domain);
  if (helper !== undefined) await helperErase(helper, serverKey(domain), env);
  const removed = authKeys(domain).filter(key => file.auths.delete(key));
  if (removed.length > 0) await writeAuthFile(file);
  return removed.length > 0 || helper !== undefined;
}

/**
 * Forgets every login that the file holds; a helper is asked to forget those that it keeps.
 * @throws RegistryError `REGISTRY_CREDENTIALS_HELPER`, `REGISTRY_CREDENTIALS_FILE`
 */
export async function logoutAll(options: Pick<LoginOptions, 'authFile' | 'env'> = {}): Promise<void> {
  const env = options.env ?? process.env;
  const file = await openLoginFile(options.authFile, env);
  for (const key of file.auths.keys()) {
    const helper = helperOf(file, key);
    if (helper !== undefined) await helperErase(helper, key, env);
  }
  if (file.auths.size === 0) return;
  file.auths.clear();
  await writeAuthFile(file);
}
