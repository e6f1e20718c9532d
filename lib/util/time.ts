/** The present moment as RFC 3339 in UTC with milliseconds, the form of every time in the store. */
export function now(): string {
  return new Date().toISOString();
}

/**
 * An RFC 3339 time from whole seconds since the epoch (`SOURCE_DATE_EPOCH`), without fractions.
 *
 * @param seconds whole seconds since 1970-01-01T00:00:00Z
 */
export function rfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
