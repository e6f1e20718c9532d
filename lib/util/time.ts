/** The present moment as RFC 3339 in UTC with milliseconds, the form of every time in the store. */
export function now(): string {
  return new Date().toISOString();
}

/** Seconds since the epoch as RFC 3339, without a fraction, as Go writes them: digests agree with docker's. */
export function timeOfEpoch(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
