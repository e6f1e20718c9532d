import type { CreateOptions } from '../../api/containers.js';
import type { FlagSpec, Flags } from '../flags.js';

/** What one flag of `run` and `create` says of the container. */
export type Said = Partial<CreateOptions>;

/** A flag with what it means. Flags without `parse` are the command's own (`--rm`, `--cidfile`). */
export interface ContainerFlag extends FlagSpec {
  /**
   * Called for each value in the order of the command line; a `bool` gives `true` or `false`.
   * @throws UsageError `USAGE_FLAG_VALUE`
   */
  parse?(text: string): Said | Promise<Said>;
}

/** What all flags say together: lists grow, maps take more entries, anything else is replaced. */
export async function readContainerFlags(table: readonly ContainerFlag[], flags: Flags): Promise<Said> {
  let all: Said = {};
  for (const { name, parse } of table) {
    if (parse === undefined) continue;
    for (const text of flags.list(name)) all = together(all, await parse(text));
  }
  return all;
}

function together(before: Said, more: Said): Said {
  const merged: Record<string, unknown> = { ...before };
  for (const [key, value] of Object.entries(more)) {
    const old = merged[key];
    if (Array.isArray(old) && Array.isArray(value)) merged[key] = [...old, ...value];
    else if (isMap(old) && isMap(value)) merged[key] = { ...old, ...value };
    else merged[key] = value;
  }
  return merged;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
