/** What differs between two plans, as paths with both values. */

/** Plan values that differ, as `path: a -> b`, at most `most`. */
export function planDifferences(a: unknown, b: unknown, most = 12, path = ''): string[] {
  if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) {
    const left = a as Record<string, unknown>;
    const right = b as Record<string, unknown>;
    const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])].sort();
    return keys
      .flatMap((key) => planDifferences(left[key], right[key], most, path === '' ? key : `${path}.${key}`))
      .slice(0, most);
  }
  return a === b ? [] : [`${path}: ${JSON.stringify(a)} -> ${JSON.stringify(b)}`];
}
