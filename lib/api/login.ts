import { normalizeReference } from '../oci/index.js';
import { type LoginResult, login as loginAt, logout as logoutFrom } from '../registry/index.js';
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
  const { server, username, password, tlsVerify, certDir, signal } = options;
  return loginAt(domainOf(server), username, password, { tls: { verify: tlsVerify, certDir }, signal });
}

/** Forgets a registry's login. @returns whether there was one */
export function logout(options: { server: string }): Promise<boolean> {
  return logoutFrom(domainOf(options.server));
}
