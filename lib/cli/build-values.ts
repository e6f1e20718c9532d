import type { AgentSource } from '../build/agents.js';
import { csvFields } from '../dockerfile/csv.js';
import { parseSize } from '../dockerfile/index.js';
import { UsageError } from '../util/errors.js';
import type { SecretSource } from '../util/secret-source.js';

function invalid(message: string, hint?: string): UsageError {
  return new UsageError('USAGE_FLAG_VALUE', message, { hint });
}

const SECRET_KEYS = { id: 'id', src: 'file', source: 'file', env: 'env', type: 'type' } as const;

/** What `KEY=VALUE,…` of a secret says of each key. @throws UsageError `USAGE_FLAG_VALUE` */
export function secretFields<K extends string>(
  text: string,
  fields: readonly string[],
  more: readonly K[],
): Partial<Record<'file' | 'env' | 'type' | K, string>> & { id: string } {
  const names: Record<string, string> = {
    ...SECRET_KEYS,
    ...Object.fromEntries(more.map(key => [key, key])),
  };
  const given: Record<string, string> = {};
  for (const field of fields) {
    const equals = field.indexOf('=');
    const key = field.slice(0, equals).toLowerCase();
    if (equals < 0) throw invalid(`invalid field '${field}' must be a key=value pair`);
    const name = Object.hasOwn(names, key) ? names[key] : undefined;
    if (name === undefined)
      throw invalid(
        `unexpected key '${key}' in '${field}'`,
        ['id', 'src', 'env', 'type', ...more].join(', '),
      );
    given[name] = field.slice(equals + 1);
  }
  const { id = '' } = given;
  if (id === '') throw invalid(`secret "${text}" has no id`, '--secret id=NAME,src=FILE');
  // the keys are those of the table
  return { ...(given as Partial<Record<'file' | 'env' | 'type' | K, string>>), id };
}

/** `id=ID[,src=FILE|,env=NAME][,type=file|env]`. @throws UsageError `USAGE_FLAG_VALUE` */
export function parseSecret(text: string): SecretSource {
  const { id, type, env, file } = secretFields(text, csvFields(text), []);
  if (type !== undefined && type !== 'file' && type !== 'env')
    throw invalid(`unsupported secret type "${type}"`);
  return type === 'env' && env === undefined ? { id, env: file ?? id } : { id, env, file };
}

/** `default`, or `ID[=SOCKET|KEY[,KEY]]`. */
export function parseAgent(text: string): AgentSource {
  const equals = text.indexOf('=');
  if (equals < 0) return { id: text, paths: [] };
  return {
    id: text.slice(0, equals),
    paths: text
      .slice(equals + 1)
      .split(',')
      .filter(Boolean),
  };
}

/** `device` opens nothing here: `RUN --device` says so itself. */
const ENTITLEMENTS = ['network.host', 'security.insecure', 'device'];

/** @throws UsageError `USAGE_FLAG_VALUE` */
export function parseEntitlement(text: string): string {
  if (ENTITLEMENTS.includes(text)) return text;
  throw invalid(`unknown entitlement ${text}`, ENTITLEMENTS.join(', '));
}

/** `NAME=SOFT[:HARD]`; -1 is unlimited. @throws UsageError `USAGE_FLAG_VALUE` */
export function parseUlimit(text: string): { name: string; soft: number; hard: number } {
  const match = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(text);
  if (match === null) throw invalid(`invalid ulimit argument: ${text}`);
  const soft = Number(match[2]);
  return { name: match[1] ?? '', soft, hard: match[3] === undefined ? soft : Number(match[3]) };
}

/** Bytes: `64m`, `1g`. @throws UsageError `USAGE_FLAG_VALUE` */
export function parseBytes(flag: string, text: string): number {
  const size = parseSize(text);
  if (size !== undefined) return size;
  throw invalid(
    `invalid argument "${text}" for "--${flag}": not a size`,
    'a number of bytes, or with k, m, g',
  );
}
