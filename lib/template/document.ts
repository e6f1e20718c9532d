import { toJson } from './format.js';
import { applySchema, type Schema } from './values.js';

type Document = Record<string, unknown>;

/**
 * A document with every field that docker prints, in docker's order: what it lacks of the schema has Go's zero value,
 * and what the schema does not name comes last.
 */
export function completeDocument(schema: Schema, document: object): object {
  const typed: unknown = JSON.parse(toJson(applySchema(schema, document)));
  return together(typed, document) as object;
}

function together(typed: unknown, document: unknown): unknown {
  if (!isDocument(typed) || !isDocument(document)) return typed;
  const known = Object.entries(typed).map(([name, value]) => [name, together(value, document[name])]);
  const more = Object.entries(document).filter(([name]) => !Object.hasOwn(typed, name));
  return Object.fromEntries([...known, ...more]);
}

function isDocument(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
