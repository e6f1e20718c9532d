import { OciError } from '../util/errors.js';

/**
 * The bytes of a JSON document that Shale writes: no spaces, keys in code point order, absent fields left out, so that
 * equal values have equal digests.
 *
 * @throws OciError `OCI_JSON_INVALID` for what JSON cannot carry exactly (NaN, unsafe integers, functions)
 */
export function encodeJson(value: unknown): Uint8Array {
  try {
    return Buffer.from(encode(value), 'utf8');
  } catch (error) {
    // Unknown fields of somebody's config are kept, however deep they are nested.
    if (error instanceof RangeError) refuse('a value that is nested too deep');
    throw error;
  }
}

function encode(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(encode).join(',')}]`;
  if (typeof value === 'object' && value !== null) return encodeObject(value as Record<string, unknown>);
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) refuse(value);
  if (typeof value === 'number' && !Number.isFinite(value)) refuse(value);
  return JSON.stringify(value) ?? refuse(value);
}

function refuse(value: unknown): never {
  throw new OciError('OCI_JSON_INVALID', `cannot write ${String(value)} as JSON`);
}

function encodeObject(object: Record<string, unknown>): string {
  const fields = Object.keys(object)
    .filter(key => object[key] !== undefined)
    .sort(byCodePoint)
    .map(key => `${JSON.stringify(key)}:${encode(object[key])}`);
  return `{${fields.join(',')}}`;
}

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
