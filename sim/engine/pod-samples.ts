/**
 * Samples of single online pods for the policies that ask for them: five-minute means of what each pod used, and for bounds the demand
 * that is still to come. A run whose policies need neither has no such columns and pays nothing.
 */
import { MS_PER_DAY } from '../../policies/base/units.ts';
import type { PodFuture, PodSignals, PolicyNeed } from '../../policies/ports.ts';
import { LATENCY_CLASSES } from '../../traces/format.ts';
import type { CpuRequests } from '../cluster/cpusets.ts';
import { TASK_STATE, type TaskTable } from '../cluster/tasks.ts';
import type { Plan } from '../plan.ts';
import { createOnlineState, type OnlineState, sweepDemand } from './online.ts';

const SAMPLE_MS = 300_000;
/** Standard normal quantile of 0.9. */
const NORMAL_P90 = 1.2815515655446004;

export interface PodSamples {
  readonly windowsPerSample: number;
  /** [windows pushed since the last sample] */
  readonly pushed: Float64Array;
  readonly sumMilliCpu: Float64Array;
  readonly windowsRun: Int32Array;
  /** Start of the pod whose use the sum holds: a pod that starts anew begins a new sum. */
  readonly sumSinceMs: Float64Array;
  readonly signals: Writable<PodSignals>;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The demand of all pods ahead of the run: a second copy of the exogenous processes, one horizon further on. */
export interface DemandAhead {
  readonly online: OnlineState;
  readonly windowMs: number;
  readonly windowsPerSample: number;
  readonly future: PodFuture;
  /** Samples worked out so far, counted from the start of the run. */
  samples: number;
}

/** Columns for the pods of a run, null when no policy needs them. */
export function createPodSamples(
  online: OnlineState,
  tasks: TaskTable,
  windowMs: number,
  needs: readonly PolicyNeed[],
  ahead: DemandAhead | null,
  cpus: CpuRequests,
): PodSamples | null {
  if (needs.length === 0) return null;
  const { firstPod, services } = online;
  const pods = firstPod[services.count];
  const f = () => new Float64Array(pods);
  const windowsPerSample = Math.max(1, Math.round(SAMPLE_MS / windowMs));
  const type = new Uint8Array(pods);
  for (let s = 0; s < services.count; s++) type.fill(services.latencyClass[s], firstPod[s], firstPod[s + 1]);
  const signals: Writable<PodSignals> = {
    count: pods,
    sampleMs: windowsPerSample * windowMs,
    sampleNumber: 0,
    host: new Int32Array(pods).fill(-1),
    startedAtMs: f().fill(-1),
    requestMilliCpu: tasks.requestMilliCpu.slice(0, pods),
    requestMemBytes: tasks.requestMemBytes.slice(0, pods),
    type,
    priority: tasks.priority.slice(0, pods),
    qos: Uint8Array.from(tasks.cpuRequest.subarray(0, pods), (request) => cpus.qos[request]),
    workload: tasks.group.slice(0, pods),
    wantedReplicas: online.wanted,
    usedMilliCpu: f().fill(-1),
    usedMemBytes: f(),
    lastP90MilliCpu: f().fill(-1),
    ...(ahead === null ? {} : { future: ahead.future }),
  };
  return {
    windowsPerSample,
    pushed: new Float64Array(1),
    sumMilliCpu: f(),
    windowsRun: new Int32Array(pods),
    sumSinceMs: f().fill(-1),
    signals,
  };
}

/**
 * Adds a window that has ended; the last window of a sample makes the sample.
 *
 * Inside a window the rate varies with the service's `rateCv`: the 90th percentile of a second is use x (1 + 1.2816 x rateCv), and at
 * most the limit.
 */
export function pushPodWindow(samples: PodSamples, online: OnlineState, tasks: TaskTable, rateCv: Float64Array): void {
  const { sumMilliCpu, windowsRun, sumSinceMs, signals } = samples;
  const { usedMilliCpu, silent, podLimitMilliCpu } = online;
  const { state, startedAtMs, group } = tasks;
  for (let row = 0; row < signals.count; row++) {
    if (state[row] !== TASK_STATE.running || silent[row] === 1) {
      signals.lastP90MilliCpu[row] = -1;
      continue;
    }
    const service = group[row];
    const p90 = usedMilliCpu[row] * (1 + NORMAL_P90 * rateCv[service]);
    const limit = podLimitMilliCpu[row];
    signals.lastP90MilliCpu[row] = limit > 0 && p90 > limit ? limit : p90;
    if (sumSinceMs[row] !== startedAtMs[row]) {
      sumSinceMs[row] = startedAtMs[row];
      sumMilliCpu[row] = 0;
      windowsRun[row] = 0;
    }
    sumMilliCpu[row] += usedMilliCpu[row];
    windowsRun[row]++;
  }
  if (++samples.pushed[0] < samples.windowsPerSample) return;
  samples.pushed[0] = 0;
  for (let row = 0; row < signals.count; row++) {
    signals.usedMilliCpu[row] = windowsRun[row] > 0 ? sumMilliCpu[row] / windowsRun[row] : -1;
    signals.usedMemBytes[row] = tasks.usedMemBytes[row];
    sumMilliCpu[row] = 0;
    windowsRun[row] = 0;
  }
  signals.sampleNumber++;
}

/** Writes where the pods run now, and brings the future up to a horizon from now. */
export function refreshPods(samples: PodSamples, tasks: TaskTable, ahead: DemandAhead | null, nowMs: number): void {
  const { signals } = samples;
  for (let row = 0; row < signals.count; row++) {
    const isRunning = tasks.state[row] === TASK_STATE.running;
    signals.host[row] = isRunning ? tasks.host[row] : -1;
    signals.startedAtMs[row] = isRunning ? tasks.startedAtMs[row] : -1;
  }
  if (ahead !== null) lookAhead(ahead, nowMs);
}

/** A second copy of the online processes of a plan, at time 0. */
export function createDemandAhead(online: OnlineState, plan: Plan): DemandAhead {
  const { services, firstPod } = online;
  const windowsPerSample = Math.max(1, Math.round(SAMPLE_MS / plan.windowMs));
  const horizonSamples = Math.ceil(MS_PER_DAY / (windowsPerSample * plan.windowMs));
  const copy = createOnlineState(services, (s) => firstPod[s + 1] - firstPod[s], plan.seed);
  copy.ready.set(services.replicas);
  copy.load.set(online.load);
  copy.noiseOf.set(online.noiseOf);
  copy.commonAr.set(online.commonAr);
  const pods = firstPod[services.count];
  return {
    online: copy,
    windowMs: plan.windowMs,
    windowsPerSample,
    future: { horizonSamples, usedMilliCpu: new Float32Array(pods * horizonSamples) },
    samples: 0,
  };
}

/** Works out samples until the ring holds those from the one that `nowMs` lies in to a horizon later. */
function lookAhead(ahead: DemandAhead, nowMs: number): void {
  const { online, windowMs, windowsPerSample, future } = ahead;
  const { horizonSamples, usedMilliCpu } = future;
  const pods = online.usedMilliCpu.length;
  const until = Math.floor(nowMs / (windowMs * windowsPerSample)) + horizonSamples;
  if (ahead.samples >= until) return;
  const everywhere = {
    state: new Uint8Array(pods).fill(TASK_STATE.running),
    host: new Int32Array(pods),
  } as unknown as TaskTable;
  const nothingSlows = new Float64Array(LATENCY_CLASSES.length).fill(1);
  const rateCv = new Float64Array(online.services.count);
  const hostSum = new Float64Array(1);
  const hostVariance = new Float64Array(1);
  const sum = new Float64Array(pods);
  for (; ahead.samples < until; ahead.samples++) {
    sum.fill(0);
    for (let w = 0; w < windowsPerSample; w++) {
      const atMs = (ahead.samples * windowsPerSample + w) * windowMs;
      sweepDemand(
        online,
        everywhere,
        atMs,
        windowMs,
        rateCv,
        nothingSlows,
        LATENCY_CLASSES.length,
        hostSum,
        hostVariance,
      );
      for (let row = 0; row < pods; row++) sum[row] += online.usedMilliCpu[row];
    }
    const slot = ahead.samples % horizonSamples;
    for (let row = 0; row < pods; row++) usedMilliCpu[row * horizonSamples + slot] = sum[row] / windowsPerSample;
  }
}
