import { goEscapes } from '../util/go-json.js';
import { toJson } from './format.js';
import { applySchema, type Schema } from './values.js';

/** A document as Go's `json.MarshalIndent` prints it: fields as the schema says, four spaces, and safe within HTML. */
export function indentedJson(schema: Schema, document: object): string {
  const plain: unknown = JSON.parse(toJson(applySchema(schema, document)));
  return goEscapes(JSON.stringify(plain, undefined, 4));
}
