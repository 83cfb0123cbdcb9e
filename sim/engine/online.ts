/**
 * What online services ask of the CPU, window by window.
 *
 * Demand of a replica is request x base(t) x (1 + common + own); what the service's replicas at the start would ask for is divided over those ready now. The common factor moves
 * every window, a replica's own noise every five minutes: the measured series have no finer grain (traces/fits/SOURCES.md), and
 * what happens inside is carried by `rateCv`, the variation of the request rate within a window.
 * Noise is keyed by (service or replica, time), so it is the same under every policy.
 */
import { exp } from '../../policies/base/exact-math.ts';
import { MS_PER_MINUTE } from '../../policies/base/units.ts';
import { type BaseUse, baseRatioAt, createBaseUse, moveBaseTo } from '../../traces/base-use.ts';
import type { OnlineServices } from '../../traces/format.ts';
import { TASK_STATE, type TaskTable } from '../cluster/tasks.ts';
import { keyedWord, NORMAL_STEPS, saltAt, saltOf } from '../kernel/random.ts';

/** How long a replica's own noise stands. */
export const OWN_NOISE_MS = 5 * MS_PER_MINUTE;

/** Mean of the largest of 300 standard normals: a five-minute span has 300 one-second rates. Source: order statistics. */
const LARGEST_OF_300 = 2.88;

export interface OnlineState {
  readonly services: OnlineServices;
  readonly base: BaseUse;
  /** Rows [firstPod[s], firstPod[s + 1]) belong to service s; more than its replicas when it may scale out. */
  readonly firstPod: Int32Array;
  /** Class of a service among those of HostModel: its latency class, or that of pods with exclusive CPUs (see own-cpus.ts). */
  readonly classOf: Uint8Array;
  /** CPU limit of every pod, 0 = none; differs from its service's where vertical scaling moves limits: then `limitsMove` of the service is 1. */
  readonly podLimitMilliCpu: Float64Array;
  readonly limitsMove: Uint8Array;
  /** CPUs that a pod owns and cannot leave; 0 = it shares. Row a service. */
  readonly ownMilliCpu: Float64Array;
  /** Replicas asked for and replicas running. */
  readonly wanted: Int32Array;
  readonly ready: Int32Array;
  /** Load of each service, in replicas that would carry it at design: its own, or its share of that of the service it is a version of. */
  readonly load: Float64Array;
  /** Requests over those of clients that send none again; see retries.ts. Row a service. */
  readonly amplification: Float64Array;
  /** Service whose common noise it has: versions of one service share it. */
  readonly noiseOf: Int32Array;
  readonly commonAr: Float64Array;
  readonly ownAr: Float64Array;
  readonly ownNoise: Float64Array;
  /** CPU a replica uses in this window, after its limit and with the slowdown of the window before. */
  readonly usedMilliCpu: Float64Array;
  /** The same before the limit cuts it; null where nobody asks how far above its limit a pod is. */
  offeredMilliCpu: Float64Array | null;
  /** [number of the noise slot drawn last] */
  readonly slot: Float64Array;
  /** 1 = the pod's host is dead and the control plane has not noticed yet: it answers nobody. */
  readonly silent: Uint8Array;
  readonly salts: { readonly common: number; readonly own: number };
}

/** State for services whose row ranges hold `rowsOf(service)` pods. */
export function createOnlineState(
  services: OnlineServices,
  rowsOf: (service: number) => number,
  seed: string,
): OnlineState {
  const firstPod = new Int32Array(services.count + 1);
  for (let s = 0; s < services.count; s++) firstPod[s + 1] = firstPod[s] + rowsOf(s);
  const pods = firstPod[services.count];
  const state: OnlineState = {
    services,
    base: createBaseUse(services),
    firstPod,
    classOf: services.latencyClass.slice(),
    podLimitMilliCpu: new Float64Array(pods),
    limitsMove: new Uint8Array(services.count),
    ownMilliCpu: new Float64Array(services.count),
    wanted: services.replicas.slice(),
    ready: new Int32Array(services.count),
    load: Float64Array.from(services.replicas),
    amplification: new Float64Array(services.count).fill(1),
    noiseOf: Int32Array.from(services.replicas, (_, s) => s),
    commonAr: new Float64Array(services.count),
    ownAr: new Float64Array(pods),
    ownNoise: new Float64Array(pods),
    usedMilliCpu: new Float64Array(pods),
    offeredMilliCpu: null,
    slot: new Float64Array(1).fill(-1),
    silent: new Uint8Array(pods),
    salts: { common: saltOf(seed, 'online/common'), own: saltOf(seed, 'online/own') },
  };
  for (let s = 0; s < services.count; s++)
    state.podLimitMilliCpu.fill(services.limitMilliCpu[s], firstPod[s], firstPod[s + 1]);
  // Both noises start in their stationary law, not at zero.
  for (let s = 0; s < services.count; s++)
    state.commonAr[s] = NORMAL_STEPS[keyedWord(saltOf(seed, 'online/common/start'), s) & 4095];
  const start = saltOf(seed, 'online/own/start');
  for (let row = 0; row < pods; row++) state.ownAr[row] = NORMAL_STEPS[keyedWord(start, row) & 4095];
  return state;
}

/** CV of the request rate at 1 s that gives the measured five-minute peak over mean: (peak - 1) / 2.88, at most 1. */
export function rateCvOf(peakOverMean: number): number {
  return Math.min(1, (peakOverMean - 1) / LARGEST_OF_300);
}

/**
 * CPU demand of every pod in the window that starts at `nowMs`, and its sum per host.
 *
 *   used = min(limit, CPUs owned, request x max(0, base x (1 + common + own)) x replicas / ready x slowdown)
 *
 * `slowdown` is the class's contention factor on the host in the window before (row-major host x class), because work that runs
 * slower uses more CPU time. Outputs: state.usedMilliCpu, hostUsedMilliCpu and hostVariance (sum of squares of used x rateCv,
 * milli-CPU squared: the one-second variance of the host's load).
 */
export function sweepDemand(
  state: OnlineState,
  tasks: TaskTable,
  nowMs: number,
  windowMs: number,
  rateCv: Float64Array,
  slowdown: Float64Array,
  classCount: number,
  hostUsedMilliCpu: Float64Array,
  hostVariance: Float64Array,
): void {
  const { services, base: baseUse, firstPod, usedMilliCpu, offeredMilliCpu: offered, ownNoise, silent } = state;
  const { podLimitMilliCpu } = state;
  const taskState = tasks.state;
  const taskHost = tasks.host;
  drawOwnNoise(state, nowMs);
  const middleMs = nowMs + windowMs / 2;
  moveBaseTo(baseUse, services, middleMs);
  hostUsedMilliCpu.fill(0);
  hostVariance.fill(0);
  const commonSalt = saltAt(state.salts.common, nowMs / windowMs);
  const running = TASK_STATE.running;
  for (let s = 0; s < services.count; s++) {
    const word = keyedWord(commonSalt, state.noiseOf[s]);
    const decay = exp(-windowMs / services.commonTauMs[s]);
    const ar = decay * state.commonAr[s] + Math.sqrt(1 - decay * decay) * NORMAL_STEPS[word & 4095];
    state.commonAr[s] = ar;
    const arShare = services.commonArShare[s];
    const white = NORMAL_STEPS[(word >>> 12) & 4095];
    const common = services.commonCv[s] * (Math.sqrt(arShare) * ar + Math.sqrt(1 - arShare) * white);
    const base = baseRatioAt(baseUse, services, s, middleMs);
    const ready = state.ready[s];
    if (ready === 0) {
      usedMilliCpu.fill(0, firstPod[s], firstPod[s + 1]);
      continue;
    }
    const scale = services.requestMilliCpu[s] * base * ((state.load[s] * state.amplification[s]) / ready);
    const level = 1 + common;
    const most = services.limitMilliCpu[s] > 0 ? services.limitMilliCpu[s] : Number.POSITIVE_INFINITY;
    const own = state.ownMilliCpu[s];
    const limit = own > 0 && own < most ? own : most;
    const limitsMove = state.limitsMove[s] === 1;
    const cv2 = rateCv[s] * rateCv[s];
    const latencyClass = state.classOf[s];
    const end = firstPod[s + 1];
    for (let row = firstPod[s]; row < end; row++) {
      if (taskState[row] !== running || silent[row] === 1) {
        usedMilliCpu[row] = 0;
        continue;
      }
      const host = taskHost[row];
      const relative = level + ownNoise[row];
      let used = relative > 0 ? scale * relative * slowdown[host * classCount + latencyClass] : 0;
      if (offered !== null) offered[row] = used;
      const cap = limitsMove ? podLimitMilliCpu[row] : limit;
      if (used > cap) used = cap;
      usedMilliCpu[row] = used;
      hostUsedMilliCpu[host] += used;
      hostVariance[host] += used * used * cv2;
    }
  }
}

/** Moves every replica's own noise on to the five-minute slot of `nowMs`, drawing each slot passed. */
function drawOwnNoise(state: OnlineState, nowMs: number): void {
  const slot = Math.floor(nowMs / OWN_NOISE_MS);
  const { services, firstPod, ownAr, ownNoise } = state;
  while (state.slot[0] < slot) {
    state.slot[0]++;
    const salt = saltAt(state.salts.own, state.slot[0]);
    for (let s = 0; s < services.count; s++) {
      const decay = exp(-OWN_NOISE_MS / services.ownTauMs[s]);
      const fresh = Math.sqrt(1 - decay * decay);
      const arPart = services.ownCv[s] * Math.sqrt(services.ownArShare[s]);
      const whitePart = services.ownCv[s] * Math.sqrt(1 - services.ownArShare[s]);
      const end = firstPod[s + 1];
      for (let row = firstPod[s]; row < end; row++) {
        const word = keyedWord(salt, row);
        const ar = decay * ownAr[row] + fresh * NORMAL_STEPS[word & 4095];
        ownAr[row] = ar;
        ownNoise[row] = arPart * ar + whitePart * NORMAL_STEPS[(word >>> 12) & 4095];
      }
    }
  }
}
