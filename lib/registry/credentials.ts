import { homedir } from 'node:os';
import { join } from 'node:path';
import { type AuthFile, decodeAuthEntry, readAuthFile } from './auth-file.js';
import { helperGet } from './credential-helper.js';
import type { Credentials, CredentialsProvider } from './types.js';

type Env = Record<string, string | undefined>;

/** The key under which docker keeps the login of Docker Hub. */
const HUB_KEY = 'https://index.docker.io/v1/';

/** How helpers are asked about a registry, and how docker's file names it. */
export function serverKey(domain: string): string {
  return domain === 'docker.io' ? HUB_KEY : domain;
}

/** The file that `login` writes: `REGISTRY_AUTH_FILE`, else docker's. */
export function loginFilePath(env: Env): string {
  if (env.REGISTRY_AUTH_FILE) return env.REGISTRY_AUTH_FILE;
  return join(env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker'), 'config.json');
}

/** The files that are read, first hit wins. */
function authFilePaths(env: Env): string[] {
  const paths = [loginFilePath(env)];
  if (!env.REGISTRY_AUTH_FILE && env.XDG_RUNTIME_DIR)
    paths.push(join(env.XDG_RUNTIME_DIR, 'containers', 'auth.json'));
  return paths;
}

/**
 * Keys of `auths` that name exactly this registry or a namespace of it, most exact first. Never a similar host:
 * CVE-2021-41092 sent one registry's secret to another.
 */
export function authKeys(domain: string, repository?: string): string[] {
  const parts = repository?.split('/') ?? [];
  const namespaces = parts.map((_, i) => [domain, ...parts.slice(0, parts.length - i)].join('/'));
  const legacy = ['', '/', '/v1', '/v1/', '/v2', '/v2/'].flatMap(end => [
    `https://${domain}${end}`,
    `http://${domain}${end}`,
  ]);
  const hub = domain === 'docker.io' ? [HUB_KEY, ...authKeys('index.docker.io')] : [];
  return [...namespaces, domain, ...hub, ...legacy];
}

type AskHelper = (name: string, server: string) => Promise<Credentials | undefined>;

async function findInFile(file: AuthFile, domain: string, repository: string | undefined, ask: AskHelper) {
  const key = serverKey(domain);
  const helper = file.credHelpers.get(domain) ?? file.credHelpers.get(key);
  // A registry's own helper decides alone: its failure must not lead to another secret.
  if (helper !== undefined) return ask(helper, key);
  const stored = file.credsStore === undefined ? undefined : await ask(file.credsStore, key);
  if (stored !== undefined) return stored;
  for (const candidate of authKeys(domain, repository)) {
    const entry = file.auths.get(candidate);
    const credentials = entry === undefined ? undefined : decodeAuthEntry(entry);
    if (credentials !== undefined) return credentials;
  }
  return undefined;
}

/** A function that computes each key once. */
function remember<A extends string[], T>(compute: (...key: A) => Promise<T>): (...key: A) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (...key) => {
    const name = JSON.stringify(key);
    const value = known.get(name) ?? compute(...key);
    known.set(name, value);
    return value;
  };
}

/**
 * Credentials as docker and podman keep them: `REGISTRY_AUTH_FILE`, or `DOCKER_CONFIG`/`~/.docker` `config.json` and then
 * podman's `auth.json`; entries of a namespace before those of the host; helpers where the file names them. What was
 * found stays known for the life of the provider, and a helper runs once per registry.
 *
 * The provider throws RegistryError `REGISTRY_CREDENTIALS_FILE`, `REGISTRY_CREDENTIALS_HELPER`.
 *
 * @see https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md
 */
export function storedCredentials(env: Env = process.env): CredentialsProvider {
  const ask = remember((name: string, server: string) => helperGet(name, server, env));
  const find = remember((domain: string, repository: string) =>
    findCredentials(env, domain, repository, ask),
  );
  return (domain, repository = '') => find(domain, repository);
}

async function findCredentials(env: Env, domain: string, repository: string, ask: AskHelper) {
  for (const path of authFilePaths(env)) {
    const file = await readAuthFile(path);
    const found =
      file === undefined ? undefined : await findInFile(file, domain, repository || undefined, ask);
    if (found !== undefined) return found;
  }
  return undefined;
}
