import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoCode, errorMessage, RegistryError } from '../util/errors.js';
import type { Credentials } from './types.js';

const MAX_FILE = 4 * 1024 * 1024;

/** What docker's `config.json` and podman's `auth.json` hold. Other fields are kept when it is written. */
export interface AuthFile {
  path: string;
  /** entries by key, as written */
  auths: Map<string, Record<string, unknown>>;
  credHelpers: Map<string, string>;
  credsStore: string | undefined;
  document: Record<string, unknown>;
}

function unusable(path: string, reason: string, cause?: unknown): RegistryError {
  return new RegistryError('REGISTRY_CREDENTIALS_FILE', `login file ${path}: ${reason}`, { cause });
}

/** @returns undefined where there is no such file. @throws RegistryError `REGISTRY_CREDENTIALS_FILE` */
export async function readAuthFile(path: string): Promise<AuthFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') return undefined;
    throw unusable(path, errorMessage(error), error);
  }
  if (text.length > MAX_FILE) throw unusable(path, 'too long');
  return parseAuthFile(path, text);
}

/** An empty file of this path, to be written. */
export function newAuthFile(path: string): AuthFile {
  return parseAuthFile(path, '{}');
}

function parseAuthFile(path: string, text: string): AuthFile {
  let document: unknown;
  try {
    document = text.trim() === '' ? {} : JSON.parse(text);
  } catch {
    // Not the parser's message: it quotes the text, which holds secrets.
    throw unusable(path, 'not valid JSON');
  }
  const { auths, credHelpers, credsStore } = record(document);
  const entries = Object.entries(record(auths)).map(([key, value]) => [key, record(value)] as const);
  const helpers = Object.entries(record(credHelpers)).filter(
    (e): e is [string, string] => typeof e[1] === 'string',
  );
  return {
    path,
    auths: new Map(entries),
    credHelpers: new Map(helpers),
    credsStore: typeof credsStore === 'string' && credsStore !== '' ? credsStore : undefined,
    document: record(document),
  };
}

function record(value: unknown): Record<string, unknown> {
  const plain = typeof value === 'object' && value !== null && !Array.isArray(value);
  return plain ? Object.assign(Object.create(null), value) : Object.create(null);
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Reads one entry of `auths`; undefined where it holds nothing (docker writes `{}` beside a credential store). */
export function decodeAuthEntry(entry: Record<string, unknown>): Credentials | undefined {
  const { username, password } = decodePair(nonEmpty(entry.auth));
  const credentials: Credentials = {
    username: nonEmpty(entry.username) ?? username,
    password: nonEmpty(entry.password) ?? password,
    identityToken: nonEmpty(entry.identitytoken),
    registryToken: nonEmpty(entry.registrytoken),
  };
  return Object.values(credentials).some(value => value !== undefined) ? credentials : undefined;
}

function decodePair(auth: string | undefined): Credentials {
  if (auth === undefined) return {};
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  // docker pads with NUL bytes.
  return colon < 0
    ? {}
    : { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') };
}

export function encodeAuthEntry(username: string, secret: string): Record<string, unknown> {
  return { auth: Buffer.from(`${username}:${secret}`).toString('base64') };
}

/** Writes the file anew, readable by its owner alone, in one rename. @throws RegistryError `REGISTRY_CREDENTIALS_FILE` */
export async function writeAuthFile(file: AuthFile): Promise<void> {
  const document = { ...file.document, auths: Object.fromEntries(file.auths) };
  try {
    await mkdir(dirname(file.path), { recursive: true, mode: 0o700 });
    // Through a symbolic link, so that a file kept elsewhere stays there.
    const path = await realpath(file.path).catch(() => file.path);
    await replaceFile(path, `${JSON.stringify(document, null, '\t')}\n`);
  } catch (error) {
    throw unusable(file.path, errorMessage(error), error);
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.${randomBytes(8).toString('hex')}.tmp`);
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
