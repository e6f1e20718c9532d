import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { errnoCode, errorMessage, RegistryError } from '../util/errors.js';

/** What `certs.d` holds for one registry, in PEM. */
export interface CertificateFiles {
  authorities: string[];
  pairs: { cert: string; key: string }[];
}

const CERTS_D = ['/etc/containers/certs.d', '/etc/docker/certs.d'];

/** Directories that docker and podman read for a host. @param host with its port, if any */
export function certificateDirectories(host: string): string[] {
  // A host comes from a URL, so it holds no slash; `..` alone would still leave the directory.
  return /^\.*$/.test(host) ? [] : CERTS_D.map(base => join(base, host));
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return [];
    throw unreadable(directory, errorMessage(error));
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unreadable(path, errorMessage(error));
  }
}

function unreadable(path: string, reason: string): RegistryError {
  return new RegistryError('REGISTRY_CERTIFICATES', `certificates of ${path}: ${reason}`);
}

/**
 * Reads `*.crt` as authorities and `*.cert` with `*.key` of the same name as client pairs.
 * @throws RegistryError `REGISTRY_CERTIFICATES`
 * @see https://docs.docker.com/engine/security/certificates/
 */
export function readCertificates(directory: string): CertificateFiles {
  const names = list(directory);
  const pairOf = (name: string) => {
    const key = `${name.slice(0, -'.cert'.length)}.key`;
    if (!names.includes(key))
      throw unreadable(directory, `missing key ${key} for client certificate ${name}`);
    return { cert: read(join(directory, name)), key: read(join(directory, key)) };
  };
  return {
    authorities: names.filter(name => name.endsWith('.crt')).map(name => read(join(directory, name))),
    pairs: names.filter(name => name.endsWith('.cert')).map(pairOf),
  };
}

const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
];
let systemBundle: string[] | undefined;

/** The machine's authorities, as other tools on it trust them; Node's own list where there are none. */
export function systemAuthorities(env: Record<string, string | undefined>): string[] {
  systemBundle ??= readSystemBundle(env.SSL_CERT_FILE);
  return systemBundle;
}

function readSystemBundle(named: string | undefined): string[] {
  const path = named ?? SYSTEM_BUNDLES.find(candidate => existsSync(candidate));
  return path === undefined ? [...rootCertificates] : [read(path)];
}
