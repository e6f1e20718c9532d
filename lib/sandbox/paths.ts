import { accessSync, constants, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, isAbsolute, join } from 'node:path';
import { packageRoot, platformPackage } from '../util/addon.js';
import { SandboxError } from '../util/errors.js';

const PACKAGE_ROOT = packageRoot();

/** Compiled also when this file runs as TypeScript (tests). */
export const WORKER_MAIN = join(PACKAGE_ROOT, 'dist', 'bundle', 'sandbox-worker.js');

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Path of shale-runner, from this machine's npm package or a local build; undefined when neither is there. */
export function findRunner(): string | undefined {
  return [packagedRunner(), join(PACKAGE_ROOT, 'build', 'Release', 'shale-runner')].find(
    path => path !== undefined && isExecutable(path),
  );
}

/** @throws SandboxError `SANDBOX_KEEP` where there is none */
export function requireRunner(): string {
  const runner = findRunner();
  if (runner !== undefined) return runner;
  throw new SandboxError('SANDBOX_KEEP', 'shale-runner is not built', { hint: 'npm run build' });
}

function packagedRunner(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(`${platformPackage()}/shale-runner`);
  } catch {
    return undefined;
  }
}

/** In the order of preference. */
export const OCI_RUNTIMES: readonly string[] = ['crun', 'runc', 'youki'];

/** Administrators' tools are often not in a user's PATH. */
const SYSTEM_DIRECTORIES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Absolute path of a program, from PATH and the system's directories; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  if (name.includes('/')) return isAbsolute(name) && isExecutable(name) ? name : undefined;
  const directories = [
    ...(process.env.PATH ?? '').split(delimiter).filter(isAbsolute),
    ...SYSTEM_DIRECTORIES,
  ];
  return directories.map(directory => join(directory, name)).find(isExecutable);
}
