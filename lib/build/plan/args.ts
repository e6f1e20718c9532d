import { expandWord } from '../../dockerfile/index.js';
import type { ArgInstruction, EscapeCharacter } from '../../dockerfile/types.js';
import { formatPlatform } from '../../oci/index.js';
import type { Platform } from '../../oci/types.js';

/** Proxy variables that need no ARG: they reach RUN, and neither history nor cache key. */
export const PROXY_ARGS: readonly string[] = ['HTTP', 'HTTPS', 'FTP', 'NO', 'ALL'].flatMap(name => [
  `${name}_PROXY`,
  `${name.toLowerCase()}_proxy`,
]);

/** ARG values that every Dockerfile can see in FROM, and in a stage once it declares them. */
export function platformArgs(
  build: Platform,
  target: Platform,
  targetStage: string,
  given: ReadonlyMap<string, string>,
): Map<string, string> {
  const all: [string, string][] = [
    ['BUILDPLATFORM', formatPlatform(build)],
    ['BUILDOS', build.os],
    ['BUILDOSVERSION', build['os.version'] ?? ''],
    ['BUILDARCH', build.architecture],
    ['BUILDVARIANT', build.variant ?? ''],
    ['TARGETPLATFORM', formatPlatform(target)],
    ['TARGETOS', target.os],
    ['TARGETOSVERSION', target['os.version'] ?? ''],
    ['TARGETARCH', target.architecture],
    ['TARGETVARIANT', target.variant ?? ''],
    ['TARGETSTAGE', targetStage],
  ];
  return new Map(all.map(([name, value]) => [name, given.get(name) ?? value]));
}

/** The ARGs before the first FROM, each expanded with those before it; values given by the caller win. */
export function globalArgs(
  builtin: ReadonlyMap<string, string>,
  declared: readonly ArgInstruction[],
  given: ReadonlyMap<string, string>,
  escapeCharacter: EscapeCharacter,
): Map<string, string> {
  const values = new Map(builtin);
  for (const { name, value } of declared.flatMap(instruction => instruction.args)) {
    const chosen =
      given.get(name) ?? (value === undefined ? undefined : expandWord(value, values, escapeCharacter).text);
    if (chosen !== undefined) values.set(name, chosen);
  }
  return values;
}

/** The proxy variables that the caller gave, for the environment of RUN: each in both spellings, as docker has it. */
export function proxyVariables(given: ReadonlyMap<string, string>): [string, string][] {
  const names = PROXY_ARGS.filter(name => name === name.toUpperCase());
  return names.flatMap(name => {
    const value = [...given].findLast(([key]) => key.toUpperCase() === name)?.[1];
    return value === undefined ? [] : [[name, value] as [string, string], [name.toLowerCase(), value]];
  });
}
