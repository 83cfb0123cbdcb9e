/**
 * The low-node-load policy: Koordinator's descheduler moves pods away from over-used nodes while under-used nodes can take them.
 *
 * It runs at its own period on the reports. A pod it names moves if the migration limits allow: `reservation-first`, as production has it, once the
 * scheduler has reserved a place for it (jobs that found none within jobTtlMs are over, and the pod stays); `evict-directly`, at once, and the scheduler
 * finds a place after; then at most evictionsPerSecond x period pods go in one round, which is what the rate limiter of the migration controller
 * lets pass until the next. Without thresholds it does nothing, as upstream.
 * Source: koordinator descheduler, LowNodeLoad and controllers/migration.
 */
import { ConfigError, fail } from '../base/assert.ts';
import { completeConfig } from '../base/policy-config.ts';
import {
  DECISION,
  type Decisions,
  decide,
  EVICT_REASON,
  type HostSignals,
  type PodSignals,
  type Policy,
  type PolicyConfig,
  type PolicyState,
} from '../ports.ts';
import { type AnomalyDetectors, createAnomalyDetectors } from './anomaly-detector.ts';
import { type BalanceNode, type BalancePod, CPU_NAME, MEMORY_NAME } from './descheduler-round.ts';
import { balanceLowNodeLoad, type LowNodeLoadConfig } from './low-node-load.ts';
import {
  type CountOrPercent,
  DEFAULT_MIGRATION_LIMITS,
  type MigrationLimits,
  refuseMigration,
} from './migration-limits.ts';
import type { PercentByName } from './node-usage-class.ts';
import type { PriorityClass } from './priority-class.ts';

const BATCH_CPU = 'batchCpuMilli';
const BATCH_MEMORY = 'batchMemoryBytes';
const MID_CPU = 'midCpuMilli';
const MID_MEMORY = 'midMemoryBytes';

const DEFAULTS = {
  /** deschedulingInterval. */
  periodMs: 120_000,
  lowCpuPercent: null,
  lowMemoryPercent: null,
  highCpuPercent: null,
  highMemoryPercent: null,
  prodLowCpuPercent: null,
  prodLowMemoryPercent: null,
  prodHighCpuPercent: null,
  prodHighMemoryPercent: null,
  useDeviation: false,
  numberOfNodes: 0,
  nodeFit: true,
  consecutiveAbnormalities: 5,
  consecutiveNormalities: 3,
  anomalyTimeoutMs: 60_000,
  /** null = none. */
  maxEvictionTotal: null,
  maxEvictionPerNode: null,
  mode: 'reservation-first',
  jobTtlMs: DEFAULT_MIGRATION_LIMITS.jobTimeToLiveMs,
  maxMigratingPerNode: 2,
  /** Pods of one workload on the move, and not there, at once: a count, or a share of the replicas; null = by the number of replicas. */
  maxMigratingPerWorkload: null,
  maxMigratingPerWorkloadPercent: null,
  maxUnavailablePerWorkload: null,
  maxUnavailablePerWorkloadPercent: null,
  workloadWindowMs: DEFAULT_MIGRATION_LIMITS.workloadWindowMs,
  evictionsPerSecond: DEFAULT_MIGRATION_LIMITS.evictionsPerSecond,
  /** A node is looked at when its report is not older than this. */
  metricExpirationMs: 180_000,
  /** K15 and K16. */
  anomalyNeedsOneMoreMark: true,
  nodeFitReservesInListOrder: true,
} as const;

interface DeschedulerState extends PolicyState {
  readonly node: AnomalyDetectors;
  readonly prod: AnomalyDetectors;
  lastAtMs: number;
  /** Migrations inside the window: when, of which workload and pod, from which host. */
  moves: { readonly atMs: number; readonly workload: number; readonly host: number; readonly row: number }[];
}

/** Complete configuration; ConfigError for a period of 0, lines outside 0 to 100, a high line without, or below, its low line, and a limit said twice. */
function configure(config: PolicyConfig): PolicyConfig {
  const full: PolicyConfig = completeConfig('low-node-load', DEFAULTS, config);
  if (!((full['periodMs'] as number) > 0))
    throw new ConfigError(`policy low-node-load: periodMs is ${full['periodMs']}; it is above 0`);
  if (full['mode'] !== 'reservation-first' && full['mode'] !== 'evict-directly')
    throw new ConfigError(`policy low-node-load: mode is "${full['mode']}"; known: reservation-first, evict-directly`);
  for (const name of ['jobTtlMs', 'evictionsPerSecond'])
    if (!((full[name] as number) > 0))
      throw new ConfigError(`policy low-node-load: ${name} is ${full[name]}; it is above 0`);
  for (const [count, share] of WORKLOAD_LIMITS) {
    const [pods, percent] = [full[count] as number | null, full[share] as number | null];
    if (pods !== null && percent !== null)
      throw new ConfigError(`policy low-node-load: ${count} and ${share} say the same thing; give one of them`);
    if (pods !== null && !(Number.isInteger(pods) && pods >= 0))
      throw new ConfigError(`policy low-node-load: ${count} is ${pods}; it is a whole number of 0 or more`);
    if (percent !== null && !(percent >= 0 && percent <= 100))
      throw new ConfigError(`policy low-node-load: ${share} is ${percent}; it is a percentage of 0 to 100`);
  }
  for (const line of LINES.flat()) {
    const percent = full[line] as number | null;
    if (percent !== null && !(percent >= 0 && percent <= 100))
      throw new ConfigError(`policy low-node-load: ${line} is ${percent}; it is a percentage of 0 to 100`);
  }
  for (const [low, high] of LINES) {
    const [from, to] = [full[low] as number | null, full[high] as number | null];
    if ((from === null) !== (to === null))
      throw new ConfigError(`policy low-node-load: ${low} and ${high} go together`);
    if (from !== null && to !== null && full['useDeviation'] === false && from > to)
      throw new ConfigError(`policy low-node-load: ${low} ${from} is above ${high} ${to}`);
  }
  return full;
}

const WORKLOAD_LIMITS = [
  ['maxMigratingPerWorkload', 'maxMigratingPerWorkloadPercent'],
  ['maxUnavailablePerWorkload', 'maxUnavailablePerWorkloadPercent'],
] as const;

/** What a configuration says of one limit, nothing = production's rule. */
function workloadLimit(config: PolicyConfig, at: 0 | 1): CountOrPercent | undefined {
  const [count, share] = WORKLOAD_LIMITS[at];
  if (config[count] !== null) return config[count] as number;
  return config[share] === null ? undefined : { percent: config[share] as number };
}

const LINES = [
  ['lowCpuPercent', 'highCpuPercent'],
  ['lowMemoryPercent', 'highMemoryPercent'],
  ['prodLowCpuPercent', 'prodHighCpuPercent'],
  ['prodLowMemoryPercent', 'prodHighMemoryPercent'],
] as const;

function percents(config: PolicyConfig, cpu: string, memory: string): PercentByName {
  const map: Record<string, number> = {};
  if (config[cpu] !== null) map[CPU_NAME] = config[cpu] as number;
  if (config[memory] !== null) map[MEMORY_NAME] = config[memory] as number;
  return map;
}

function roundConfig(config: PolicyConfig): LowNodeLoadConfig {
  return {
    thresholds: {
      low: percents(config, 'lowCpuPercent', 'lowMemoryPercent'),
      high: percents(config, 'highCpuPercent', 'highMemoryPercent'),
      prodLow: percents(config, 'prodLowCpuPercent', 'prodLowMemoryPercent'),
      prodHigh: percents(config, 'prodHighCpuPercent', 'prodHighMemoryPercent'),
      useDeviation: config['useDeviation'] as boolean,
    },
    resourceWeights: {},
    nodeFit: config['nodeFit'] as boolean,
    numberOfNodes: config['numberOfNodes'] as number,
    anomaly: {
      consecutiveAbnormalities: config['consecutiveAbnormalities'] as number,
      consecutiveNormalities: config['consecutiveNormalities'] as number,
      timeoutMs: config['anomalyTimeoutMs'] as number,
      anomalyNeedsOneMoreMark: config['anomalyNeedsOneMoreMark'] as boolean,
    },
    maxEvictionTotal: (config['maxEvictionTotal'] as number | null) ?? Number.POSITIVE_INFINITY,
    maxEvictionPerNode: (config['maxEvictionPerNode'] as number | null) ?? Number.POSITIVE_INFINITY,
    nodeFitReservesInListOrder: config['nodeFitReservesInListOrder'] as boolean,
  };
}

function decideBalance(signals: HostSignals, config: PolicyConfig, state: PolicyState, out: Decisions): void {
  if (LINES.every(([low]) => config[low] === null)) return;
  const own = state as DeschedulerState;
  const { nowMs, pods } = signals;
  if (pods === undefined) fail('low-node-load needs samples of single pods, and the signals carry none');
  if (nowMs - own.lastAtMs < (config['periodMs'] as number)) return;
  own.lastAtMs = nowMs;
  const nodes = nodesOf(signals, config['metricExpirationMs'] as number);
  const rows: number[] = [];
  const all = [...prodPods(signals, pods, rows), ...batchPods(signals, rows)];
  const { jobTtlMs, workloadWindowMs } = config as { readonly jobTtlMs: number; readonly workloadWindowMs: number };
  own.moves = own.moves.filter(({ atMs }) => nowMs - atMs < Math.max(workloadWindowMs, jobTtlMs));
  const onTheMove =
    config['mode'] === 'reservation-first' ? rowsOnTheMove(own, all, rows, nowMs - jobTtlMs) : new Set<number>();
  const balance =
    onTheMove.size === 0 ? all : all.map((pod, i) => (onTheMove.has(rows[i]) ? { ...pod, evictable: false } : pod));
  const moves = balanceLowNodeLoad(nodes, balance, { node: own.node, prod: own.prod }, nowMs, roundConfig(config));
  migrate(signals, pods, config, own, balance, rows, moves, onTheMove, out);
}

/** Pods whose migration was asked for after `sinceMs` and that still stand where they stood then. */
function rowsOnTheMove(
  state: DeschedulerState,
  balance: readonly BalancePod[],
  rows: readonly number[],
  sinceMs: number,
): ReadonlySet<number> {
  const podOf = new Map(rows.map((row, i) => [row, balance[i]]));
  return new Set(
    state.moves
      .filter(({ row, host, atMs }) => {
        const pod = podOf.get(row);
        return atMs > sinceMs && pod?.node === host && pod.createdAtMs <= atMs;
      })
      .map(({ row }) => row),
  );
}

function nodesOf(signals: HostSignals, metricExpirationMs: number): BalanceNode[] {
  return Array.from({ length: signals.count }, (_, host) => ({
    name: String(host),
    capacity: {
      [CPU_NAME]: signals.capacityMilliCpu[host] - signals.reservedMilliCpu[host],
      [MEMORY_NAME]: signals.capacityMemBytes[host] - signals.reservedMemBytes[host],
      [BATCH_CPU]: signals.publishedBatchMilliCpu[host],
      [BATCH_MEMORY]: signals.publishedBatchMemBytes[host],
      [MID_CPU]: signals.publishedMidMilliCpu[host],
      [MID_MEMORY]: signals.publishedMidMemBytes[host],
    },
    schedulable: signals.up[host] === 1,
    systemUsage: {
      [CPU_NAME]: signals.reportedSystemMilliCpu[host],
      [MEMORY_NAME]: signals.reportedSystemMemBytes[host],
    },
    hasFreshReport:
      signals.up[host] === 1 &&
      signals.sampledAtMs[host] >= 0 &&
      signals.nowMs - signals.sampledAtMs[host] < metricExpirationMs,
  }));
}

/** Pods of services that run; `rows` receives the row of each. */
function prodPods(signals: HostSignals, pods: PodSignals, rows: number[]): BalancePod[] {
  const list: BalancePod[] = [];
  for (let row = 0; row < pods.count; row++) {
    const host = pods.host[row];
    if (host < 0 || signals.up[host] === 0) continue;
    rows.push(row);
    const used = pods.usedMilliCpu[row];
    list.push({
      name: String(row),
      node: host,
      priorityClass: 'koord-prod',
      priorityValue: pods.priority?.[row] ?? 9500,
      ...QOS[pods.qos?.[row] ?? 0],
      deletionCost: 0,
      evictionCost: 0,
      createdAtMs: pods.startedAtMs[row],
      request: { [CPU_NAME]: pods.requestMilliCpu[row], [MEMORY_NAME]: pods.requestMemBytes[row] },
      evictable: true,
      ...(used >= 0 ? { usage: { [CPU_NAME]: Math.trunc(used), [MEMORY_NAME]: pods.usedMemBytes[row] } } : {}),
    });
  }
  return list;
}

/** PodSignals.qos in the words of the order: pods that own CPUs are Guaranteed. */
const QOS = [
  { kubernetesQos: 'Burstable', koordinatorQos: 'LS' },
  { kubernetesQos: 'Guaranteed', koordinatorQos: 'LSR' },
  { kubernetesQos: 'Guaranteed', koordinatorQos: 'LSE' },
] as const;

/** Class by the band of a priority; what lies in no band counts as batch. */
function classOfPriority(priority: number): PriorityClass {
  const band = Math.floor(priority / 1000);
  return band === 7 ? 'koord-mid' : band === 3 ? 'koord-free' : 'koord-batch';
}

function batchPods(signals: HostSignals, rows: number[]): BalancePod[] {
  const { tasks } = signals;
  const onHost = new Int32Array(tasks.maxRowsPerHost);
  const list: BalancePod[] = [];
  for (let host = 0; host < signals.count; host++) {
    if (signals.up[host] === 0) continue;
    const count = tasks.rowsOnHost(host, onHost);
    for (let i = 0; i < count; i++) {
      const row = onHost[i];
      rows.push(row);
      const priorityClass = classOfPriority(tasks.priority[row]);
      const [cpu, memory] = priorityClass === 'koord-mid' ? [MID_CPU, MID_MEMORY] : [BATCH_CPU, BATCH_MEMORY];
      list.push({
        name: String(row),
        node: host,
        priorityClass,
        priorityValue: tasks.priority[row],
        kubernetesQos: 'BestEffort',
        koordinatorQos: 'BE',
        deletionCost: 0,
        evictionCost: 0,
        createdAtMs: tasks.startedAtMs[row],
        request: { [cpu]: tasks.requestMilliCpu[row], [memory]: tasks.requestMemBytes[row] },
        evictable: true,
        usage: { [CPU_NAME]: Math.trunc(tasks.usedMilliCpu[row]), [MEMORY_NAME]: tasks.usedMemBytes[row] },
      });
    }
  }
  return list;
}

/** Turns the named pods into evictions, as far as the limits of node, workload and rate go. Batch pods have no workload to protect. */
function migrate(
  signals: HostSignals,
  pods: PodSignals,
  config: PolicyConfig,
  state: DeschedulerState,
  balance: readonly BalancePod[],
  rows: readonly number[],
  named: readonly { readonly pod: number }[],
  onTheMove: ReadonlySet<number>,
  out: Decisions,
): void {
  const { nowMs } = signals;
  const limits: MigrationLimits = {
    ...DEFAULT_MIGRATION_LIMITS,
    maxMigratingPerNode: config['maxMigratingPerNode'] as number,
  };
  const periodMs = config['periodMs'] as number;
  const isReserved = config['mode'] === 'reservation-first';
  const evictionsPerSecond = config['evictionsPerSecond'] as number;
  const windowMs = config['workloadWindowMs'] as number;
  let permits = isReserved ? Number.POSITIVE_INFINITY : Math.floor((evictionsPerSecond * periodMs) / 1000);
  const running = new Map<number, number>();
  for (let row = 0; row < pods.count; row++)
    if (pods.host[row] >= 0) running.set(pods.workload[row], (running.get(pods.workload[row]) ?? 0) + 1);
  const [maxMigrating, maxUnavailable] = [workloadLimit(config, 0), workloadLimit(config, 1)];
  for (const { pod } of named) {
    if (permits <= 0) return;
    const { node, priorityClass } = balance[pod];
    const row = rows[pod];
    const isProd = priorityClass === 'koord-prod';
    const workload = isProd ? pods.workload[row] : -1;
    const replicas = isProd ? pods.wantedReplicas[workload] : Number.POSITIVE_INFINITY;
    const movedSince = (test: (move: DeschedulerState['moves'][number]) => boolean) => state.moves.filter(test).length;
    const migratingOnNode = movedSince(
      (move) => move.host === node && (move.atMs === nowMs || onTheMove.has(move.row)),
    );
    if (isProd) {
      const migratingInWorkload = movedSince((move) => move.workload === workload && nowMs - move.atMs < windowMs);
      const refused = refuseMigration(
        {
          evictionCost: 0,
          replicas,
          ...(maxMigrating === undefined ? {} : { maxMigrating }),
          ...(maxUnavailable === undefined ? {} : { maxUnavailable }),
          migratingOnNode,
          migratingInNamespace: 0,
          migratingInWorkload,
          unavailableInWorkload: Math.max(0, replicas - (running.get(workload) ?? 0)),
        },
        limits,
      );
      if (refused !== undefined) continue;
    } else if (migratingOnNode >= limits.maxMigratingPerNode) continue;
    permits--;
    state.moves.push({ atMs: nowMs, workload, host: node, row });
    if (isReserved) decide(out, DECISION.migrate, node, row, config['jobTtlMs'] as number, evictionsPerSecond);
    else decide(out, DECISION.evict, node, row, EVICT_REASON.rebalanced, 0);
  }
}

export const lowNodeLoad: Policy = {
  name: 'low-node-load',
  about: 'moves pods from over-used to under-used nodes, within the limits of migration (Koordinator descheduler)',
  moment: 'report',
  periodMs: DEFAULTS.periodMs,
  needs: ['pod-samples'],
  migrates: true,
  defaults: DEFAULTS,
  configure,
  createState: (hostCount): DeschedulerState => ({
    node: createAnomalyDetectors(hostCount),
    prod: createAnomalyDetectors(hostCount),
    lastAtMs: Number.NEGATIVE_INFINITY,
    moves: [],
  }),
  decide: decideBalance,
};
