/**
 * How much of what prod pods requested they will not use, by the peaks seen in their past.
 *
 * Two predictors answer, one by summing pods and one by looking at whole priority classes; the smaller counts.
 * Source: pkg/koordlet/prediction/{config,peak_predictor,predict_server}.go.
 */
import { MS_PER_HOUR, MS_PER_MINUTE } from '../base/units.ts';
import type { DecayingHistogram } from './histogram.ts';
import { createHistogram, exponentialBuckets, percentile } from './histogram.ts';
import type { PriorityClass } from './priority-class.ts';
import type { CpuMem } from './resources.ts';
import { addCpuMem, NOTHING } from './resources.ts';

export interface PredictionSettings {
  readonly coldStartMs: number;
  readonly safetyMarginPercent: number;
  readonly cpuHalfLifeMs: number;
  readonly memoryHalfLifeMs: number;
  /** One sample a period: the p90 of the last period. */
  readonly trainingIntervalMs: number;
  readonly modelExpiryMs: number;
}

export const DEFAULT_PREDICTION: PredictionSettings = Object.freeze({
  coldStartMs: 24 * MS_PER_HOUR,
  safetyMarginPercent: 10,
  cpuHalfLifeMs: 12 * MS_PER_HOUR,
  memoryHalfLifeMs: 24 * MS_PER_HOUR,
  trainingIntervalMs: MS_PER_MINUTE,
  modelExpiryMs: 30 * MS_PER_MINUTE,
});

const BUCKET_RATIO = 1.05;
const EPSILON = 1e-4;
const CPU_MAX_CORES = 1024;
const CPU_FIRST_CORES = 0.025;
const MEMORY_MAX_BYTES = 2_199_023_255_552;
const MEMORY_FIRST_BYTES = 5_242_880;

/** Empty cpu model; samples are cores. */
export function createCpuModel(settings: PredictionSettings = DEFAULT_PREDICTION): DecayingHistogram {
  const buckets = exponentialBuckets(CPU_MAX_CORES, CPU_FIRST_CORES, BUCKET_RATIO, EPSILON);
  return createHistogram(buckets, settings.cpuHalfLifeMs);
}

/** Empty memory model; samples are bytes. */
export function createMemoryModel(settings: PredictionSettings = DEFAULT_PREDICTION): DecayingHistogram {
  const buckets = exponentialBuckets(MEMORY_MAX_BYTES, MEMORY_FIRST_BYTES, BUCKET_RATIO, EPSILON);
  return createHistogram(buckets, settings.memoryHalfLifeMs);
}

/** The two percentiles that count as peak; undefined = the model has no value for that resource. */
export interface PeakPrediction {
  readonly p95MilliCpu?: number | undefined;
  readonly p98MemBytes?: number | undefined;
}

/** Peaks of a pair of models: p95 of cpu in whole milli-cores and p98 of memory in bytes, both cut. */
export function predictPeak(cpuModel: DecayingHistogram, memoryModel: DecayingHistogram): PeakPrediction {
  return {
    p95MilliCpu: Math.trunc(percentile(cpuModel, 0.95) * 1000),
    p98MemBytes: Math.trunc(percentile(memoryModel, 0.98)),
  };
}

export interface PredictedPod {
  readonly name: string;
  readonly priorityClass: PriorityClass;
  readonly ageMs: number;
  /** Being deleted, succeeded or failed. */
  readonly terminating: boolean;
  readonly request: CpuMem;
  /** undefined = no model of this pod. */
  readonly prediction: PeakPrediction | undefined;
}

/** Peaks of everything that is no pod of a lower class; undefined = no model. */
export interface ClassPredictions {
  readonly system: PeakPrediction | undefined;
  readonly prod: PeakPrediction | undefined;
  readonly none: PeakPrediction | undefined;
}

export interface ProdReclaimable {
  readonly podPredictor: CpuMem;
  /** undefined when a class has no model; then nothing is reported. */
  readonly priorityPredictor: CpuMem | undefined;
  readonly prodReclaimable: CpuMem | undefined;
}

function peakOf(prediction: PeakPrediction, ratio: number): CpuMem {
  return {
    milliCpu: Math.trunc((prediction.p95MilliCpu ?? 0) * ratio),
    memBytes: Math.trunc((prediction.p98MemBytes ?? 0) * ratio),
  };
}

/** min(max(0, allocatable - unreclaimable), max(0, reclaimable)) per resource. */
function bounded(allocatable: CpuMem, unreclaimable: CpuMem, reclaimable: CpuMem): CpuMem {
  return {
    milliCpu: Math.min(Math.max(0, allocatable.milliCpu - unreclaimable.milliCpu), Math.max(0, reclaimable.milliCpu)),
    memBytes: Math.min(Math.max(0, allocatable.memBytes - unreclaimable.memBytes), Math.max(0, reclaimable.memBytes)),
  };
}

/**
 * What prod pods of a node will not use.
 *
 *   r = (100 + margin) / 100 ; peak = (trunc(p95 cpu * r), trunc(p98 memory * r))
 *   pod predictor     : over prod and none pods older than the cold start and not terminating
 *                       min(max(0, A - sum peak), sum max(0, request - peak))
 *   priority predictor: U = trunc((system + prod + none) * r)
 *                       min(max(0, A - U), max(0, sum request of not terminating pods - U))
 *   result            : smaller of the two, per resource
 *
 * Units: milli-CPU, bytes. `allocatable` is the raw one where the node is amplified. A pod the pod predictor fails on (no
 * model after the cold start, or listed twice) is missing from the priority predictor too, which lowers its result.
 */
export function prodReclaimable(
  allocatable: CpuMem,
  pods: readonly PredictedPod[],
  classes: ClassPredictions,
  settings: Pick<PredictionSettings, 'coldStartMs' | 'safetyMarginPercent'> = DEFAULT_PREDICTION,
): ProdReclaimable {
  const ratio = (100 + settings.safetyMarginPercent) / 100;
  const seen = new Set<string>();
  let peaks = NOTHING;
  let reclaimable = NOTHING;
  let requested = NOTHING;
  for (const pod of pods) {
    if (pod.priorityClass !== 'koord-prod' && pod.priorityClass !== '') continue;
    if (seen.has(pod.name)) continue;
    seen.add(pod.name);
    if (pod.terminating) continue;
    if (pod.ageMs > settings.coldStartMs) {
      if (pod.prediction === undefined) continue;
      const peak = peakOf(pod.prediction, ratio);
      peaks = addCpuMem(peaks, peak);
      reclaimable = addCpuMem(reclaimable, unusedOf(pod, peak));
    }
    requested = addCpuMem(requested, pod.request);
  }
  const podPredictor = bounded(allocatable, peaks, reclaimable);
  const priorityPredictor = byClasses(allocatable, requested, classes, ratio);
  if (priorityPredictor === undefined) return { podPredictor, priorityPredictor, prodReclaimable: undefined };
  const smaller: CpuMem = {
    milliCpu: Math.min(podPredictor.milliCpu, priorityPredictor.milliCpu),
    memBytes: Math.min(podPredictor.memBytes, priorityPredictor.memBytes),
  };
  return { podPredictor, priorityPredictor, prodReclaimable: smaller };
}

/** Request above the peak; a resource without a prediction frees nothing. */
function unusedOf(pod: PredictedPod, peak: CpuMem): CpuMem {
  return {
    milliCpu: pod.prediction?.p95MilliCpu === undefined ? 0 : Math.max(0, pod.request.milliCpu - peak.milliCpu),
    memBytes: pod.prediction?.p98MemBytes === undefined ? 0 : Math.max(0, pod.request.memBytes - peak.memBytes),
  };
}

function byClasses(
  allocatable: CpuMem,
  requested: CpuMem,
  classes: ClassPredictions,
  ratio: number,
): CpuMem | undefined {
  const { system, prod, none } = classes;
  if (system === undefined || prod === undefined || none === undefined) return undefined;
  const unreclaimable = peakOf(
    {
      p95MilliCpu: (system.p95MilliCpu ?? 0) + (prod.p95MilliCpu ?? 0) + (none.p95MilliCpu ?? 0),
      p98MemBytes: (system.p98MemBytes ?? 0) + (prod.p98MemBytes ?? 0) + (none.p98MemBytes ?? 0),
    },
    ratio,
  );
  return bounded(allocatable, unreclaimable, {
    milliCpu: requested.milliCpu - unreclaimable.milliCpu,
    memBytes: requested.memBytes - unreclaimable.memBytes,
  });
}
