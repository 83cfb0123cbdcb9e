/**
 * What a policy may see, what it may do, and what a policy is. Production and the simulator implement the same ports.
 *
 * A policy reads columns with one row a host and appends rows to `Decisions`. On one production node it is called with
 * `count = 1`; in the simulator with every host of the cluster. It keeps nothing between calls except the state object its
 * caller owns, so a cluster can be copied, continued and compared.
 */

/**
 * Telemetry of `count` hosts. CPU in milli-CPU, memory in bytes, time in ms.
 *
 * Columns named `reported...` are averages over the aggregation window, as old as `sampledAtMs` says; columns named `last...` are
 * the newest one-second sample that the node itself sees. `hp` = pods of the prod and mid classes, `be` = best-effort pods.
 */
export interface HostSignals {
  readonly count: number;
  readonly nowMs: number;
  /** When the reported averages ended; row a host. */
  readonly sampledAtMs: Float64Array;
  readonly up: Uint8Array;
  readonly capacityMilliCpu: Float64Array;
  readonly capacityMemBytes: Float64Array;
  /** Ratios of CPU normalization and of resource amplification; absent = 1 everywhere. */
  readonly cpuNormalizationRatio?: Float64Array;
  readonly cpuAmplificationRatio?: Float64Array;
  /** Kept for the node's daemons: max of kubelet reservation and annotation. */
  readonly reservedMilliCpu: Float64Array;
  readonly reservedMemBytes: Float64Array;

  readonly reportedNodeMilliCpu: Float64Array;
  readonly reportedNodeMemBytes: Float64Array;
  readonly reportedSystemMilliCpu: Float64Array;
  readonly reportedSystemMemBytes: Float64Array;
  /** Usage of hp pods with metrics plus requests of hp pods without. */
  readonly reportedHpMilliCpu: Float64Array;
  readonly reportedHpMemBytes: Float64Array;
  /** Sum of max(request, usage) over hp pods with metrics. */
  readonly reportedHpMaxUsedRequestMilliCpu: Float64Array;
  readonly reportedHpMaxUsedRequestMemBytes: Float64Array;
  readonly hpRequestMilliCpu: Float64Array;
  readonly hpRequestMemBytes: Float64Array;
  /** The part of it that belongs to pods without metrics when the report was made; absent = 0 everywhere. */
  readonly hpUnreportedMilliCpu?: Float64Array;
  readonly hpUnreportedMemBytes?: Float64Array;

  /** CPUs that LSE and LSR pods own; absent = none. */
  readonly lseCpus?: Int32Array;
  readonly lsrCpus?: Int32Array;
  /** Requests over reported usage, of LSE and of LSR pods with metrics; absent = 0 everywhere. */
  readonly lseUnusedMilliCpu?: Float64Array;
  readonly lsrUnusedMilliCpu?: Float64Array;

  /** NUMA zones of hosts that sell batch resources by zone; absent = none does. */
  readonly zones?: ZoneSignals;

  /** Instructions per cycle of hp pods in the newest window over what they are alone on an idle host; there for policies that need `ipc`. */
  readonly hpRelativeIpc?: Float64Array;
  readonly lastNonBeMilliCpu: Float64Array;
  readonly lastSystemMilliCpu: Float64Array;
  readonly lastNodeMemBytes: Float64Array;
  readonly lastBeMilliCpu: Float64Array;
  readonly beRequestMilliCpu: Float64Array;
  readonly beRequestMemBytes: Float64Array;
  /** CPU that best effort may use now: quota or cpuset, whichever is smaller. */
  readonly beLimitMilliCpu: Float64Array;
  /** Average of be usage and be limit over the policy's window. */
  readonly averageBeMilliCpu: Float64Array;
  readonly averageBeLimitMilliCpu: Float64Array;
  /** Average of the node's use over the same window; absent = the newest. */
  readonly averageNodeMilliCpu?: Float64Array;
  /** Newest use of the pods that own CPUs (LSE and LSR); absent = none does. */
  readonly lastOwnCpusMilliCpu?: Float64Array;

  readonly publishedBatchMilliCpu: Float64Array;
  readonly publishedBatchMemBytes: Float64Array;
  readonly publishedAtMs: Float64Array;
  /** Mid resources on the node now. */
  readonly publishedMidMilliCpu: Float64Array;
  readonly publishedMidMemBytes: Float64Array;
  /** Requests of pods of the prod class, and of those of the mid class. */
  readonly prodRequestMilliCpu: Float64Array;
  readonly prodRequestMemBytes: Float64Array;
  readonly midRequestMilliCpu: Float64Array;
  readonly midRequestMemBytes: Float64Array;
  /** Requests in the tier below batch: of pods of the free class, or of YARN containers; absent = 0 everywhere. */
  readonly freeRequestMilliCpu?: Float64Array;
  readonly freeRequestMemBytes?: Float64Array;
  /** Quota of the best-effort tier in microseconds a 100 ms period; -1 = unlimited. */
  readonly beQuotaUs: Float64Array;

  /** History for predictors: host sums of hp limits and usage, newest last, `historyLength` samples a host, row-major. */
  readonly hpLimitMilliCpu: Float64Array;
  readonly history: HostHistory;
  /** Best-effort tasks of one host, for victim choice. */
  readonly tasks: TaskSignals;
  /** Samples of single hp pods; there only when a policy of the run says that it needs them. */
  readonly pods?: PodSignals;
}

/** NUMA zones, one row a zone; those of host h are rows firstZone[h] .. firstZone[h + 1] - 1. */
export interface ZoneSignals {
  readonly firstZone: Int32Array;
  /** CPUs of the zone that LSE and LSR pods own. */
  readonly lseCpus: Int32Array;
  readonly lsrCpus: Int32Array;
  readonly publishedMilliCpu: Float64Array;
  readonly publishedMemBytes: Float64Array;
}

/**
 * Newest sample of every hp pod, one row a pod; a row belongs to the same pod for the whole run.
 *
 * Usage is the mean over the sample's span, which ends with a report.
 */
export interface PodSignals {
  readonly count: number;
  readonly sampleMs: number;
  /** Samples taken so far; it rises when the usage columns are new. */
  readonly sampleNumber: number;
  /** Host on which the pod runs now, -1 = nowhere. */
  readonly host: Int32Array;
  readonly startedAtMs: Float64Array;
  readonly requestMilliCpu: Float64Array;
  readonly requestMemBytes: Float64Array;
  /** Kind of workload, 0..31. */
  readonly type: Uint8Array;
  /** Priority of the pod, and its QoS class: 0 = LS, 1 = LSR, 2 = LSE; absent = 9500 and LS. */
  readonly priority?: Int32Array;
  readonly qos?: Uint8Array;
  /** Number of the workload that the pod is a replica of, and per workload how many replicas are wanted. */
  readonly workload: Int32Array;
  readonly wantedReplicas: Int32Array;
  /** -1 = the pod ran in no window of the sample. */
  readonly usedMilliCpu: Float64Array;
  readonly usedMemBytes: Float64Array;
  /** 90th percentile of the one-second use in the newest window; -1 = the pod did not run. */
  readonly lastP90MilliCpu: Float64Array;
  /** What limits do to pods; for policies that need `throttling`. */
  readonly throttling?: PodThrottling;
  /** What is still to come; for bounds that no production policy can reach. */
  readonly future?: PodFuture;
}

/** CFS limits of pods in the newest window, one row a pod. */
export interface PodThrottling {
  /** 0 = no limit. */
  readonly limitMilliCpu: Float64Array;
  /** Share of 100 ms periods in which the pod was throttled. */
  readonly throttledRatio: Float64Array;
  readonly lastUsedMilliCpu: Float64Array;
}

/** Demand of every pod in the coming samples, if nothing slows it and all replicas of its service are there. */
export interface PodFuture {
  readonly horizonSamples: number;
  /** Row-major pod x sample; a ring, so the order of samples inside a row means nothing. */
  readonly usedMilliCpu: Float32Array;
}

/** Five-minute samples of what hp pods of each host used, newest last. */
export interface HostHistory {
  readonly sampleMs: number;
  /** Room a host; fewer samples are valid while the run is young. */
  readonly capacity: number;
  readonly length: number;
  /** Index of the newest sample inside each host's row (a ring). */
  readonly newest: number;
  readonly usedMilliCpu: Float64Array;
  readonly limitMilliCpu: Float64Array;
}

/** Columns over tasks; rows are named by the host's list. */
export interface TaskSignals {
  /** Writes the rows of best-effort tasks that run on `host` into `out`, in ascending row order; returns how many. */
  rowsOnHost(host: number, out: Int32Array): number;
  readonly maxRowsPerHost: number;
  readonly priority: Int32Array;
  readonly requestMilliCpu: Float64Array;
  readonly requestMemBytes: Float64Array;
  readonly usedMilliCpu: Float64Array;
  readonly usedMemBytes: Float64Array;
  readonly startedAtMs: Float64Array;
}

export const DECISION = {
  /** host, a = batch milli-CPU, b = batch memory bytes: what the node offers to best effort from now on. */
  publishBatch: 0,
  /** host, a = microseconds of CPU a 100 ms period for the whole best-effort tier, -1 = unlimited. */
  limitBestEffort: 1,
  /** host, task, a = reason (EVICT_REASON). */
  evict: 2,
  /** task, host: the pod is bound. */
  bind: 3,
  /** host, a = milli-CPU, b = memory bytes: what the node offers to the mid and to the free class from now on. */
  publishMid: 4,
  publishFree: 5,
  /** host, task = row of the pod, a and b = quota and burst buffer in microseconds a 100 ms period. */
  limitPod: 6,
  /** host, task = number of its NUMA zone, a = milli-CPU, b = memory bytes: what the zone offers to best effort; after publishBatch. */
  publishBatchZone: 7,
  /** host, task, a = ms after which it is no longer tried, b = evictions a second: the pod moves once it has a place elsewhere. */
  migrate: 8,
} as const;

export const EVICT_REASON = {
  memory: 0,
  cpu: 1,
  preempted: 2,
  drained: 3,
  allocatable: 4,
  rebalanced: 5,
  quota: 6,
  /** Not a policy's: the kernel kills when memory runs out. */
  outOfMemory: 7,
  /** A pod whose new size its host cannot take gives way to a new one. */
  resized: 8,
  /** The kubelet's, where memory of a node runs short. */
  nodePressure: 9,
  /** Not a policy's: an executor that got too little CPU for too long misses its heartbeats. */
  executorLost: 10,
} as const;

/** What policies want done, in the order they said it. Columns grow; rows are never removed before they are applied. */
export interface Decisions {
  count: number;
  kind: Uint8Array;
  host: Int32Array;
  task: Int32Array;
  a: Float64Array;
  b: Float64Array;
}

/** Empty decisions with room for `rows`. */
export function createDecisions(rows: number): Decisions {
  return {
    count: 0,
    kind: new Uint8Array(rows),
    host: new Int32Array(rows),
    task: new Int32Array(rows),
    a: new Float64Array(rows),
    b: new Float64Array(rows),
  };
}

/** Appends one decision; the columns double when full. */
export function decide(out: Decisions, kind: number, host: number, task: number, a: number, b: number): void {
  const row = out.count;
  if (row === out.kind.length) grow(out);
  out.kind[row] = kind;
  out.host[row] = host;
  out.task[row] = task;
  out.a[row] = a;
  out.b[row] = b;
  out.count = row + 1;
}

function grow(out: Decisions): void {
  const larger = createDecisions(Math.max(64, out.kind.length * 2));
  larger.kind.set(out.kind);
  larger.host.set(out.host);
  larger.task.set(out.task);
  larger.a.set(out.a);
  larger.b.set(out.b);
  out.kind = larger.kind;
  out.host = larger.host;
  out.task = larger.task;
  out.a = larger.a;
  out.b = larger.b;
}

/** State between calls: plain data that structuredClone copies. */
export type PolicyState = Record<string, unknown>;
export type PolicyConfig = Readonly<Record<string, unknown>>;

/** Signals that cost something and are there only when a policy asks for them: samples of single pods and their future, averages of hosts. */
export type PolicyNeed = 'pod-samples' | 'pod-future' | 'throttling' | 'ipc' | 'node-average';

/** What policies sell beside the host's own CPU and memory, by priority class. */
export type SoldTier = 'batch' | 'mid' | 'free';

/** When a policy runs: with each node report, or with each pass of the node's own loop. */
export type PolicyMoment = 'report' | 'node-loop';

/**
 * One decision rule that ships to production.
 *
 * `decide` must depend on its arguments only: the same signals, configuration and state give the same decisions, and a host
 * decided alone gets what it gets among many. The contract suite checks both.
 */
export interface Policy {
  readonly name: string;
  /** One sentence for `tidemark policies`. */
  readonly about: string;
  readonly moment: PolicyMoment;
  /** Period of the loop in production; the simulator uses the loop's closed form where its window is longer. */
  readonly periodMs: number;
  /** Optional signals without which `decide` cannot work. */
  readonly needs?: readonly PolicyNeed[];
  /** What the policy alone publishes; a run has at most one policy for each. */
  readonly sells?: readonly SoldTier[];
  /** Sold resources in which other things than pods run: the node's loops see none of them among the tasks they may evict. */
  readonly containers?: readonly SoldTier[];
  /** It moves pods by DECISION.migrate: a scheduler that reserves places must be ready to. */
  readonly migrates?: boolean;
  /** Policies of the control plane that do part of the same: they do not run beside this one. */
  readonly replaces?: readonly string[];
  /** Every parameter with its production default. */
  readonly defaults: PolicyConfig;
  /** Returns the complete configuration; throws ConfigError for what production would refuse. */
  configure(config: PolicyConfig): PolicyConfig;
  createState(hostCount: number, config: PolicyConfig): PolicyState;
  decide(signals: HostSignals, config: PolicyConfig, state: PolicyState, out: Decisions): void;
  /** What a reader of the report should know of the run. */
  notes?(state: PolicyState): readonly string[];
}
