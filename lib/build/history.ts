import type { History, ImageConfig } from '../oci/types.js';

/**
 * Gives every history entry and the image itself a time, as BuildKit does: an entry without a layer takes the time
 * of the layer before it, and those before the first new layer take that layer's. So a build that is cached
 * throughout gives the same image, to the byte.
 *
 * @param fallback RFC 3339: the time when nothing in the history has one
 */
export function withTimes(image: ImageConfig, fallback: string): ImageConfig {
  const entries = image.history ?? [];
  let time = firstNewTime(entries) ?? fallback;
  let seenGap = false;
  const history = entries.map(entry => {
    if (entry.created !== undefined) {
      if (seenGap) time = entry.created;
      return entry;
    }
    seenGap = true;
    return { ...entry, created: time };
  });
  return { ...image, created: history.at(-1)?.created ?? fallback, history };
}

/** The time of the first layer after the first entry without a time; else the last time there is. */
function firstNewTime(entries: readonly History[]): string | undefined {
  const gap = entries.findIndex(entry => entry.created === undefined);
  if (gap < 0) return entries.at(-1)?.created;
  const after = entries.slice(gap).find(entry => entry.created !== undefined);
  return after?.created ?? entries[gap - 1]?.created;
}
