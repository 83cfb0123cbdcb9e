/**
 * Services that change what their pods request: the loop of the Vertical Pod Autoscaler around a run. What to recommend and whom to touch
 * decides policies/vertical; here samples are taken, and resizes, their refusal and new pods carried out.
 *
 *   a turn: sample every running pod -> recommend -> new pods get the target -> waiting resizes are tried again -> due pods are resized
 *
 * A resize succeeds at once where the host has room. Else it waits (the kubelet's Deferred) and is tried in every turn; after `deferredMs` its
 * pod is evicted and comes back with the newest target. A size that the host cannot take even when empty (Infeasible) is evicted in the next turn.
 *
 * Limits keep their ratio to requests (controlledValues: RequestsAndLimits), limit = trunc(limit written x request / request written), and act from the next
 * window on: on use, on throttling, on who is killed for memory. Or they stay (RequestsOnly), and a target is at most the limit. Approximation: how many
 * requests a pod answers at once stays that of the limit written.
 *
 * Approximations: the kubelet retries when a pod leaves, here once a turn; the scheduler does not keep room for a resize that waits; a
 * pod that waits for a host takes the newest target along, upstream it keeps that of its creation; memory use is constant in a pod's life, so one peak a pod and day is added when the day begins,
 * dated to its end as upstream dates it.
 */
import { BYTES_PER_MIB, MS_PER_DAY, MS_PER_MINUTE } from '../../policies/base/units.ts';
import { EVICT_REASON } from '../../policies/ports.ts';
import {
  addCpuSample,
  addMemoryPeak,
  createUsageRecord,
  type PodRequest,
  type Recommendation,
  type RecommenderConfig,
  recommend,
  type UsageRecord,
} from '../../policies/vertical/recommender.ts';
import {
  isMoreUrgent,
  mayDisturb,
  onlyControlled,
  type UpdaterConfig,
  type Urgency,
  urgencyOf,
} from '../../policies/vertical/updater.ts';
import { CHANGE, canResize, resize } from '../cluster/apply.ts';
import { noteAllChanged, TIER } from '../cluster/hosts.ts';
import { TASK_STATE } from '../cluster/tasks.ts';
import type { VerticalPlan } from '../plan/workload.ts';
import type { Plan } from '../plan.ts';
import type { Engine } from './engine.ts';
import { evictPod } from './lifecycle.ts';
import { podEstimateOf } from './load-aware-setup.ts';
import type { PodOverhead } from './pod-overhead.ts';
import { forgetBurst } from './throttling-state.ts';

/** --recommender-interval and --updater-interval; not finer than a window, which is when usage changes. */
export function verticalPeriodMs(plan: Plan): number {
  return Math.max(MS_PER_MINUTE, plan.windowMs);
}

/** One service and what became of it. */
interface VerticalService {
  readonly service: number;
  readonly mode: VerticalPlan['mode'];
  readonly movesLimits: boolean;
  /** [milli-CPU, bytes] as written: requests, and limits (0 and Infinity = none). */
  readonly written: { readonly requests: readonly number[]; readonly limits: readonly number[] };
  readonly isCpu: boolean;
  readonly isMemory: boolean;
  readonly recommender: RecommenderConfig;
  readonly updater: UpdaterConfig;
  readonly record: UsageRecord;
  /** [milli-CPU, bytes]: what a new pod requests; and what the newest target is. */
  readonly template: Float64Array;
  readonly target: Float64Array;
  /** [resized in place, put off for want of room, evicted to be made anew] */
  readonly counts: Float64Array;
}

export interface VerticalScaling {
  readonly services: readonly VerticalService[];
  /** Per pod: when a resize that waits was asked for (-1 = none), its size, when it was last resized, and until when its memory peak is booked. */
  readonly deferredAtMs: Float64Array;
  readonly wantedMilliCpu: Float64Array;
  readonly wantedMemBytes: Float64Array;
  readonly resizedAtMs: Float64Array;
  readonly peakUntilMs: Float64Array;
}

/** Nobody resized yet; null where no service scales vertically. */
export function createVerticalScaling(engine: Engine): VerticalScaling | null {
  const { online, plan, podOverhead } = engine;
  const { services, firstPod } = online;
  const scaled = plan.online.explicit.flatMap(({ name, vertical, limitMilliCpu, memLimitMib }): VerticalService[] => {
    if (vertical === undefined) return [];
    const service = services.names.indexOf(name);
    const recommender = recommenderOf(vertical, limitMilliCpu);
    const asked = [services.requestMilliCpu[service], services.requestMemBytes[service]];
    const movesLimits = vertical.movesLimits === true;
    if (movesLimits && limitMilliCpu > 0 && vertical.controlled.includes('cpu')) online.limitsMove[service] = 1;
    return [
      {
        service,
        mode: vertical.mode,
        movesLimits,
        written: {
          requests: asked,
          limits: [limitMilliCpu, memLimitMib === undefined ? Number.POSITIVE_INFINITY : memLimitMib * BYTES_PER_MIB],
        },
        isCpu: vertical.controlled.includes('cpu'),
        isMemory: vertical.controlled.includes('memory'),
        recommender,
        updater: vertical,
        record: createUsageRecord(recommender),
        template: Float64Array.of(asked[0] + podOverhead.requestMilliCpu, asked[1] + podOverhead.requestMemBytes),
        target: Float64Array.from(asked),
        counts: new Float64Array(3),
      },
    ];
  });
  if (scaled.length === 0) return null;
  const f = (value: number) => new Float64Array(firstPod[services.count]).fill(value);
  return {
    services: scaled,
    deferredAtMs: f(-1),
    wantedMilliCpu: f(0),
    wantedMemBytes: f(0),
    resizedAtMs: f(-1),
    peakUntilMs: f(-1),
  };
}

/** A target above the limit would be refused by the API server. */
function recommenderOf(plan: VerticalPlan, limitMilliCpu: number): RecommenderConfig {
  const isLimited =
    plan.movesLimits !== true && limitMilliCpu > 0 && (plan.maxMilliCpu === 0 || plan.maxMilliCpu > limitMilliCpu);
  return {
    ...plan,
    maxMilliCpu: isLimited ? limitMilliCpu : plan.maxMilliCpu,
    minMemBytes: plan.minMemMib * BYTES_PER_MIB,
    maxMemBytes: plan.maxMemMib * BYTES_PER_MIB,
  };
}

/** A pod is about to wait for a host: it is a new one, made with what its service requests now. */
export function renewRequest(engine: Engine, vertical: VerticalScaling, row: number, nowMs: number): void {
  const { cluster } = engine;
  const { tasks } = cluster;
  const of = vertical.services.find(({ service }) => service === tasks.group[row]);
  if (of === undefined) return;
  vertical.deferredAtMs[row] = -1;
  vertical.resizedAtMs[row] = -1;
  vertical.peakUntilMs[row] = -1;
  const [milliCpu, memBytes] = of.template;
  if (tasks.requestMilliCpu[row] === milliCpu && tasks.requestMemBytes[row] === memBytes) return;
  resize(cluster, row, milliCpu, memBytes, nowMs);
  moveLimits(engine, of, row);
}

/** A pod asks for other amounts: its limits follow. */
function moveLimits({ online, cluster, throttling, podMemory }: Engine, of: VerticalService, row: number): void {
  if (!of.movesLimits) return;
  const { requestMilliCpu, requestMemBytes } = cluster.tasks;
  const { requests, limits } = of.written;
  if (of.isCpu && limits[0] > 0) {
    online.podLimitMilliCpu[row] = limitFor(limits[0], requestMilliCpu[row], requests[0]);
    if (throttling !== null) forgetBurst(throttling, row);
  }
  if (of.isMemory && limits[1] < Number.POSITIVE_INFINITY && podMemory !== null)
    podMemory.limitBytes[row] = limitFor(limits[1], requestMemBytes[row], requests[1]);
}

/** In whole milli-CPU or bytes; a limit as large as the request stays so. */
function limitFor(limit: number, request: number, requestWritten: number): number {
  return limit === requestWritten ? request : Math.trunc((limit * request) / requestWritten);
}

/** One turn for one service. */
export function scaleVertically(engine: Engine, s: number, nowMs: number): void {
  const { vertical } = engine;
  const of = vertical?.services.find(({ service }) => service === s);
  if (vertical === null || of === undefined) return;
  sample(engine, vertical, of, nowMs);
  const recommendation = recommend(of.record, of.recommender);
  if (recommendation === null) return;
  of.target[0] = recommendation.target.milliCpu;
  of.target[1] = recommendation.target.memBytes;
  if (of.mode === 'off') return;
  const ofPods = withOverhead(recommendation, engine.podOverhead);
  setTemplate(engine, of, ofPods.target, nowMs);
  if (of.mode === 'initial') return;
  const before = of.counts[0] + of.counts[2];
  retryDeferred(engine, vertical, of, nowMs);
  update(engine, vertical, of, ofPods, nowMs);
  if (of.counts[0] + of.counts[2] > before) engine.plane.onCapacity(nowMs);
}

/** Recommendations are for containers; a pod asks for its runtime class's overhead on top. */
function withOverhead({ target, lower, upper }: Recommendation, overhead: PodOverhead): Recommendation {
  const ofPod = ({ milliCpu, memBytes }: PodRequest): PodRequest => ({
    milliCpu: milliCpu + overhead.requestMilliCpu,
    memBytes: memBytes + overhead.requestMemBytes,
  });
  return { target: ofPod(target), lower: ofPod(lower), upper: ofPod(upper) };
}

function sample(engine: Engine, vertical: VerticalScaling, of: VerticalService, nowMs: number): void {
  const { online, cluster, podOverhead } = engine;
  const { tasks } = cluster;
  const { peakUntilMs } = vertical;
  for (let row = online.firstPod[of.service]; row < online.firstPod[of.service + 1]; row++) {
    if (!isRunning(engine, row)) continue;
    const requestMilliCpu = tasks.requestMilliCpu[row] - podOverhead.requestMilliCpu;
    addCpuSample(of.record, online.usedMilliCpu[row], requestMilliCpu, nowMs);
    if (peakUntilMs[row] > nowMs) continue;
    peakUntilMs[row] = (peakUntilMs[row] < 0 ? nowMs : peakUntilMs[row]) + MS_PER_DAY;
    addMemoryPeak(of.record, tasks.usedMemBytes[row], peakUntilMs[row]);
  }
}

function isRunning({ online, cluster }: Engine, row: number): boolean {
  return cluster.tasks.state[row] === TASK_STATE.running && online.silent[row] === 0;
}

/** New pods get the target: those that wait for a host now, and those to come. */
function setTemplate(engine: Engine, of: VerticalService, target: PodRequest, nowMs: number): void {
  const { online, cluster } = engine;
  const { tasks } = cluster;
  const milliCpu = of.isCpu ? target.milliCpu : of.template[0];
  const memBytes = of.isMemory ? target.memBytes : of.template[1];
  if (milliCpu === of.template[0] && memBytes === of.template[1]) return;
  of.template[0] = milliCpu;
  of.template[1] = memBytes;
  writeShape(engine, of);
  noteAllChanged(cluster.hosts.changes);
  for (let row = online.firstPod[of.service]; row < online.firstPod[of.service + 1]; row++)
    if (tasks.state[row] === TASK_STATE.pending) {
      resize(cluster, row, milliCpu, memBytes, nowMs);
      moveLimits(engine, of, row);
    }
}

/** Placement looks for hosts by the shape of a service. */
function writeShape(engine: Engine, of: VerticalService): void {
  const { plan, online, placement } = engine;
  if (placement === null) return;
  const { shapes } = placement.view;
  const s = of.service;
  const [milliCpu, memBytes] = of.template;
  const own = plan.online.explicit.find(({ name }) => name === online.services.names[s])?.loadEstimate;
  const written = online.services.limitMilliCpu[s];
  const limit =
    of.movesLimits && of.isCpu && written > 0 ? limitFor(written, milliCpu, of.written.requests[0]) : written;
  const estimate = podEstimateOf(plan.koordinator, TIER.native, milliCpu, memBytes, limit, own);
  shapes.requestMilliCpu[s] = milliCpu;
  shapes.requestMemBytes[s] = memBytes;
  shapes.estimateMilliCpu[s] = estimate.milliCpu;
  shapes.estimateMemBytes[s] = estimate.memBytes;
}

/** After a restore: shapes follow from templates. */
export function writeShapes(engine: Engine): void {
  for (const of of engine.vertical?.services ?? []) writeShape(engine, of);
}

function retryDeferred(engine: Engine, vertical: VerticalScaling, of: VerticalService, nowMs: number): void {
  const { online } = engine;
  const { deferredAtMs, wantedMilliCpu, wantedMemBytes } = vertical;
  for (let row = online.firstPod[of.service]; row < online.firstPod[of.service + 1]; row++)
    if (deferredAtMs[row] >= 0 && isRunning(engine, row))
      tryResize(engine, vertical, of, row, { milliCpu: wantedMilliCpu[row], memBytes: wantedMemBytes[row] }, nowMs);
}

/** Whether the resize was made. */
function tryResize(
  engine: Engine,
  vertical: VerticalScaling,
  of: VerticalService,
  row: number,
  { milliCpu, memBytes }: PodRequest,
  nowMs: number,
): boolean {
  const { cluster, podSamples } = engine;
  if (!canResize(cluster, row, milliCpu, memBytes)) return false;
  resize(cluster, row, milliCpu, memBytes, nowMs);
  moveLimits(engine, of, row);
  engine.plane.onResized?.(row);
  if (podSamples !== null) {
    podSamples.signals.requestMilliCpu[row] = milliCpu;
    podSamples.signals.requestMemBytes[row] = memBytes;
  }
  vertical.deferredAtMs[row] = -1;
  vertical.resizedAtMs[row] = nowMs;
  of.counts[0]++;
  return true;
}

interface DuePod {
  readonly row: number;
  readonly urgency: Urgency;
  readonly target: PodRequest;
}

function update(
  engine: Engine,
  vertical: VerticalScaling,
  of: VerticalService,
  recommendation: Recommendation,
  nowMs: number,
): void {
  const { online, cluster } = engine;
  const { tasks } = cluster;
  const due: DuePod[] = [];
  let running = 0;
  for (let row = online.firstPod[of.service]; row < online.firstPod[of.service + 1]; row++) {
    if (!isRunning(engine, row)) continue;
    running++;
    const request = { milliCpu: tasks.requestMilliCpu[row], memBytes: tasks.requestMemBytes[row] };
    const own = onlyControlled(recommendation, request, of.isCpu, of.isMemory);
    const startedAtMs = tasks.startedAtMs[row];
    const urgency = urgencyOf(request, own, of.updater, startedAtMs, vertical.resizedAtMs[row], nowMs);
    if (urgency !== null) due.push({ row, urgency, target: own.target });
    // The recommendation came back to what the pod has: upstream patches it back, and nothing waits any more.
    else vertical.deferredAtMs[row] = -1;
  }
  due.sort((a, b) =>
    isMoreUrgent(a.urgency, b.urgency) ? -1 : isMoreUrgent(b.urgency, a.urgency) ? 1 : a.row - b.row,
  );
  let disturbed = 0;
  for (const pod of due) {
    if (!mayDisturb(online.wanted[of.service], running, disturbed, of.updater)) break;
    if (touch(engine, vertical, of, pod, nowMs)) disturbed++;
  }
}

/** Resizes a due pod, puts it off, or makes it anew; whether that disturbs the service. */
function touch(engine: Engine, vertical: VerticalScaling, of: VerticalService, pod: DuePod, nowMs: number): boolean {
  const { row, target } = pod;
  const { deferredAtMs, wantedMilliCpu, wantedMemBytes } = vertical;
  if (of.mode === 'recreate') {
    makeAnew(engine, of, row, nowMs);
    return true;
  }
  if (deferredAtMs[row] >= 0) {
    if (of.mode === 'in-place') {
      // An attempt that a host can never take is not made again until something smaller is recommended.
      if (isFeasible(engine, row, wantedMilliCpu[row], wantedMemBytes[row])) return false;
      if (target.milliCpu >= wantedMilliCpu[row] && target.memBytes >= wantedMemBytes[row]) return false;
    } else {
      const mayWait = isFeasible(engine, row, wantedMilliCpu[row], wantedMemBytes[row]);
      if (mayWait && nowMs - deferredAtMs[row] <= of.updater.deferredMs) return false;
      makeAnew(engine, of, row, nowMs);
      return true;
    }
  }
  if (tryResize(engine, vertical, of, row, target, nowMs)) return true;
  deferredAtMs[row] = nowMs;
  wantedMilliCpu[row] = target.milliCpu;
  wantedMemBytes[row] = target.memBytes;
  of.counts[1]++;
  return true;
}

/** Whether the pod's host could take a pod of that size if it were empty. */
function isFeasible({ cluster }: Engine, row: number, milliCpu: number, memBytes: number): boolean {
  const host = cluster.tasks.host[row];
  return milliCpu <= cluster.hosts.soldMilliCpu[host] && memBytes <= cluster.hosts.soldMemBytes[host];
}

function makeAnew(engine: Engine, of: VerticalService, row: number, nowMs: number): void {
  of.counts[2]++;
  evictPod(engine, row, nowMs, CHANGE.evict, EVICT_REASON.resized);
}

/** What a reader should know: what was asked for, what is recommended, and how it got there. */
export function verticalNotes(engine: Engine): readonly string[] {
  const { online, vertical } = engine;
  const show = (milliCpu: number, memBytes: number) => `${milliCpu}m and ${Math.ceil(memBytes / BYTES_PER_MIB)} MiB`;
  return (vertical?.services ?? []).map(({ service, mode, target, counts }) => {
    const { names, requestMilliCpu, requestMemBytes } = online.services;
    const asked = show(requestMilliCpu[service], requestMemBytes[service]);
    const done =
      mode === 'off' || mode === 'initial'
        ? `mode ${mode} touches no running pod`
        : `${counts[0]} resizes in place, ${counts[1]} put off for want of room, ${counts[2]} pods made anew`;
    return `vertical autoscaler of ${names[service]}: ${asked} written, ${show(target[0], target[1])} recommended at the end; ${done}`;
  });
}
