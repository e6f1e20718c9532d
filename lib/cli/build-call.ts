import { check, type Examined, outline, targets } from '../api/check.js';
import type { ShaleOptions } from '../api/options.js';
import type { BuildOptions } from '../build/options.js';
import type { Outline, TargetInfo } from '../build/outline.js';
import { formatLintJson, formatLintText } from '../dockerfile/index.js';
import { UsageError } from '../util/errors.js';
import { print } from './print.js';

/** `--call METHOD[,format=json]`. */
export interface BuildCall {
  method: 'check' | 'outline' | 'targets';
  json: boolean;
}

/**
 * What `--check` and `--call` ask for; undefined: a build.
 * @throws UsageError `USAGE_FLAG_VALUE`
 */
export function parseCall(text: string | undefined, checkOnly: boolean): BuildCall | undefined {
  if (text === undefined || text === 'build') return checkOnly ? { method: 'check', json: false } : undefined;
  const [name = '', ...options] = text.split(',');
  const method = name === 'lint' ? 'check' : name;
  const json = options.includes('format=json');
  if (method === 'check' || method === 'outline' || method === 'targets') return { method, json };
  throw new UsageError('USAGE_FLAG_VALUE', `unknown method "${name}" of --call`, {
    hint: 'build, check, outline or targets',
  });
}

/** Answers it on standard output. @returns the exit code: 1 when the checks found something */
export async function answerCall(call: BuildCall, options: BuildOptions & ShaleOptions): Promise<number> {
  if (call.method === 'check') return answerCheck(call, options);
  if (call.method === 'targets') {
    const found = await targets(options);
    print(
      call.json ? json({ targets: found.targets, sources: sourcesOf(found) }) : targetTable(found.targets),
    );
    return 0;
  }
  const found = await outline(options);
  print(call.json ? json({ ...found.outline, sources: sourcesOf(found) }) : outlineText(found.outline));
  return 0;
}

async function answerCheck(call: BuildCall, options: BuildOptions & ShaleOptions): Promise<number> {
  const { name, source, result } = await check(options);
  const { length } = result.warnings;
  if (call.json) print(formatLintJson(result, source, name));
  else if (length === 0 && result.error === undefined) print('Check complete, no warnings found.\n');
  else {
    print(`Check complete, ${length} warning${length === 1 ? ' has' : 's have'} been found!\n`);
    print(formatLintText(result, source, name));
  }
  return length > 0 || result.error !== undefined ? 1 : 0;
}

function targetTable(found: readonly TargetInfo[]): string {
  const rows = found.map(target => [
    target.default ? `${target.name} (default)`.trim() : target.name,
    target.description ?? '',
  ]);
  return table([['TARGET', 'DESCRIPTION'], ...rows]);
}

function outlineText({ name, description, args, secrets, ssh }: Outline): string {
  const head = [
    ['TARGET:', name === '' ? 'default' : name],
    ...(description ? [['DESCRIPTION:', description]] : []),
  ];
  const parts = [table(head)];
  const given = args.map(arg => [arg.name, arg.value ?? '', arg.description ?? '']);
  const needed = (items: Outline['secrets']) => items.map(item => [item.name, item.required ? 'true' : '']);
  if (given.length > 0) parts.push(table([['BUILD ARG', 'VALUE', 'DESCRIPTION'], ...given]));
  if (secrets.length > 0) parts.push(table([['SECRET', 'REQUIRED'], ...needed(secrets)]));
  if (ssh.length > 0) parts.push(table([['SSH', 'REQUIRED'], ...needed(ssh)]));
  return parts.join('\n');
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (all, row) => row.map((cell, at) => Math.max(cell.length, all[at] ?? 0)),
    [],
  );
  const lines = rows.map(row =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('   ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function sourcesOf({ source }: Examined): string[] {
  return [Buffer.from(source).toString('base64')];
}
