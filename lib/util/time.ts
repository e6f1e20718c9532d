/** The present moment as RFC 3339 in UTC with milliseconds, the form of every time in the store. */
export function now(): string {
  return new Date().toISOString();
}
