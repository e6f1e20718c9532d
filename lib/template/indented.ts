import { toJson } from './format.js';
import { applySchema, type Schema } from './values.js';

const ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** A document as Go's `json.MarshalIndent` prints it: fields as the schema says, four spaces, and safe within HTML. */
export function indentedJson(schema: Schema, document: object): string {
  const plain: unknown = JSON.parse(toJson(applySchema(schema, document)));
  const text = JSON.stringify(plain, undefined, 4);
  return text.replace(/[<>&\u2028\u2029]/g, character => ESCAPES[character] ?? character);
}
