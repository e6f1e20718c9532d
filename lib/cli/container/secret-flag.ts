import type { ContainerSecret } from '../../container/options.js';
import { csvFields } from '../../dockerfile/csv.js';
import { UsageError } from '../../util/errors.js';
import { secretFields } from '../build-values.js';

/**
 * `[id=]NAME[,src=FILE|,env=VARIABLE][,type=mount|env][,target=…][,uid=…][,gid=…][,mode=…]`: where the bytes come from
 * is said as for a build, where they go as podman has it.
 *
 * @throws UsageError `USAGE_FLAG_VALUE`
 */
export function parseContainerSecret(text: string): ContainerSecret {
  const [first = '', ...rest] = csvFields(text);
  const fields = first.includes('=') ? [first, ...rest] : [`id=${first}`, ...rest];
  const given = secretFields(text, fields, ['target', 'uid', 'gid', 'mode']);
  const { id, env, file, type, target } = given;
  if (type !== undefined && type !== 'mount' && type !== 'env')
    throw invalid(`unsupported secret type "${type}"`, 'mount or env: how the container gets it');
  if (type === 'env' && (given.uid ?? given.gid ?? given.mode) !== undefined)
    throw invalid('uid, gid and mode cannot be set with a secret of type env');
  return {
    source: { id, env, file },
    type,
    target,
    uid: number('uid', given.uid, /^\d{1,10}$/, 10),
    gid: number('gid', given.gid, /^\d{1,10}$/, 10),
    mode: number('mode', given.mode, /^[0-7]{1,4}$/, 8),
  };
}

function number(key: string, text: string | undefined, form: RegExp, radix: number): number | undefined {
  if (text === undefined || form.test(text)) return text === undefined ? text : Number.parseInt(text, radix);
  throw invalid(`invalid ${key} of a secret: ${text}`);
}

function invalid(message: string, hint?: string): UsageError {
  return new UsageError('USAGE_FLAG_VALUE', message, { hint });
}
