/**
 * Number of single-character insertions, deletions and replacements from `a` to `b`.
 * Stops counting above `limit` and gives `limit + 1`.
 */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      row.push(Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + change));
    }
    if (Math.min(...row) > limit) return limit + 1;
    previous = row;
  }
  return previous[b.length] ?? limit + 1;
}

/**
 * The candidate nearest to a mistyped word, at most two edits away. Nothing when the word is itself a candidate: then
 * it is not the word that is wrong.
 *
 * @param caseSensitive otherwise the answer takes on the case of the word
 */
export function nearest(
  word: string,
  candidates: Iterable<string>,
  caseSensitive = false,
): string | undefined {
  const wanted = caseSensitive ? word : word.toLowerCase();
  let best: string | undefined;
  let bestDistance = 3;
  for (const given of candidates) {
    const candidate = caseSensitive ? given : given.toLowerCase();
    if (candidate === wanted) return undefined;
    const distance = editDistance(wanted, candidate, bestDistance - 1);
    if (distance >= bestDistance) continue;
    best = caseSensitive ? candidate : inCaseOf(word, candidate);
    bestDistance = distance;
  }
  return best;
}

function inCaseOf(word: string, candidate: string): string {
  return word === word.toUpperCase() && word !== word.toLowerCase() ? candidate.toUpperCase() : candidate;
}

/** ` (did you mean X?)`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>, caseSensitive = false): string {
  const match = nearest(word, candidates, caseSensitive);
  return match === undefined ? '' : ` (did you mean ${match}?)`;
}
