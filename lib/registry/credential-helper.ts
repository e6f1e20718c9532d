import { execa } from 'execa';
import { RegistryError } from '../util/errors.js';
import { safeText } from './text.js';
import type { Credentials } from './types.js';

/** milliseconds: some helpers ask a cloud */
const TIME_LIMIT = 30_000;
const MAX_OUTPUT = 1024 * 1024;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
/** The user name under which a helper hands out an OAuth2 refresh token. */
const TOKEN_USER = '<token>';

type Env = Record<string, string | undefined>;
type Action = 'get' | 'store' | 'erase';

/**
 * Runs `docker-credential-NAME` without a shell. Its output may hold secrets, so it never gets into an error.
 * @see https://github.com/docker/docker-credential-helpers
 */
async function runHelper(name: string, action: Action, input: string, env: Env): Promise<string | undefined> {
  // A name with a slash would run any program that a config file points at.
  if (!NAME.test(name)) throw helperError(name, 'its name is not one of a program in PATH');
  const result = await execa(`docker-credential-${name}`, [action], {
    input,
    env,
    extendEnv: false,
    reject: false,
    timeout: TIME_LIMIT,
    maxBuffer: MAX_OUTPUT,
    stripFinalNewline: true,
  });
  if (!result.failed) return result.stdout;
  if (action !== 'store' && /credentials not found/i.test(result.stdout ?? '')) return undefined;
  throw helperError(name, failure(result));
}

function failure(result: { timedOut: boolean; exitCode?: number; signal?: string; code?: string }): string {
  if (result.timedOut) return `no answer within ${TIME_LIMIT / 1000} s`;
  if (result.code === 'ENOENT') return 'not found in PATH';
  return result.exitCode === undefined
    ? `ended by ${result.signal ?? result.code}`
    : `exit code ${result.exitCode}`;
}

function helperError(name: string, reason: string): RegistryError {
  const program = safeText(`docker-credential-${name}`);
  return new RegistryError('REGISTRY_CREDENTIALS_HELPER', `credential helper ${program}: ${reason}`, {
    hint: 'it is named by credHelpers or credsStore in the login file; mend it or take the entry out',
  });
}

/** @param server key of the registry, as docker names it. @throws RegistryError `REGISTRY_CREDENTIALS_HELPER` */
export async function helperGet(name: string, server: string, env: Env): Promise<Credentials | undefined> {
  const output = await runHelper(name, 'get', server, env);
  if (output === undefined) return undefined;
  const { Username, Secret } = parseAnswer(name, output);
  if (typeof Username !== 'string' || typeof Secret !== 'string')
    throw helperError(name, 'its answer is incomplete');
  if (Username === '' && Secret === '') return undefined;
  return Username === TOKEN_USER ? { identityToken: Secret } : { username: Username, password: Secret };
}

function parseAnswer(name: string, output: string): { Username?: unknown; Secret?: unknown } {
  try {
    return { ...(JSON.parse(output) as object) };
  } catch {
    throw helperError(name, 'its answer is not JSON');
  }
}

/** @throws RegistryError `REGISTRY_CREDENTIALS_HELPER` */
export async function helperStore(
  name: string,
  server: string,
  user: string,
  secret: string,
  env: Env,
): Promise<void> {
  await runHelper(name, 'store', JSON.stringify({ ServerURL: server, Username: user, Secret: secret }), env);
}

/** @throws RegistryError `REGISTRY_CREDENTIALS_HELPER` */
export async function helperErase(name: string, server: string, env: Env): Promise<void> {
  await runHelper(name, 'erase', server, env);
}
