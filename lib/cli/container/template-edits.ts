import { checkedSignal } from '../../build/metadata.js';
import type { ImageTemplate } from '../../container/image-template.js';
import { parseJsonArray, parsePorts, splitCommandLine } from '../../dockerfile/index.js';
import type { ContainerConfig, HealthConfig } from '../../oci/types.js';
import { splitVariable, withVariable } from '../../util/environment.js';
import { cleanAbsolute } from '../../util/paths.js';
import { invalidArgument } from '../flags.js';

/** Keys of `ExposedPorts` and `Volumes`. */
type Keys = Record<string, Record<string, never>>;

/** What is undefined in `change` is taken away. */
export function configured(template: ImageTemplate, change: Partial<ContainerConfig>): ImageTemplate {
  const entries = Object.entries({ ...template.config, ...change });
  return { ...template, config: Object.fromEntries(entries.filter(([, value]) => value !== undefined)) };
}

export function withHealth(template: ImageTemplate, change: HealthConfig): ImageTemplate {
  return configured(template, { Healthcheck: { ...template.config.Healthcheck, ...change } });
}

/** @throws UsageError `USAGE_FLAG_VALUE` */
export function checkOf({ config }: ImageTemplate, command: string): HealthConfig | undefined {
  if (command.trim() === '') return undefined;
  const [, kind, rest = ''] = /^(NONE|CMD-SHELL|CMD)(?:\s+(.*))?$/s.exec(command.trim()) ?? [];
  if (kind === 'NONE') return { Test: ['NONE'] };
  if (kind === undefined || rest === '')
    throw invalidArgument(command, '--healthcheck', undefined, 'NONE, "CMD WORDS" or "CMD-SHELL LINE"');
  return { ...config.Healthcheck, Test: [kind, ...(kind === 'CMD' ? wordsOf(rest) : [rest])] };
}

/** A JSON array, or a line that is split as a shell would. */
export function wordsOf(line: string): string[] {
  return parseJsonArray(line) ?? splitCommandLine(line);
}

export function entrypointOf(line: string): string[] {
  return line === '' ? [] : (parseJsonArray(line) ?? ['/bin/sh', '-c', line]);
}

/** `-` alone clears, a dash at the end removes, anything else adds: buildah's way to write it. */
function intentOf(text: string): { clears?: boolean; removes?: string; adds?: string } {
  if (text === '-') return { clears: true };
  if (text.endsWith('-') && !text.includes('=')) return { removes: text.slice(0, -1) };
  return { adds: text };
}

export function editMap(map: Readonly<Record<string, string>>, text: string): Record<string, string> {
  const { clears, removes, adds } = intentOf(text);
  if (clears) return {};
  if (adds === undefined) return Object.fromEntries(Object.entries(map).filter(([key]) => key !== removes));
  const [name, value] = splitVariable(adds);
  // by entries, because __proto__ is a legal name
  return Object.fromEntries([...Object.entries(map).filter(([key]) => key !== name), [name, value]]);
}

/** @throws UsageError `USAGE_FLAG_VALUE` */
export function editEnv(env: readonly string[], text: string): string[] {
  const { clears, removes, adds = '' } = intentOf(text);
  if (clears) return [];
  if (removes !== undefined) return env.filter(variable => splitVariable(variable)[0] !== removes);
  const [name, value] = splitVariable(adds);
  if (name === '') throw invalidArgument(text, '--env', 'a variable without a name');
  const given = adds.includes('=') ? value : process.env[name];
  if (given === undefined) throw invalidArgument(text, '--env', 'no value given');
  return withVariable(env, name, given);
}

/** @param namesOf what an item stands for: a range of ports is several */
export function editSet(
  set: readonly string[],
  text: string,
  namesOf: (item: string) => string[] = item => [item],
): string[] {
  const { clears, removes, adds } = intentOf(text);
  if (clears) return [];
  const named = namesOf(removes ?? adds ?? '');
  const others = set.filter(item => !named.includes(item));
  return adds === undefined ? others : [...others, ...named];
}

export function editKeys(keys: Keys = {}, text: string, namesOf?: (item: string) => string[]): Keys {
  return Object.fromEntries(editSet(Object.keys(keys), text, namesOf).map(key => [key, {}]));
}

/** @throws UsageError `USAGE_FLAG_VALUE` */
export function portsOf(text: string): string[] {
  try {
    return parsePorts([text]);
  } catch {
    throw invalidArgument(text, '--port', undefined, 'PORT or FIRST-LAST, with /tcp, /udp or /sctp');
  }
}

/** As WORKDIR: what is written stays when it is absolute, and a relative path no container could start in. */
export function directoryOf(before: string | undefined, path: string): string | undefined {
  if (path === '') return undefined;
  return path.startsWith('/') ? path : cleanAbsolute(`${before ?? '/'}/${path}`);
}

/** @throws UsageError `USAGE_FLAG_VALUE` */
export function signalOf(text: string): string | undefined {
  if (text === '') return undefined;
  try {
    return checkedSignal(text);
  } catch {
    throw invalidArgument(text, '--stop-signal', 'no such signal');
  }
}
