/** The Linux notation for sets of cpus: "0-3,8,10-11". */

/**
 * Reads a cpu list; returns the ids ascending and without repeats, or undefined when the text is not a cpu list.
 *
 * An empty text is the empty set. Upstream treats an unreadable list as empty; whether to do so is left to the caller.
 */
export function parseCpuList(text: string): number[] | undefined {
  const ids = new Set<number>();
  if (text.trim() === '') return [];
  for (const part of text.trim().split(',')) {
    const range = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    if (range === null) return undefined;
    const first = Number(range[1]);
    const last = range[2] === undefined ? first : Number(range[2]);
    if (last < first) return undefined;
    for (let id = first; id <= last; id++) ids.add(id);
  }
  return [...ids].sort((a, b) => a - b);
}

/** Writes ascending ids as a cpu list; runs become ranges. */
export function formatCpuList(idsAscending: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < idsAscending.length; ) {
    let j = i;
    while (j + 1 < idsAscending.length && idsAscending[j + 1] === idsAscending[j] + 1) j++;
    parts.push(i === j ? `${idsAscending[i]}` : `${idsAscending[i]}-${idsAscending[j]}`);
    i = j + 1;
  }
  return parts.join(',');
}
