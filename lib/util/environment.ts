/** What docker gives every container that has no PATH of its own. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** `KEY=VALUE` cut at the first `=`; a word without one has an empty value. */
export function splitVariable(variable: string): [name: string, value: string] {
  const equals = variable.indexOf('=');
  return equals < 0 ? [variable, ''] : [variable.slice(0, equals), variable.slice(equals + 1)];
}

/** The list with `name` set: in its place when it is there, at the end when not, as docker orders `Env`. */
export function withVariable(variables: readonly string[], name: string, value: string): string[] {
  const result = [...variables];
  const at = result.findIndex(variable => splitVariable(variable)[0] === name);
  if (at < 0) result.push(`${name}=${value}`);
  else result[at] = `${name}=${value}`;
  return result;
}

/** Later variables win. */
export function environmentOf(variables: readonly string[]): Map<string, string> {
  return new Map(variables.map(splitVariable));
}
