/** The kinds of aggregated usage in a node report. Source: Koordinator, apis/slo/v1alpha1 AggregationType. */

/** Percentile of each kind, 0..1; undefined = the mean. */
export const USAGE_TYPES: Readonly<Record<string, number | undefined>> = {
  avg: undefined,
  p50: 0.5,
  p90: 0.9,
  p95: 0.95,
  p99: 0.99,
};

/** Durations over which production aggregates: 5, 10 and 30 minutes. */
export const DEFAULT_AGGREGATE_DURATIONS_MS: readonly number[] = [300_000, 600_000, 1_800_000];
