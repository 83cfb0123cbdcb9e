/** The figures by which policies are compared: what is better, and which difference is too small to matter. */
import { ConfigError } from '../policies/base/assert.ts';
import { knownText } from '../scenarios/suggest.ts';
import type { RunSummary } from '../sim/results/schema.ts';

/** Largest difference that does not matter: in the unit of the figure, or a share of the baseline's mean. */
export interface Margin {
  readonly kind: 'absolute' | 'relative';
  readonly value: number;
}

export interface Outcome {
  readonly figure: keyof RunSummary;
  /** As it stands in a sentence. */
  readonly words: string;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  readonly margin: Margin;
}

const lower = (
  figure: keyof RunSummary,
  words: string,
  unit: string,
  kind: Margin['kind'],
  value: number,
): Outcome => ({
  figure,
  words,
  unit,
  better: 'lower',
  margin: { kind, value },
});
const higher = (
  figure: keyof RunSummary,
  words: string,
  unit: string,
  kind: Margin['kind'],
  value: number,
): Outcome => ({ ...lower(figure, words, unit, kind, value), better: 'higher' });

/** Compared unless a person names others. */
export const OUTCOMES: readonly Outcome[] = [
  lower('violationServiceHourPercent', 'service-hours that miss the objective', '%', 'absolute', 0.5),
  lower('lateRequestPercent', 'late requests', '%', 'absolute', 0.05),
  lower('lateRequestFromColocationPercent', 'late requests from co-location', '%', 'absolute', 0.05),
  lower('sloMinutesPerServiceDay', 'SLO-minutes per service and day', 'min', 'absolute', 1),
  higher('cpuUtilisationMeanPercent', 'mean CPU utilisation', '%', 'absolute', 0.5),
  higher('doneCoreHours', 'best-effort work done', 'core-hours', 'relative', 0.01),
  lower('wastedPercent', 'best-effort work wasted', '%', 'absolute', 0.5),
  lower('evictionsPer1000Starts', 'evictions per 1000 starts', '', 'absolute', 1),
  lower('suppressedPercentOfDemand', 'best-effort demand denied', '%', 'absolute', 0.5),
  lower('waitMsP95', 'queueing time p95', 'ms', 'relative', 0.05),
  lower('strandedCpuPercent', 'stranded CPU', '%', 'absolute', 1),
  lower('costPerUsefulCoreHour', 'cost per useful core-hour', '', 'relative', 0.01),
];

/** The outcome of that name. Throws ConfigError with the nearest known ones. */
export function outcomeOf(figure: string): Outcome {
  const outcome = OUTCOMES.find((known) => known.figure === figure);
  if (outcome !== undefined) return outcome;
  const known = OUTCOMES.map((entry) => entry.figure);
  throw new ConfigError(`outcome "${figure}" is unknown; known: ${knownText(figure, known)}`);
}

/** The margin in the unit of the figure; a relative one is taken of the baseline's mean. */
export function marginOf(margin: Margin, baselineMean: number): number {
  return margin.kind === 'absolute' ? margin.value : margin.value * Math.abs(baselineMean);
}
