import * as errors from '../util/errors.js';
import type { WireError } from './protocol.js';

/** Plain data of anything that was thrown. */
export function toWire(error: unknown): WireError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, stack } = error;
  const code = errors.errnoCode(error);
  if (!(error instanceof errors.ShaleError)) return { name, message, code, stack };
  return { name, message, code, hint: error.hint, detail: error.detail, stack };
}

/** Classes of the family by name, so that `instanceof` holds on this side too. */
const FAMILY = new Map<string, typeof errors.ShaleError>(
  Object.entries(errors).flatMap(([name, value]) =>
    typeof value === 'function' && value.prototype instanceof errors.ShaleError
      ? [[name, value as typeof errors.ShaleError]]
      : [],
  ),
);

export function fromWire(wire: WireError): Error {
  const Class = FAMILY.get(wire.name);
  if (Class !== undefined && wire.code !== undefined) {
    return new Class(wire.code, wire.message, { hint: wire.hint, detail: wire.detail });
  }
  const error: Error & { code?: string } = new Error(wire.message);
  error.name = wire.name;
  if (wire.code !== undefined) error.code = wire.code;
  error.stack = wire.stack;
  return error;
}
