/**
 * GPU packing on the openb cluster (Weng et al., USENIX ATC 2023): how much of the GPUs six policies allocate before pods fit nowhere.
 *
 * Pods arrive one by one up to `tune` times the GPU capacity; each is tried once, and nothing departs (`departures: 'ignored'`).
 * At every arrival x = arrived milli-GPU in percent of capacity, its bin is x rounded half to even; the curves are means per bin of what is
 * allocated and of fragmentation, in percent of capacity, rounded to two places.
 */
import { createHash } from 'node:crypto';
import { assert, TraceError } from '../../policies/base/assert.ts';
import { seededRandomSource, shuffle, uniformBelow } from '../../policies/base/random-source.ts';
import { BYTES_PER_MIB, MS_PER_DAY, MS_PER_HOUR } from '../../policies/base/units.ts';
import { typicalPods } from '../../policies/packing/gpu/fragmentation.ts';
import { hostFragmentation } from '../../policies/packing/gpu/fragmentation-gradient.ts';
import { CHANGE, type ChangeSink } from '../../sim/cluster/apply.ts';
import type { Engine } from '../../sim/engine/engine.ts';
import { createGpuRecord } from '../../sim/engine/gpu-record.ts';
import { gpuModelBits } from '../../sim/engine/gpus-from-plan.ts';
import { runUntil } from '../../sim/engine/run.ts';
import { digestText } from '../../sim/kernel/digest.ts';
import type { BatchPlan } from '../../sim/plan/batch.ts';
import type { HostShapePlan } from '../../sim/plan/cluster.ts';
import type { Plan } from '../../sim/plan.ts';
import type { GpuRequest } from '../../traces/format.ts';
import type { ImportedTrace } from '../../traces/import/canonical.ts';
import { plainShape, planOf, startTable, type TaskList } from './table-run.ts';

/** Pods in order of arrival, and the tie-break rank of every node. */
export interface Arrivals {
  /** Rows of the imported tasks. */
  readonly order: readonly number[];
  /** The same as lines of the pod list, from 0. */
  readonly lines: readonly number[];
  readonly rank: readonly number[];
}

export interface OpenbOptions {
  readonly policy: NonNullable<BatchPlan['gpuPolicy']>;
  readonly seed: number;
  /** Arrivals end before they would pass this many times the GPU capacity. */
  readonly tune: number;
  /** `ignored`: what is placed stays, as in the paper. `replayed`: pods leave after their duration, in the trace's own time. */
  readonly departures: 'ignored' | 'replayed';
  /** Hears now and then how far the arrivals are. */
  readonly onProgress?: ((done0to1: number, detail: string) => void) | undefined;
}

export interface OpenbResult {
  readonly pods: number;
  readonly unscheduled: number;
  readonly capacityMilliGpu: number;
  readonly allocatedMilliGpu: number;
  readonly allocatedCpuPercent: number;
  readonly allocatedMemPercent: number;
  /** Percent of GPU capacity by bin of arrived percent. */
  readonly allocatedPercent: readonly number[];
  readonly fragmentedPercent: readonly number[];
  /** Per arrival: host row or -1, and the mask of its cards. */
  readonly hosts: Int32Array;
  readonly cards: Int32Array;
  readonly digest: string;
}

const PODS_PER_PROGRESS = 500;
/** Longer than any list. */
const NEVER_MS = 3_650 * MS_PER_DAY;

/** Arrivals drawn from our own stream: pods shuffled, then random ones again; nodes ranked at random. */
export function drawArrivals(trace: ImportedTrace, seed: number, tune: number): Arrivals {
  const random = seededRandomSource(seed);
  const order = Array.from({ length: trace.tasks.count }, (_, pod) => pod);
  shuffle(order, order.length, random);
  const wants = (pod: number) => trace.tasks.gpus[pod] * trace.tasks.gpuMilli[pod];
  const limit = tune * 1000 * trace.hosts.gpus.reduce((sum, gpus) => sum + gpus, 0);
  let arrived = order.reduce((sum, pod) => sum + wants(pod), 0);
  // Only pods that ask for a GPU bring the sum nearer to its limit; without one there is nothing to append.
  while (arrived > 0) {
    const pod = uniformBelow(random, trace.tasks.count);
    if (arrived + wants(pod) > limit) break;
    order.push(pod);
    arrived += wants(pod);
  }
  const rank = Array.from({ length: trace.hosts.ids.length }, (_, host) => host);
  shuffle(rank, rank.length, random);
  return { order, lines: order, rank };
}

/** Places every arrival. Throws TraceError when the arrivals do not belong to the lists. */
export function runOpenb(trace: ImportedTrace, arrivals: Arrivals, options: OpenbOptions): OpenbResult {
  const { hosts: nodes } = trace;
  const capacity = 1000 * nodes.gpus.reduce((sum, gpus) => sum + gpus, 0);
  if (capacity === 0) throw new TraceError('no node of the list has a GPU');
  const order = withinCapacity(trace, arrivals, options.tune, capacity);
  // Ties go to the lowest host number, so hosts stand in the order of their rank.
  const nodeOf = Array.from(nodes.ids.keys()).sort((a, b) => arrivals.rank[a] - arrivals.rank[b]);
  // Replayed pods come when the list says; arrivals of one instant keep their order.
  const seqOf = Array.from(order.keys());
  if (options.departures === 'replayed')
    seqOf.sort((a, b) => trace.tasks.submitMs[order[a]] - trace.tasks.submitMs[order[b]] || a - b);
  const inTime = seqOf.map((seq) => order[seq]);
  const tasks = taskListOf(trace, inTime, options.departures);
  const plan = openbPlan(trace, nodeOf, tasks, options);
  const watch = createWatch(seqOf, capacity, options.onProgress);
  const engine = startTable(plan, tasks, { typicalPods: typicalOf(trace, plan) }, (of) => watchPlacements(of, watch));
  runUntil(engine, Infinity);
  const { hosts } = engine.cluster;
  const leftMilli = hosts.gpus.gpuLeftMilli.reduce((sum, milli) => sum + milli, 0);
  assert(leftMilli + watch.allocatedMilli === capacity, 'GPU left + GPU held = capacity');
  const share = (part: Float64Array, whole: Float64Array) =>
    (100 * part.subarray(0, hosts.count).reduce((a, b) => a + b, 0)) / whole.reduce((a, b) => a + b, 0);
  return {
    pods: order.length,
    unscheduled: watch.unscheduled,
    capacityMilliGpu: capacity,
    allocatedMilliGpu: watch.allocatedMilli,
    allocatedCpuPercent: share(hosts.allocatedMilliCpu, hosts.capacityMilliCpu),
    allocatedMemPercent: share(hosts.allocatedMemBytes, hosts.capacityMemBytes),
    allocatedPercent: means(watch.curve, watch.curve.allocated),
    fragmentedPercent: means(watch.curve, watch.curve.fragmented),
    hosts: watch.hosts.map((host) => (host < 0 ? -1 : nodeOf[host])),
    cards: watch.cards,
    digest: digestText(engine.cluster.digest),
  };
}

/** The scenario: every pod tried once by the packing policy, dropped where it fits nowhere; upstream's rules are named options. */
function openbPlan(trace: ImportedTrace, nodeOf: readonly number[], tasks: TaskList, options: OpenbOptions): Plan {
  const { hosts: nodes } = trace;
  const shapes = nodeOf.map((node): HostShapePlan => {
    const shape = plainShape({
      name: nodes.ids[node],
      count: 1,
      cpuCores: nodes.milliCpu[node] / 1000,
      memGib: nodes.memMib[node] / 1024,
    });
    const model = nodes.gpuModel[node];
    return { ...shape, gpus: nodes.gpus[node], ...(model === '' ? {} : { gpuModel: model }) };
  });
  const replayed = options.departures === 'replayed';
  let endMs = 1;
  for (let row = 0; row < tasks.submitMs.length; row++) {
    const lastsMs = replayed && tasks.durationMs[row] < NEVER_MS ? tasks.durationMs[row] : 0;
    endMs = Math.max(endMs, tasks.submitMs[row] + lastsMs + 2);
  }
  const windowMs = Math.min(MS_PER_HOUR, endMs);
  return planOf({
    name: 'openb',
    seed: String(options.seed),
    horizonMs: Math.ceil(endMs / windowMs) * windowMs,
    windowMs,
    shapes,
    controlPlane: { hostSharing: 'shared', gpuPolicy: options.policy, whenFull: 'drop' },
    bestEffort: replayed ? {} : { departures: 'ignored' },
    // Nobody counts CPU use here: pods last as long as the list says.
    physics: { accounting: 'event', progress: 'no-delay' },
  });
}

/** Pods as tasks, one a millisecond where departures are ignored, else at the list's own times. */
function taskListOf(trace: ImportedTrace, order: readonly number[], departures: OpenbOptions['departures']): TaskList {
  const { tasks: pods } = trace;
  const gpuRequests: GpuRequest[] = [];
  const rowOf = new Map<string, number>();
  const gpu = order.map((pod) => {
    const milliPerCard = pods.gpuMilli[pod];
    if (milliPerCard === 0) return 0;
    const models = pods.gpuModels[pod];
    const key = `${pods.gpus[pod]}/${milliPerCard}/${models.join('|')}`;
    const known = rowOf.get(key);
    if (known !== undefined) return known;
    const request = { cards: pods.gpus[pod], milliPerCard, memMilliPerCard: milliPerCard, memBytesPerCard: 0, models };
    rowOf.set(key, gpuRequests.push(request));
    return gpuRequests.length;
  });
  const column = (of: (pod: number) => number) => Float64Array.from(order, of);
  return {
    submitMs: departures === 'replayed' ? column((pod) => pods.submitMs[pod]) : Float64Array.from(order.keys()),
    // A pod that the list never deletes stays to the end.
    durationMs: column((pod) => (pods.durationMs[pod] >= 0 ? Math.max(1, pods.durationMs[pod]) : NEVER_MS)),
    requestMilliCpu: column((pod) => pods.requestMilliCpu[pod]),
    requestMemBytes: column((pod) => pods.requestMemMib[pod] * BYTES_PER_MIB),
    gpu,
    gpuRequests,
  };
}

/** Typical pods are those of the whole list, as upstream takes them. */
function typicalOf(trace: ImportedTrace, plan: Plan) {
  const { tasks: pods } = trace;
  const bits = gpuModelBits(plan.cluster);
  return typicalPods(
    pods.requestMilliCpu,
    pods.gpus,
    pods.gpuMilli,
    pods.gpuModels.map((models) => models.reduce((mask, model) => mask | (bits.get(model) ?? 0), 0)),
    pods.gpuModels.map((models) => models.join('|')),
  );
}

/** What is seen of a run from outside, change by change. */
interface Watch {
  readonly curve: Curve;
  /** Place of a task in the order of arrivals. */
  readonly seqOf: readonly number[];
  readonly hosts: Int32Array;
  readonly cards: Int32Array;
  readonly onProgress: OpenbOptions['onProgress'];
  arrived: number;
  arrivedMilli: number;
  allocatedMilli: number;
  fragmentedMilli: number;
  unscheduled: number;
}

function createWatch(seqOf: readonly number[], capacity: number, onProgress: OpenbOptions['onProgress']): Watch {
  return {
    seqOf,
    onProgress,
    arrived: 0,
    curve: createCurve(capacity),
    hosts: new Int32Array(seqOf.length).fill(-1),
    cards: new Int32Array(seqOf.length),
    arrivedMilli: 0,
    allocatedMilli: 0,
    fragmentedMilli: 0,
    unscheduled: 0,
  };
}

/** Hears every change and adds a point to the curve for each pod that was placed or dropped. */
function watchPlacements(engine: Engine, watch: Watch): ChangeSink {
  const { cluster } = engine;
  const { tasks, hosts } = cluster;
  const record = createGpuRecord(cluster, engine.gpuRecord?.state.typical ?? null);
  assert(record !== null, 'a cluster with GPUs has a record of them');
  const fragmentation = new Float64Array(hosts.count);
  const refresh = (host: number) => {
    watch.fragmentedMilli -= fragmentation[host];
    fragmentation[host] = hostFragmentation(record.hosts, host, record.state);
    watch.fragmentedMilli += fragmentation[host];
  };
  for (let host = 0; host < hosts.count; host++) refresh(host);
  const { requests } = hosts.gpus;
  return (_timeMs, change, taskId, host, value, row) => {
    if (change !== CHANGE.bind && change !== CHANGE.abandon && change !== CHANGE.finish) return;
    const wants = requests.cards[tasks.gpuRequest[row]] * requests.milliPerCard[tasks.gpuRequest[row]];
    if (change === CHANGE.finish) {
      watch.allocatedMilli -= wants;
      refresh(host);
      return;
    }
    watch.arrivedMilli += wants;
    watch.arrived++;
    if (watch.arrived % PODS_PER_PROGRESS === 0)
      watch.onProgress?.(watch.arrived / watch.seqOf.length, `${watch.arrived} of ${watch.seqOf.length} pods`);
    if (change === CHANGE.abandon) watch.unscheduled++;
    else {
      watch.hosts[watch.seqOf[taskId]] = host;
      watch.cards[watch.seqOf[taskId]] = value;
      watch.allocatedMilli += wants;
      refresh(host);
    }
    addToCurve(watch.curve, watch.arrivedMilli, watch.allocatedMilli, watch.fragmentedMilli);
  };
}

/** The arrivals up to the one that would pass `tune` times the capacity. */
function withinCapacity(trace: ImportedTrace, arrivals: Arrivals, tune: number, capacity: number): readonly number[] {
  const { tasks: pods, hosts: nodes } = trace;
  if (arrivals.rank.length !== nodes.ids.length)
    throw new TraceError(`arrivals rank ${arrivals.rank.length} nodes; the node list has ${nodes.ids.length}`);
  let arrived = 0;
  let end = 0;
  for (const pod of arrivals.order) {
    if (!(pod >= 0 && pod < pods.count))
      throw new TraceError(`arrival ${end} is row ${pod} of the pod list, which has ${pods.count} rows`);
    arrived += pods.gpus[pod] * pods.gpuMilli[pod];
    if (arrived > tune * capacity) break;
    end++;
  }
  return arrivals.order.slice(0, end);
}

interface Curve {
  readonly capacityMilli: number;
  readonly events: number[];
  readonly allocated: number[];
  readonly fragmented: number[];
}

function createCurve(capacityMilli: number): Curve {
  return { capacityMilli, events: [], allocated: [], fragmented: [] };
}

function addToCurve(curve: Curve, arrivedMilli: number, allocatedMilli: number, fragmentedMilli: number): void {
  const percent = (milli: number) => (100 * milli) / curve.capacityMilli;
  const bin = roundHalfEven(percent(arrivedMilli));
  while (curve.events.length <= bin) {
    curve.events.push(0);
    curve.allocated.push(0);
    curve.fragmented.push(0);
  }
  curve.events[bin]++;
  curve.allocated[bin] += round2(percent(allocatedMilli));
  curve.fragmented[bin] += round2(percent(fragmentedMilli));
}

function means(curve: Curve, sums: readonly number[]): number[] {
  return sums.map((sum, bin) => (curve.events[bin] === 0 ? Number.NaN : round2(sum / curve.events[bin])));
}

function round2(x: number): number {
  return Math.round(x * 100) / 100;
}

/** Nearest whole number, halves to the even one. */
export function roundHalfEven(x: number): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

/** sha256 of the lines `seq,pod_row,node,gpu_ids` (cards joined by "-"; no node = not placed), for comparing whole runs by one number. */
export function placementsSha256(trace: ImportedTrace, arrivals: Arrivals, result: OpenbResult): string {
  const hash = createHash('sha256');
  for (const line of placementLines(trace, arrivals, result)) hash.update(`${line}\n`);
  return hash.digest('hex');
}

/** The lines of placementsSha256. */
export function placementLines(trace: ImportedTrace, arrivals: Arrivals, result: OpenbResult): string[] {
  return Array.from(result.hosts, (host, seq) => {
    const ids: number[] = [];
    for (let card = 0; card < 31; card++) if ((result.cards[seq] & (1 << card)) !== 0) ids.push(card);
    return `${seq},${arrivals.lines[seq]},${host < 0 ? '' : trace.hosts.ids[host]},${ids.join('-')}`;
  });
}
