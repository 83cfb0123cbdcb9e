/** "Did you mean": the known word closest to what was written. */

/**
 * Edits between two words: insertions, deletions, substitutions and swaps of neighbours, each of cost one.
 *
 * Source: optimal string alignment distance.
 */
export function editDistance(a: string, b: string): number {
  const width = b.length + 1;
  let beforeLast = new Array<number>(width).fill(0);
  let last = Array.from({ length: width }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const now = new Array<number>(width).fill(0);
    now[0] = row;
    for (let column = 1; column < width; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      let cost = Math.min(now[column - 1]! + 1, last[column]! + 1, last[column - 1]! + same);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, beforeLast[column - 2]! + 1);
      now[column] = cost;
    }
    beforeLast = last;
    last = now;
  }
  return last[width - 1]!;
}

/** The closest known word within a third of its length (at least one edit), case aside; null when none is close. */
export function closest(word: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    const allowed = Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3));
    if (distance <= allowed && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** ` Did you mean "x"?`, or nothing when no known word is close. */
export function didYouMean(word: string, known: readonly string[]): string {
  const best = word.length > 200 ? null : closest(word, known);
  return best === null ? '' : ` Did you mean "${best}"?`;
}

/** Longer lists hide the suggestion. */
const MOST_KNOWN = 12;

/** `a, b, c. Did you mean "b"?`; of a long list the words closest to `word`, in the order of the list. */
export function knownText(word: string, known: readonly string[]): string {
  if (known.length === 0) return 'none is.';
  let shown = known;
  if (known.length > MOST_KNOWN && word.length <= 200) {
    const byDistance = [...known].sort((a, b) => editDistance(word, a) - editDistance(word, b));
    const nearest = new Set(byDistance.slice(0, MOST_KNOWN));
    shown = known.filter((candidate) => nearest.has(candidate));
  }
  const rest = known.length > shown.length ? ` and ${known.length - shown.length} more` : '';
  return `${shown.join(', ')}${rest}.${didYouMean(word, known)}`;
}
