/** The common shape of a case file: each case names its kind, has an input and the fields expected of the result. */
import type { ConformanceAdapter } from '../conformance.ts';
import { firstDifference, isRecord, runCases } from '../conformance.ts';
import type { Json } from './conformance-json.ts';
import { asExpected } from './conformance-json.ts';

/** Computes a result from a case's input. `expected` is handed over only for names of fields, never for values. */
export type CaseRunner = (input: Json, expected: Json) => Json;

/**
 * Adapter for a file whose cases are of the given kinds.
 *
 * Only the fields that `expected` names are compared, exactly but for kinds with a relative tolerance; an unknown kind
 * fails its case.
 */
export function caseFile(
  runners: Readonly<Record<string, CaseRunner>>,
  tolerances: Readonly<Record<string, number>> = {},
): ConformanceAdapter {
  return (file) => {
    const cases = isRecord(file) && Array.isArray(file.cases) ? file.cases : [];
    return runCases(cases, 'cases', (entry) => {
      const kind = typeof entry.kind === 'string' ? entry.kind : '';
      if (!Object.hasOwn(runners, kind)) return `unknown kind "${kind}"; known: ${Object.keys(runners).join(', ')}`;
      const { input, expected } = entry;
      if (!isRecord(input) || !isRecord(expected)) return 'a case needs an input and an expected object';
      const got = asExpected(expected, runners[kind](input, expected));
      return firstDifference(expected, got, tolerances[kind] ?? 0);
    });
  };
}
