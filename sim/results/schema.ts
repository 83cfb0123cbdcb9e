/**
 * The tables a run leaves behind: names, columns, units. Everything that reads results (reports, comparisons, other tools)
 * depends on this file and on nothing else of the simulator.
 *
 * A table is a record of equally long columns. On disk each is one Parquet file of a run directory:
 *
 *   manifest.json   plan hash, seed, digest (whole and per hour), versions, tables with their row counts, a stamp per file
 *   plan.json       the resolved plan
 *   summary.json    the headline figures (RunSummary)
 *   notes.json      sentences a reader must know
 *   <table>.parquet
 *   report.html
 *
 * With several seeds the directory holds seed-<n>/ for each and a summary.json with intervals over them (Replications).
 */

/** Text for people beside every column. */
export interface ColumnSpec {
  readonly name: string;
  readonly type: 'int32' | 'float64' | 'string';
  readonly about: string;
}

const float = (name: string, about: string): ColumnSpec => ({ name, type: 'float64', about });
const int = (name: string, about: string): ColumnSpec => ({ name, type: 'int32', about });
const text = (name: string, about: string): ColumnSpec => ({ name, type: 'string', about });

export const TABLES = {
  /** One row a window, whole cluster. Values are means over the window unless they say otherwise. */
  windows: [
    float('timeMs', 'start of the window, from the start of the run'),
    float('capacityMilliCpu', 'logical CPU of hosts that are up'),
    float('onlineUsedMilliCpu', 'CPU used by online services'),
    float('bestEffortUsedMilliCpu', 'CPU used by best effort'),
    float('systemUsedMilliCpu', 'CPU used by daemons and kernel'),
    float('workUtilisation', 'share of peak throughput delivered (SMT-aware), 0..1'),
    float('batchSoldMilliCpu', 'batch-cpu published on all hosts'),
    float('batchRequestedMilliCpu', 'batch-cpu requested by bound best-effort tasks'),
    float('suppressedMilliCpu', 'best-effort demand not granted'),
    int('suppressedHosts', 'hosts where best effort got less than it wanted'),
    float('capacityMemMib', 'memory of hosts that are up'),
    float('onlineUsedMemMib', 'working set of online services'),
    float('bestEffortUsedMemMib', 'memory of best effort'),
    float('systemUsedMemMib', 'memory of daemons and kernel'),
    float('pageCacheMemMib', 'file pages that fit beside it (services and best effort); not counted as used'),
    int('reclaimHosts', 'hosts where requests wait for memory: direct reclaim, or file pages of services gone'),
    float('batchSoldMemMib', 'batch-memory published on all hosts'),
    float('batchRequestedMemMib', 'batch-memory requested by bound best-effort tasks'),
    float('requests', 'online requests in the window'),
    float('violatingRequests', 'of them, answered later than the service target (expected value)'),
    float('violatingRequestsAlone', 'the same with best effort removed from the formula: dV is the co-location part'),
    int('onlinePodsRunning', 'at the end of the window'),
    int('onlinePodsPending', 'at the end of the window'),
    int('bestEffortRunning', 'at the end of the window'),
    int('bestEffortPending', 'at the end of the window'),
    int('evictedMemory', 'best-effort tasks evicted for memory in the window'),
    int('evictedCpu', 'best-effort tasks evicted for CPU satisfaction in the window'),
    int('oomKills', 'tasks and pods killed because a host ran out of memory, in the window'),
    int('refusedHosts', 'hosts that load-aware scheduling refuses at the end of the window'),
    float('powerWatts', 'at the hosts, without PUE'),
    int('hostsDown', 'failed or drained hosts at the end of the window'),
    int('gpuCapacityMilli', 'cores of all GPUs of hosts that are up, 1000 a card; 0 without GPUs'),
    int('gpuAllocatedMilli', 'of them, held by pods and tasks, running or starting'),
    int('gpuRunningMilli', 'of those, held by pods and tasks that run'),
    float(
      'gpuFragmentedMilli',
      'free core that the pods of this cluster could not use, in expectation (FGD, ATC 2023)',
    ),
  ],
  /** One row a host and hour, hours in order inside hosts. */
  hostHours: [
    int('host', 'host number'),
    int('hour', 'hour from the start of the run'),
    float('onlineUtilisation', 'online CPU over capacity, 0..1'),
    float('bestEffortUtilisation', 'best-effort CPU over capacity, 0..1'),
    float('memUtilisation', 'memory used over capacity, 0..1'),
    float('suppressedMinutes', 'minutes in which best effort got less than it wanted'),
    float('starvedMinutes', 'minutes in which best effort got less than a fifth (`starvedShare`) of what it requested'),
    float('violatingRequests', 'online requests on this host answered too late (expected value)'),
    int('evictions', 'best-effort tasks evicted'),
  ],
  hosts: [
    int('host', 'host number'),
    text('name', 'host name'),
    text('shape', 'name of the host shape'),
    int('rack', 'rack number'),
    float('capacityMilliCpu', 'logical CPU'),
    float('capacityMemMib', 'memory'),
    float(
      'strandedMilliCpu',
      'mean CPU that is free to sell while memory is not (or the other way round: strandedMemMib)',
    ),
    float('strandedMemMib', 'mean memory that is free to sell while CPU is not'),
  ],
  /** One row a service and hour. */
  serviceHours: [
    int('service', 'service number'),
    int('hour', 'hour from the start of the run'),
    float('requests', 'requests offered'),
    float('violatingRequests', 'answered later than the target (expected value)'),
    float('violatingRequestsAlone', 'the same with best effort removed from the formula'),
    float('violatingContention', 'of violatingRequests: cores, cache, bandwidth and clock shared with best effort'),
    float('violatingSuppression', 'of violatingRequests: best effort was squeezed a second or two too late'),
    float('violatingThrottled', 'of violatingRequests: because of CPU limits'),
    float(
      'violatingDeadHosts',
      'of violatingRequests: load of replicas on dead hosts that nobody has noticed yet, and packets lost by switches that fail',
    ),
    float('violatingUnplaced', 'of violatingRequests: load of replicas that wait for a host or are starting'),
    float('violatingMemory', 'of violatingRequests: wait for memory reclaim or read file pages again'),
    float('sloMinutes', 'minutes in which more than 1 % of requests were late, mean over replicas'),
    float('waitMsP99', 'p99 latency, mean over windows and replicas'),
    float('readyReplicas', 'mean'),
  ],
  services: [
    int('service', 'service number'),
    text('name', 'service name'),
    text('latencyClass', 'latency class'),
    int('replicas', 'wanted at the start'),
    float('requestMilliCpu', 'per replica'),
    float('requestMemMib', 'per replica'),
    float('targetMs', 'latency target'),
    float('designServiceMs', 'mean CPU service time of one request'),
    float('requests', 'after warm-up'),
    float('violatingRequests', 'after warm-up'),
    float('violatingRequestsAlone', 'after warm-up'),
    float('sloMinutes', 'after warm-up'),
    float('worstHourProbability', 'largest hourly share of late requests'),
    int('worstHour', 'when'),
  ],
  /** One row a population and hour (hour of the event counted). */
  batchHours: [
    int('population', 'population number'),
    int('hour', 'hour from the start of the run'),
    int('submitted', 'tasks'),
    int('started', 'attempts'),
    int('finished', 'tasks'),
    int('evicted', 'attempts'),
    int('failed', 'attempts that failed on their own or with their host'),
    int('executorsLost', 'of failed: the host starved best effort for too long'),
    int('abandoned', 'tasks given up after the last retry'),
    float('waitMsSum', 'sum over started attempts of the time since they became ready'),
    float('offeredCoreHours', 'requested core-hours of tasks submitted'),
    float('doneCoreHours', 'work done by finished tasks, core-hours of nominal speed'),
    float('wastedCoreHours', 'work thrown away by evictions and failures'),
    int('deadlinesMet', 'jobs'),
    int('deadlinesMissed', 'jobs'),
  ],
  populations: [
    int('population', 'population number'),
    text('name', 'population name'),
    float('waitMsP50', 'of attempts started after warm-up'),
    float('waitMsP95', ''),
    float('waitMsP99', ''),
    float('stretchP50', '(finish - submit) / duration alone'),
    float('stretchP95', ''),
    float('tardinessMsP50', 'finish - deadline of jobs with one, 0 = in time; jobs open at the end count up to it'),
    float('tardinessMsP95', ''),
    float('tardinessMsP99', ''),
    float('slackMsP05', 'time left of 19 jobs in 20 at least, 0 = later than that'),
  ],
} as const satisfies Record<string, readonly ColumnSpec[]>;

export type TableName = keyof typeof TABLES;
export type Column = Float64Array | Int32Array | readonly string[];
export type ColumnName<T extends TableName> = (typeof TABLES)[T][number]['name'];

/** A table in memory: every column has `rows` entries. */
export interface Table<T extends TableName = TableName> {
  readonly name: T;
  readonly rows: number;
  readonly columns: Readonly<Record<ColumnName<T>, Column>>;
}

/** A value with a symmetric interval over replications; `halfWidth` is NaN with fewer than two. */
export interface Estimate {
  readonly mean: number;
  readonly halfWidth: number;
  readonly n: number;
}

/**
 * Headline figures of one run, after warm-up. Percentages are 0..100; times in their unit; money in the plan's currency.
 */
export interface RunSummary {
  readonly hosts: number;
  readonly days: number;
  readonly cpuUtilisationMeanPercent: number;
  readonly cpuUtilisationP95Percent: number;
  readonly cpuUtilisationPeakPercent: number;
  readonly onlineUtilisationMeanPercent: number;
  readonly bestEffortUtilisationMeanPercent: number;
  readonly workUtilisationMeanPercent: number;
  readonly memUtilisationMeanPercent: number;
  /** Requested over capacity. */
  readonly onlineCpuRequestPercent: number;
  readonly onlineMemRequestPercent: number;
  readonly batchSoldMeanPercent: number;
  readonly batchRequestedMeanPercent: number;
  readonly batchMemSoldMeanPercent: number;
  readonly batchMemRequestedMeanPercent: number;
  /** Share of service-hours with more late requests than the objective allows. */
  readonly violationServiceHourPercent: number;
  /** Late requests over all requests. */
  readonly lateRequestPercent: number;
  /** The part of it that best effort causes. */
  readonly lateRequestFromColocationPercent: number;
  readonly sloMinutesPerServiceDay: number;
  readonly tasksSubmitted: number;
  readonly tasksFinished: number;
  readonly tasksAbandoned: number;
  readonly evictionsMemory: number;
  readonly evictionsCpu: number;
  readonly evictionsPer1000Starts: number;
  /** Tasks and pods killed because a host ran out of memory. */
  readonly oomKills: number;
  readonly doneCoreHours: number;
  readonly wastedCoreHours: number;
  readonly wastedPercent: number;
  readonly waitMsP50: number;
  readonly waitMsP95: number;
  readonly pendingPeak: number;
  readonly suppressedPercentOfDemand: number;
  readonly suppressedHostHours: number;
  readonly onlinePodsUnplacedPeak: number;
  readonly strandedCpuPercent: number;
  readonly strandedMemPercent: number;
  readonly energyKwh: number;
  readonly cost: number;
  readonly costPerUsefulCoreHour: number;
  /** Ten more points of CPU use: energy, and hosts that need not be bought for the work they do; a host and year. */
  readonly tenPointsEnergyCost: number;
  readonly tenPointsAvoidedCost: number;
  readonly deadlineMissPercent: number;
  /** Of all jobs with a deadline, 0 = in time. */
  readonly tardinessMsP95: number;
  readonly hostFailures: number;
  /** Core of GPUs over what there is, 0 without GPUs; see the columns of windows. */
  readonly gpuAllocatedMeanPercent: number;
  readonly gpuAllocatedPeakPercent: number;
  readonly gpuRunningMeanPercent: number;
  readonly gpuFragmentedMeanPercent: number;
}

/** What identifies a run and lets it be checked and repeated. */
export interface Manifest {
  readonly format: 'tidemark-run/1';
  readonly name: string;
  readonly planHash: string;
  readonly seed: string;
  readonly digest: string;
  readonly digestPerHour: readonly string[];
  readonly tidemarkVersion: string;
  readonly nodeVersion: string;
  readonly events: number;
  readonly tables: Readonly<Record<string, number>>;
  /** Size and SHA-256 (hex) of every other file of the run directory; empty until the run is written. */
  readonly files: Readonly<Record<string, FileStamp>>;
  /** The run went on at `atMs` from a snapshot of a run of the plan with this hash; absent when it began at 0. */
  readonly continuedFrom?: { readonly planHash: string; readonly atMs: number };
}

/** What a file must be to be the one that was written. */
export interface FileStamp {
  readonly bytes: number;
  readonly sha256: string;
}

/** Everything one run leaves behind. */
export interface RunResults {
  readonly manifest: Manifest;
  readonly plan: unknown;
  readonly summary: RunSummary;
  readonly tables: { readonly [T in TableName]: Table<T> };
  /** Sentences a reader must know: approximations in force, scales solved for, inputs skipped. */
  readonly notes: readonly string[];
}

/** Summary over seeds: an estimate for every figure of RunSummary. */
export interface Replications {
  readonly seeds: readonly string[];
  readonly digests: readonly string[];
  readonly confidence: number;
  readonly estimates: { readonly [K in keyof RunSummary]: Estimate };
}
