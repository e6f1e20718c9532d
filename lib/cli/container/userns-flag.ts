import { UsageError } from '../../util/errors.js';
import type { ContainerFlag, Said } from './flag.js';

export const USERNS_FLAG: ContainerFlag = {
  name: 'userns',
  kind: 'string',
  value: 'MODE',
  values: ['keep-id', 'private'],
  help: 'keep-id[:uid=N,gid=N]: you are that user in the container, by default under your own ids, and not root',
  parse: parseUserns,
};

/** Every container is in a user namespace of its own. @throws UsageError `USAGE_FLAG_VALUE` */
function parseUserns(text: string): Said {
  if (['', 'private', 'auto'].includes(text)) return {};
  const [, options] = /^keep-id(?::(.*))?$/.exec(text) ?? [];
  if (text.startsWith('keep-id') && (options !== undefined || text === 'keep-id'))
    return { keepId: keptIds(options ?? '') };
  throw new UsageError(
    'USAGE_FLAG_VALUE',
    `--userns ${text} is not supported: a container is always in a user namespace, whose root is you`,
    { hint: 'keep-id[:uid=N,gid=N] gives you other ids in it' },
  );
}

function keptIds(text: string): NonNullable<Said['keepId']> {
  const ids: NonNullable<Said['keepId']> = {};
  for (const word of text.split(',').filter(Boolean)) {
    const [, key, value = ''] = /^(uid|gid)=(.*)$/.exec(word) ?? [];
    if (key !== 'uid' && key !== 'gid')
      throw new UsageError('USAGE_FLAG_VALUE', `unknown option specified: "${word.split('=')[0]}"`, {
        hint: '--userns keep-id:uid=N,gid=N',
      });
    if (!/^\d{1,10}$/.test(value))
      throw new UsageError('USAGE_FLAG_VALUE', `invalid ${key} "${value}" of --userns keep-id: not a number`);
    ids[key] = Number(value);
  }
  return ids;
}
