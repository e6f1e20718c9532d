import { normalizeReference } from '../oci/index.js';
import {
  type LoginResult,
  login as loginAt,
  logoutAll as logoutEverywhere,
  logout as logoutFrom,
  storedCredentials,
} from '../registry/index.js';
import { RegistryError } from '../util/errors.js';
import type { RegistryOptions, ShaleOptions } from './options.js';

/** The registry that a server name on the command line means: `https://index.docker.io/v1/` and nothing are Docker Hub. */
function domainOf(server: string): string {
  const host = server.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return /^(index\.|registry-1\.)?docker\.io$/.test(host)
    ? 'docker.io'
    : normalizeReference(`${host}/x`).domain;
}

/** Verifies credentials at a registry and keeps them where docker keeps them. @throws RegistryError */
export function login(
  options: ShaleOptions &
    Omit<RegistryOptions, 'credentials'> & { server: string; username: string; password: string },
): Promise<LoginResult> {
  const { server, username, password, tlsVerify, certDir, authFile, signal } = options;
  const tls = { verify: tlsVerify, certDir };
  return loginAt(domainOf(server), username, password, { tls, authFile, signal });
}

/** Forgets a registry's login. @returns whether there was one */
export function logout(options: { server: string; authFile?: string }): Promise<boolean> {
  return logoutFrom(domainOf(options.server), { authFile: options.authFile });
}

/** Forgets every login of the file. */
export function logoutAll(options: { authFile?: string } = {}): Promise<void> {
  return logoutEverywhere(options);
}

/** The user name under which a registry is logged in to. @throws RegistryError `REGISTRY_NO_LOGIN` */
export async function whoIsLoggedIn(options: { server: string; authFile?: string }): Promise<string> {
  const { server, authFile } = options;
  const env = authFile === undefined ? process.env : { ...process.env, REGISTRY_AUTH_FILE: authFile };
  const { username } = (await storedCredentials(env)(domainOf(server))) ?? {};
  if (username !== undefined) return username;
  throw new RegistryError('REGISTRY_NO_LOGIN', `not logged into ${server}`);
}
