import { readFile } from 'node:fs/promises';
import { errnoCode, UsageError } from '../../util/errors.js';

/** The lines of a file of variables or labels, without blank ones and comments. @throws UsageError `USAGE_FLAG_VALUE` */
export async function linesOf(path: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const code = errnoCode(cause);
    const why = code === 'ENOENT' ? 'no such file or directory' : String(code);
    throw new UsageError('USAGE_FLAG_VALUE', `open ${path}: ${why}`, { cause });
  }
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  return lines.map(line => line.trimStart()).filter(line => line !== '' && !line.startsWith('#'));
}
