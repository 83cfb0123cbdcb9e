/**
 * The columns in which outside load reaches the simulator, generated or replayed.
 *
 * A workload is what the world does, never what a policy does: every value here is drawn from streams keyed by purpose and
 * name, so two policies under the same seed see the same arrivals, durations and demand (common random numbers).
 */

/** Latency classes of online services; the index is stored in columns. Source: docs/performance-models.md 4.2. */
export const LATENCY_CLASSES = ['static-web', 'rpc', 'kv-cache', 'search'] as const;
export type LatencyClass = (typeof LATENCY_CLASSES)[number];

/** Classes of best-effort work by how they press on the host; the index is stored. Source: docs/performance-models.md 4.2. */
export const PRESSURE_CLASSES = ['transcode', 'spark', 'ml-training', 'spin'] as const;
export type PressureClass = (typeof PRESSURE_CLASSES)[number];

/**
 * Online services, one row each; replicas of a service are alike but for their own noise.
 *
 * CPU use of replica r at time t is
 *
 *   requestMilliCpu x base(t) x max(0, 1 + common(t) + own_r(t)),   at most the limit
 *
 * base(t) is the row's `baseRatio` slot, linearly interpolated between slot starts and repeated cyclically. common and own are
 * each the sum of an AR(1) part (share `arShare` of the variance, time constant `tauMs`) and white noise, with standard
 * deviations `commonCv` and `ownCv`.
 */
export interface OnlineServices {
  readonly count: number;
  readonly names: readonly string[];
  /** Index into LATENCY_CLASSES. */
  readonly latencyClass: Uint8Array;
  readonly replicas: Int32Array;
  readonly requestMilliCpu: Float64Array;
  /** 0 = no limit. */
  readonly limitMilliCpu: Float64Array;
  readonly requestMemBytes: Float64Array;
  /** Working set over request, constant over a run (measured change is below 2 % a day). */
  readonly memUsageRatio: Float64Array;
  readonly slotMs: number;
  readonly slotCount: number;
  /** CPU use over request, row-major count x slotCount; with `stream`, of the rows behind it only (x its restSlots). */
  readonly baseRatio: Float32Array;
  /** The use of the first rows, read while the run goes on instead of standing in `baseRatio`. */
  readonly stream?: UsageStream;
  readonly commonCv: Float64Array;
  readonly commonArShare: Float64Array;
  readonly commonTauMs: Float64Array;
  readonly ownCv: Float64Array;
  readonly ownArShare: Float64Array;
  readonly ownTauMs: Float64Array;
  /** Largest over mean CPU use inside a window (short peaks that means hide), at least 1. */
  readonly peakOverMean: Float64Array;
}

/** Measured use of services in an imported trace, read block by block (base-use.ts). Plain data: a worker opens the files for itself. */
export interface UsageStream {
  /** Folder of the trace. */
  readonly folder: string;
  /** Names the content of the trace (trace-identity.ts). */
  readonly sha256: string;
  /** Id of the service in each row. */
  readonly ids: readonly string[];
  /** Base ratio of one milli-CPU of measured use, per row. */
  readonly perMilliCpu: Float64Array;
  /** Slot of the trace that is slot 0 of the run. */
  readonly firstSlot: number;
  /** Slots that are in memory at once. */
  readonly blockSlots: number;
  /** Last use before each block, milli-CPU, row-major blocks x rows: what stands where a block begins with a gap. */
  readonly before: Float64Array;
  /** First slot of the run in which a service lives, and the first in which it lives no more. */
  readonly fromSlot: Float64Array;
  readonly toSlot: Float64Array;
  /** Slots of `baseRatio` for the rows that are not streamed. */
  readonly restSlots: number;
}

/** What a trace knows of single tasks beside the columns of a chunk. Tasks are numbered from 0 in order of submission. */
export interface TaskDetails {
  /** CPU use as a series of stretches: rows first[t] .. first[t + 1] - 1 belong to task t. */
  readonly use?: { readonly first: Int32Array; readonly ms: Float64Array; readonly milliCpu: Float64Array };
  /** How long its user says it takes at most, ms; Infinity = not said. */
  readonly estimateMs?: Float64Array;
  /** Host it must go to, -1 = any. */
  readonly host?: Int32Array;
  /** Tasks that must be done first: rows first[t] .. first[t + 1] - 1. */
  readonly parents?: { readonly first: Int32Array; readonly task: Int32Array };
}

/** What a task asks of GPUs: whole cards, or a share of one. */
export interface GpuRequest {
  /** 1 where it asks for a share. */
  readonly cards: number;
  /** Core of each card in 1/1000; 1000 = the whole card. */
  readonly milliPerCard: number;
  /** Memory of each card in 1/1000 of what it has; counts where memBytesPerCard is 0. */
  readonly memMilliPerCard: number;
  readonly memBytesPerCard: number;
  /** Card models it accepts; empty = any. */
  readonly models: readonly string[];
}

/**
 * Best-effort tasks submitted inside one hour, in the order (submitMs, job, stage, index in stage).
 *
 * Columns are owned by the chunk and hold `count` valid rows; a generator grows them when an hour needs more.
 */
export interface BatchChunk {
  count: number;
  submitMs: Float64Array;
  /** Index into the populations of the generator. */
  population: Uint8Array;
  /** Number of the job, counted from 0 over the whole run in submit order. */
  job: Int32Array;
  /** Stage inside the job: stage s + 1 becomes ready when every task of stage s is done. */
  stage: Uint8Array;
  requestMilliCpu: Int32Array;
  requestMemBytes: Float64Array;
  /** Entry of the source's gpuRequests + 1; 0 = asks for no GPU. */
  gpu: Uint16Array;
  /** CPU the task uses when nobody is in its way; at most the request. */
  demandMilliCpu: Int32Array;
  /** Memory it holds while it runs; at most the request. */
  usedMemBytes: Float64Array;
  /** Time it would take alone on an idle core of nominal speed. Work is demandMilliCpu x durationMs. */
  durationMs: Float64Array;
  /** Latest useful end of the job, absolute ms; Infinity = none. */
  deadlineMs: Float64Array;
}

/** A source of best-effort load that can be asked for any hour, in any order, any number of times, with the same answer. */
export interface BatchSource {
  readonly populations: readonly BatchPopulation[];
  /** What tasks ask of GPUs; absent = nothing. */
  readonly gpuRequests?: readonly GpuRequest[];
  /** First job number of each hour; length hours + 1. Lets hours be produced independently. */
  readonly firstJobOfHour: Int32Array;
  /** Replaces the content of `out` with the tasks submitted in [hour, hour + 1). */
  fillHour(hour: number, out: BatchChunk): void;
}

/** One kind of best-effort work. */
export interface BatchPopulation {
  readonly name: string;
  readonly pressureClass: PressureClass;
  /** Koordinator priority value of its pods (batch band 5000..5999). */
  readonly priority: number;
  /** Who tries failed attempts again: the scheduler that submitted them, by its own rule of retries. Absent = the engine, by the plan's. */
  readonly retriedByPlane?: boolean;
}

/** An empty chunk with room for `rows` tasks. */
export function createBatchChunk(rows: number): BatchChunk {
  return {
    count: 0,
    submitMs: new Float64Array(rows),
    population: new Uint8Array(rows),
    job: new Int32Array(rows),
    stage: new Uint8Array(rows),
    requestMilliCpu: new Int32Array(rows),
    requestMemBytes: new Float64Array(rows),
    gpu: new Uint16Array(rows),
    demandMilliCpu: new Int32Array(rows),
    usedMemBytes: new Float64Array(rows),
    durationMs: new Float64Array(rows),
    deadlineMs: new Float64Array(rows),
  };
}

/** Makes room for at least `rows` tasks, keeping the rows already there; at least doubles, so growth stays linear. */
export function growBatchChunk(chunk: BatchChunk, rows: number): void {
  if (rows <= chunk.submitMs.length) return;
  const larger = createBatchChunk(Math.max(rows, chunk.submitMs.length * 2));
  larger.submitMs.set(chunk.submitMs);
  larger.population.set(chunk.population);
  larger.job.set(chunk.job);
  larger.stage.set(chunk.stage);
  larger.requestMilliCpu.set(chunk.requestMilliCpu);
  larger.requestMemBytes.set(chunk.requestMemBytes);
  larger.gpu.set(chunk.gpu);
  larger.demandMilliCpu.set(chunk.demandMilliCpu);
  larger.usedMemBytes.set(chunk.usedMemBytes);
  larger.durationMs.set(chunk.durationMs);
  larger.deadlineMs.set(chunk.deadlineMs);
  larger.count = chunk.count;
  Object.assign(chunk, larger);
}
