import { ShaleError } from './errors.js';

/** A value out of `JSON.parse` that has not been looked at. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type JsonObject = { [key: string]: Json };

/**
 * Parses JSON bytes of outside origin.
 *
 * @param bytes UTF-8 text; invalid sequences are an error, not replaced
 * @param what named in the message, for example a path
 * @throws ShaleError with `code`
 */
export function parseJson(bytes: Uint8Array | string, what: string, code: string): Json {
  try {
    const text = typeof bytes === 'string' ? bytes : new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new ShaleError(code, `${what} is not valid JSON`, { cause });
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON text with the keys of every object sorted: the same value always gives the same bytes. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (isJsonObject(inner) ? sortKeys(inner) : inner));
}

function sortKeys(object: JsonObject): JsonObject {
  const entries = Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}
