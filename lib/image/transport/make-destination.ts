import { Directory } from '../../util/directory.js';
import { errnoCode, UsageError } from '../../util/errors.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'the directory that it should lie in does not exist',
  ENOTDIR: 'not a directory',
  ELOOP: 'a link, which may lead anywhere',
  EACCES: 'permission denied',
  EROFS: 'read-only file system',
};

/** A directory to write to, made where it is missing. @throws UsageError `USAGE_OUTPUT` */
export async function makeDestination(path: string): Promise<Directory> {
  try {
    return await Directory.make(path);
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/** Why a place cannot be written to. */
export function unwritable(path: string, cause: unknown): UsageError {
  const code = errnoCode(cause) ?? '';
  return new UsageError('USAGE_OUTPUT', `cannot write to ${path}: ${REASONS[code] ?? code}`, {
    detail: { cliExitCode: 1 },
    cause,
  });
}
