import { readTime } from '../../image/list.js';
import { UsageError } from '../../util/errors.js';
import type { Row } from '../listing.js';

type Test = (row: Row) => boolean;

const FLAGS: Record<string, Test> = {
  immutable: row => row.Mutable === 'false',
  inuse: row => row.InUse === 'true',
  mutable: row => row.Mutable === 'true',
  private: row => row.Shared === 'false',
  shared: row => row.Shared === 'true',
};

const FIELDS: Record<string, string> = { description: 'Description', id: 'ID', type: 'Type' };

/**
 * buildx's `du --filter`: `KEY=VALUE` is equal, `KEY!=VALUE` is not, `KEY~=VALUE` fits a regular expression; some keys
 * stand alone. All must fit.
 *
 * @see https://docs.docker.com/reference/cli/docker/buildx/du/
 * @throws UsageError `USAGE_FILTER`
 */
export function duFilter(filters: readonly string[]): Test {
  const tests = filters.map(compile);
  return row => tests.every(test => test(row));
}

function compile(filter: string): Test {
  const [, key = '', operator = '', value = ''] = /^([a-z]+)(?:(!=|~=|=)(.*))?$/s.exec(filter) ?? [];
  const flag = FLAGS[key];
  if (flag !== undefined && ['', 'true', 'false'].includes(value))
    return row => flag(row) === (value !== 'false');
  if (key === 'until' && operator === '=') {
    const limit = readTime(value);
    return row => Date.parse(String(row.LastUsedAt)) < limit;
  }
  const field = FIELDS[key];
  if (field === undefined || operator === '')
    throw new UsageError('USAGE_FILTER', `invalid filter '${filter}'`, {
      hint: `known: ${[...Object.keys(FIELDS), 'until', ...Object.keys(FLAGS)].join(', ')}`,
    });
  if (operator === '~=') {
    const pattern = expression(value);
    return row => pattern.test(String(row[field]));
  }
  return row => (row[field] === value) === (operator === '=');
}

/** @throws UsageError `USAGE_FILTER` */
function expression(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (cause) {
    throw new UsageError('USAGE_FILTER', `invalid regular expression ${JSON.stringify(text)}`, { cause });
  }
}
