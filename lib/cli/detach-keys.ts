import { UsageError } from '../util/errors.js';
import type { FlagSpec } from './flags.js';

export const DETACH_KEYS_FLAG: FlagSpec = {
  name: 'detach-keys',
  kind: 'string',
  value: 'KEYS',
  help: 'Keys that leave the container (default ctrl-p,ctrl-q)',
};

const DEFAULT = 'ctrl-p,ctrl-q';

/**
 * The bytes of docker's notation: keys between commas, each a character or `ctrl-` with a letter or one of `@[\]^_`.
 * @throws UsageError `USAGE_FLAG_VALUE`
 */
export function parseDetachKeys(text: string | undefined): Buffer {
  return Buffer.from((text || DEFAULT).split(',').map(keyOf));
}

function keyOf(key: string): number {
  if (/^[ -~]$/.test(key)) return key.charCodeAt(0);
  const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
  if (control !== undefined) return control.toUpperCase().charCodeAt(0) & 0x1f;
  throw new UsageError('USAGE_FLAG_VALUE', `invalid detach keys: unknown character: '${key}'`, {
    hint: 'keys between commas: a character, or ctrl- with a letter or one of @ [ \\ ] ^ _',
  });
}
