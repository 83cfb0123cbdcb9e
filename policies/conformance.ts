/**
 * The shape in which policy rooms offer their upstream cases: a vector file in, one verdict a case out.
 *
 * A room's adapter translates a file of one format into calls of the shipped policy modules and compares; it holds no policy
 * logic of its own. Files are recognised by their content (`algorithm` or `schema`), never by their path, so that any
 * directory with any subset of files and cases can be run.
 */

/** What became of one case. `detail` tells expected and got, shortened, for a case that failed. */
export interface CaseVerdict {
  /** Name of the case, unique inside its file. */
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Why it failed or was skipped; where in the file the input stands (`cases[3].input`). */
  readonly detail?: string;
}

/** Runs every case of one parsed vector file. Never throws for a bad case: an unknown kind or malformed input is a failed case. */
export type ConformanceAdapter = (file: unknown) => readonly CaseVerdict[];

/** Compares two JSON values; numbers must be identical unless `tolerance` (relative) is given. Returns '' or the first difference. */
export function firstDifference(expected: unknown, got: unknown, tolerance = 0, path = ''): string {
  if (typeof expected === 'number' && typeof got === 'number') {
    if (Object.is(expected, got) || expected === got) return '';
    const scale = Math.max(Math.abs(expected), Math.abs(got));
    return Math.abs(expected - got) <= tolerance * scale ? '' : `${path || 'value'}: expected ${expected}, got ${got}`;
  }
  if (Array.isArray(expected) && Array.isArray(got)) {
    if (expected.length !== got.length)
      return `${path || 'value'}: expected ${expected.length} entries ${show(expected)}, got ${got.length} ${show(got)}`;
    for (let i = 0; i < expected.length; i++) {
      const difference = firstDifference(expected[i], got[i], tolerance, `${path}[${i}]`);
      if (difference !== '') return difference;
    }
    return '';
  }
  if (isRecord(expected) && isRecord(got)) {
    for (const key of [...new Set([...Object.keys(expected), ...Object.keys(got)])]) {
      const at = path === '' ? key : `${path}.${key}`;
      if (!(key in got)) return `${at}: expected ${show(expected[key])}, got nothing`;
      if (!(key in expected)) return `${at}: expected nothing, got ${show(got[key])}`;
      const difference = firstDifference(expected[key], got[key], tolerance, at);
      if (difference !== '') return difference;
    }
    return '';
  }
  return expected === got ? '' : `${path || 'value'}: expected ${show(expected)}, got ${show(got)}`;
}

/** Whether a JSON value is an object (not an array, not null). */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 160 ? `${text.slice(0, 157)}...` : text;
}

/**
 * Runs `check` for every entry of `cases` and turns exceptions into failed cases.
 *
 * `check` returns '' when the case holds, else what differs.
 */
export function runCases(
  cases: readonly unknown[],
  at: string,
  check: (entry: Record<string, unknown>) => string,
): CaseVerdict[] {
  return cases.map((entry, index) => {
    const where = `${at}[${index}]`;
    if (!isRecord(entry)) return { name: where, outcome: 'failed', detail: `${where} is not an object` };
    const name = typeof entry.name === 'string' ? entry.name : typeof entry.id === 'string' ? entry.id : where;
    try {
      const difference = check(entry);
      if (difference === '') return { name, outcome: 'passed' };
      return { name, outcome: 'failed', detail: `${where}.input: ${difference}` };
    } catch (error) {
      return { name, outcome: 'failed', detail: `${where}: ${error instanceof Error ? error.message : String(error)}` };
    }
  });
}
