/**
 * The cluster's co-location settings for a node: defaults, who overrides whom, and what is a legal value.
 *
 * Source: pkg/util/sloconfig/colocation_config.go.
 */

export type CalculatePolicy = 'usage' | 'request' | 'maxUsageRequest';

export interface ColocationStrategy {
  readonly enable: boolean;
  readonly metricAggregateDurationSeconds: number;
  readonly metricReportIntervalSeconds: number;
  readonly metricAggregateWindowsSeconds: readonly number[];
  readonly metricMemoryCollectPolicy: string;
  readonly cpuReclaimThresholdPercent: number;
  readonly memoryReclaimThresholdPercent: number;
  readonly cpuCalculatePolicy: CalculatePolicy;
  readonly memoryCalculatePolicy: CalculatePolicy;
  readonly degradeTimeMinutes: number;
  readonly updateTimeThresholdSeconds: number;
  readonly resourceDiffThresholdRatio: number;
  readonly midCpuThresholdPercent: number;
  readonly midMemoryThresholdPercent: number;
  readonly midUnallocatedPercent: number;
  readonly midStaticCpuReservedPercent: number;
  readonly midStaticMemoryReservedPercent: number;
  readonly midReclaimMode: 'dynamic' | 'static';
  /** Upper bound of batch cpu in percent of capacity; undefined = no bound. */
  readonly batchCpuThresholdPercent?: number;
  readonly batchMemoryThresholdPercent?: number;
}

export type StrategyOverride = Partial<ColocationStrategy>;

export const DEFAULT_COLOCATION_STRATEGY: ColocationStrategy = Object.freeze({
  enable: false,
  metricAggregateDurationSeconds: 300,
  metricReportIntervalSeconds: 60,
  metricAggregateWindowsSeconds: Object.freeze([300, 600, 1800]),
  metricMemoryCollectPolicy: 'usageWithoutPageCache',
  cpuReclaimThresholdPercent: 60,
  memoryReclaimThresholdPercent: 65,
  cpuCalculatePolicy: 'usage',
  memoryCalculatePolicy: 'usage',
  degradeTimeMinutes: 15,
  updateTimeThresholdSeconds: 300,
  resourceDiffThresholdRatio: 0.1,
  midCpuThresholdPercent: 100,
  midMemoryThresholdPercent: 100,
  midUnallocatedPercent: 0,
  midStaticCpuReservedPercent: 0,
  midStaticMemoryReservedPercent: 0,
  midReclaimMode: 'dynamic',
});

/** Settings for the nodes whose labels contain every pair of `matchLabels`. */
export interface NodeConfig {
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly strategy: StrategyOverride;
}

/** What a node says about itself. */
export interface NodeMetadata {
  readonly labels: Readonly<Record<string, string>>;
  /** Annotation node.koordinator.sh/colocation-strategy, already read. */
  readonly annotatedStrategy?: StrategyOverride;
}

const LABEL_FIELDS = Object.freeze([
  ['node.koordinator.sh/cpu-reclaim-ratio', 'cpuReclaimThresholdPercent'],
  ['node.koordinator.sh/memory-reclaim-ratio', 'memoryReclaimThresholdPercent'],
  ['node.koordinator.sh/mid-static-cpu-reserved-ratio', 'midStaticCpuReservedPercent'],
  ['node.koordinator.sh/mid-static-memory-reserved-ratio', 'midStaticMemoryReservedPercent'],
] as const);

/**
 * The strategy of one node.
 *
 *   cluster < first matching node config < node annotation < node labels (percent = trunc(ratio * 100))
 *
 * Labels that are no number, or negative, are ignored. Nothing is validated here; see strategyProblems.
 */
export function nodeStrategy(
  cluster: ColocationStrategy,
  nodeConfigs: readonly NodeConfig[],
  node: NodeMetadata,
): ColocationStrategy {
  const matching = nodeConfigs.find((config) => labelsMatch(config.matchLabels, node.labels));
  let strategy = merged(merged(cluster, matching?.strategy), node.annotatedStrategy);
  for (const [label, field] of LABEL_FIELDS) {
    const text = node.labels[label];
    const ratio = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
    if (ratio >= 0 && Number.isFinite(ratio)) strategy = { ...strategy, [field]: Math.trunc(ratio * 100) };
  }
  return Object.freeze(strategy);
}

function labelsMatch(wanted: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}

/** `base` with every field that `override` sets; fields set to undefined do not override. */
function merged(base: ColocationStrategy, override: StrategyOverride | undefined): ColocationStrategy {
  const set = Object.entries(override ?? {}).filter(([, value]) => value !== undefined);
  return { ...base, ...Object.fromEntries(set) };
}

const AT_LEAST_ONE = [
  'metricAggregateDurationSeconds',
  'metricReportIntervalSeconds',
  'degradeTimeMinutes',
  'updateTimeThresholdSeconds',
] as const;

const NOT_NEGATIVE = [
  'cpuReclaimThresholdPercent',
  'memoryReclaimThresholdPercent',
  'midStaticCpuReservedPercent',
  'midStaticMemoryReservedPercent',
  'batchCpuThresholdPercent',
  'batchMemoryThresholdPercent',
] as const;

const PERCENT = ['midCpuThresholdPercent', 'midMemoryThresholdPercent', 'midUnallocatedPercent'] as const;

/**
 * What is wrong with a strategy; empty when upstream would accept it.
 *
 * Reclaim percents have no upper bound (K4): above 100 they sell more than the capacity.
 */
export function strategyProblems(strategy: StrategyOverride): readonly string[] {
  const problems: string[] = [];
  for (const field of AT_LEAST_ONE) {
    const value = strategy[field];
    if (value !== undefined && !(value > 0)) problems.push(`${field} is ${value}; must be above 0`);
  }
  for (const field of NOT_NEGATIVE) {
    const value = strategy[field];
    if (value !== undefined && !(value >= 0)) problems.push(`${field} is ${value}; must be 0 or more`);
  }
  for (const field of PERCENT) {
    const value = strategy[field];
    if (value !== undefined && !(value >= 0 && value <= 100)) problems.push(`${field} is ${value}; must be 0 to 100`);
  }
  const ratio = strategy.resourceDiffThresholdRatio;
  if (ratio !== undefined && !(ratio > 0)) problems.push(`resourceDiffThresholdRatio is ${ratio}; must be above 0`);
  if (strategy.metricMemoryCollectPolicy === '') problems.push('metricMemoryCollectPolicy is empty; must be a name');
  return problems;
}
