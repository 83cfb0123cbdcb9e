/**
 * The usage models behind the prediction of what prod pods will not use: one pair for every pod, one for every class of a host.
 *
 * Trained once a report with the 90th percentile of the last minute. A pod that moves or starts anew gets new models, as upstream
 * keys them by the pod's UID. Source: koordlet prediction, predict_server.go.
 */
import type { HostSignals, PodSignals } from '../ports.ts';
import { addSample, createHistogram, type DecayingHistogram } from './histogram.ts';
import {
  createCpuModel,
  createMemoryModel,
  type PeakPrediction,
  type PredictedPod,
  type PredictionSettings,
  predictPeak,
  prodReclaimable,
} from './peak-predictor.ts';
import type { CpuMem } from './resources.ts';

interface ModelPair {
  readonly cpu: DecayingHistogram;
  readonly memory: DecayingHistogram;
}

/** Models of all pods and hosts; plain data. */
export interface ProdModels {
  readonly settings: PredictionSettings;
  /** Row a pod; null while it runs nowhere. */
  readonly pods: (ModelPair | null)[];
  readonly podHost: Int32Array;
  readonly podStartedAtMs: Float64Array;
  readonly system: readonly ModelPair[];
  readonly prod: readonly ModelPair[];
  readonly none: readonly ModelPair[];
}

const CORES_PER_MILLI = 1 / 1000;

/** Empty models for `hosts` hosts and `pods` pod rows. */
export function createProdModels(hosts: number, pods: number, settings: PredictionSettings): ProdModels {
  const one = pairLike(settings);
  const perHost = () => Array.from({ length: hosts }, () => copyEmpty(one, settings));
  return {
    settings,
    pods: new Array<ModelPair | null>(pods).fill(null),
    podHost: new Int32Array(pods).fill(-1),
    podStartedAtMs: new Float64Array(pods).fill(-1),
    system: perHost(),
    prod: perHost(),
    none: perHost(),
  };
}

function pairLike(settings: PredictionSettings): ModelPair {
  return { cpu: createCpuModel(settings), memory: createMemoryModel(settings) };
}

/** Bucket bounds are shared: they are the same for every model. */
function copyEmpty(like: ModelPair, settings: PredictionSettings): ModelPair {
  return {
    cpu: createHistogram(like.cpu.buckets, settings.cpuHalfLifeMs),
    memory: createHistogram(like.memory.buckets, settings.memoryHalfLifeMs),
  };
}

/** Adds one sample a pod and a class of every host that reports. */
export function trainProdModels(models: ProdModels, signals: HostSignals, pods: PodSignals): void {
  const { nowMs } = signals;
  const { settings, podHost, podStartedAtMs } = models;
  const prodCores = new Float64Array(signals.count);
  const prodBytes = new Float64Array(signals.count);
  const like = models.system[0];
  for (let row = 0; row < pods.count; row++) {
    const host = pods.host[row];
    if (podHost[row] !== host || podStartedAtMs[row] !== pods.startedAtMs[row]) {
      models.pods[row] = host < 0 ? null : copyEmpty(like, settings);
      podHost[row] = host;
      podStartedAtMs[row] = pods.startedAtMs[row];
    }
    const model = models.pods[row];
    const used = pods.lastP90MilliCpu[row];
    if (model === null || used < 0 || pods.startedAtMs[row] >= nowMs) continue;
    const cores = used * CORES_PER_MILLI;
    addSample(model.cpu, cores, 1, nowMs);
    addSample(model.memory, pods.usedMemBytes[row], 1, nowMs);
    prodCores[host] += cores;
    prodBytes[host] += pods.usedMemBytes[row];
  }
  for (let host = 0; host < signals.count; host++) {
    if (signals.up[host] === 0 || signals.sampledAtMs[host] !== nowMs) continue;
    trainPair(models.prod[host], prodCores[host], prodBytes[host], nowMs);
    trainPair(models.none[host], 0, 0, nowMs);
    const system = signals.reportedSystemMilliCpu[host] * CORES_PER_MILLI;
    trainPair(models.system[host], system, signals.reportedSystemMemBytes[host], nowMs);
  }
}

function trainPair(pair: ModelPair, cores: number, bytes: number, nowMs: number): void {
  addSample(pair.cpu, cores, 1, nowMs);
  addSample(pair.memory, bytes, 1, nowMs);
}

function peakOf(pair: ModelPair): PeakPrediction {
  return predictPeak(pair.cpu, pair.memory);
}

/**
 * What prod pods of every host will not use; see prodReclaimable.
 *
 * Shape: both columns have a row a host; NaN where nothing can be said. Units: milli-CPU, bytes.
 */
export function predictReclaimable(
  models: ProdModels,
  signals: HostSignals,
  pods: PodSignals,
  outMilliCpu: Float64Array,
  outMemBytes: Float64Array,
): void {
  const onHost: PredictedPod[][] = Array.from({ length: signals.count }, () => []);
  for (let row = 0; row < pods.count; row++) {
    const host = pods.host[row];
    const model = models.pods[row];
    if (host < 0 || model === null) continue;
    const ageMs = signals.nowMs - pods.startedAtMs[row];
    onHost[host].push({
      name: String(row),
      priorityClass: 'koord-prod',
      ageMs,
      terminating: false,
      request: { milliCpu: pods.requestMilliCpu[row], memBytes: pods.requestMemBytes[row] },
      // Walking a histogram is what costs here; before the cold start nobody asks for it.
      prediction: ageMs > models.settings.coldStartMs ? peakOf(model) : undefined,
    });
  }
  for (let host = 0; host < signals.count; host++) {
    const allocatable: CpuMem = {
      milliCpu: signals.capacityMilliCpu[host] - signals.reservedMilliCpu[host],
      memBytes: signals.capacityMemBytes[host] - signals.reservedMemBytes[host],
    };
    const classes = {
      system: peakOf(models.system[host]),
      prod: peakOf(models.prod[host]),
      none: peakOf(models.none[host]),
    };
    const result = prodReclaimable(allocatable, onHost[host], classes, models.settings).prodReclaimable;
    outMilliCpu[host] = result?.milliCpu ?? Number.NaN;
    outMemBytes[host] = result?.memBytes ?? Number.NaN;
  }
}
