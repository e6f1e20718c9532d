/** One entry of `WWW-Authenticate`. */
export interface Challenge {
  /** lower case */
  scheme: string;
  parameters: Map<string, string>;
}

const TOKEN = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";
const PARAMETER = new RegExp(`^\\s*(${TOKEN})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))\\s*(?:,|$)`);
const SCHEME = new RegExp(`^[\\s,]*(${TOKEN})(?:\\s+|$)`);
const MAX_HEADER = 16 * 1024;

/**
 * Reads the challenges of a `WWW-Authenticate` header; what is malformed ends the list.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let rest = header.slice(0, MAX_HEADER);
  for (let match = SCHEME.exec(rest); match !== null; match = SCHEME.exec(rest)) {
    rest = rest.slice(match[0].length);
    const parameters = new Map<string, string>();
    for (let pair = PARAMETER.exec(rest); pair !== null; pair = PARAMETER.exec(rest)) {
      rest = rest.slice(pair[0].length);
      parameters.set((pair[1] ?? '').toLowerCase(), pair[2]?.replace(/\\(.)/g, '$1') ?? pair[3] ?? '');
    }
    challenges.push({ scheme: (match[1] ?? '').toLowerCase(), parameters });
  }
  return challenges;
}
