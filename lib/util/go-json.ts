const ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** JSON as Go's `encoding/json` writes its texts: safe within HTML. */
export function goEscapes(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, character => ESCAPES[character] ?? character);
}
