/** The present moment as RFC 3339 in UTC with milliseconds, the form of every time in the store. */
export function now(): string {
  return new Date().toISOString();
}

/** A moment of RFC 3339 as Go writes it again: without zeros at the end of its fraction. */
export function withoutZeros(time: string): string {
  return time.replace(/(\.\d*?)0+Z$/, '$1Z').replace('.Z', 'Z');
}

/** Seconds since the epoch as RFC 3339, without a fraction, as Go writes them: digests agree with docker's. */
export function timeOfEpoch(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
