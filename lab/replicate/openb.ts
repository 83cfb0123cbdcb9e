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
import { BYTES_PER_GIB, BYTES_PER_MIB } from '../../policies/base/units.ts';
import { typicalPods } from '../../policies/packing/gpu/fragmentation.ts';
import { hostFragmentation } from '../../policies/packing/gpu/fragmentation-gradient.ts';
import type { PackingPolicy } from '../../policies/packing/gpu/packing-policy.ts';
import { type Cluster, finish, submit } from '../../sim/cluster/apply.ts';
import { createGpuTable, gpuRequests } from '../../sim/cluster/gpus.ts';
import { createHostTable } from '../../sim/cluster/hosts.ts';
import { createTaskTable, TASK_KIND } from '../../sim/cluster/tasks.ts';
import { createDigest, digestText } from '../../sim/kernel/digest.ts';
import { HeapCalendar } from '../../sim/kernel/heap-calendar.ts';
import { PHASE } from '../../sim/kernel/phase.ts';
import { createSequentialPlane } from '../../sim/planes/batch/sequential-placement.ts';
import type { ImportedTrace } from '../../traces/import/canonical.ts';
import { runCalendar } from './calendar-loop.ts';

/** Pods in order of arrival, and the tie-break rank of every node. */
export interface Arrivals {
  /** Rows of the imported tasks. */
  readonly order: readonly number[];
  /** The same as lines of the pod list, from 0. */
  readonly lines: readonly number[];
  readonly rank: readonly number[];
}

export interface OpenbOptions {
  readonly policy: PackingPolicy;
  readonly seed: number;
  /** Arrivals end before they would pass this many times the GPU capacity. */
  readonly tune: number;
  /** `ignored`: what is placed stays, as in the paper. `replayed`: pods leave after their duration, in the trace's own time. */
  readonly departures: 'ignored' | 'replayed';
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

const EVENT = { arrive: 1, finish: 2 } as const;

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
  const { tasks: pods, hosts: nodes } = trace;
  const capacity = 1000 * nodes.gpus.reduce((sum, gpus) => sum + gpus, 0);
  if (capacity === 0) throw new TraceError('no node of the list has a GPU');
  const order = withinCapacity(trace, arrivals, options.tune, capacity);
  const { cluster, modelsOf } = buildCluster(trace, order);
  const { gpus } = cluster.hosts;
  const plane = createSequentialPlane(cluster, {
    policy: options.policy,
    typical: typicalPods(
      pods.requestMilliCpu,
      pods.gpus,
      pods.gpuMilli,
      modelsOf,
      pods.gpuModels.map((models) => models.join('|')),
    ),
    random: seededRandomSource(options.seed),
    rank: Int32Array.from(arrivals.rank),
    whenFull: 'drop',
  });
  const { tasks } = cluster;
  const hosts = new Int32Array(order.length).fill(-1);
  const cards = new Int32Array(order.length);
  const curve = createCurve(capacity);
  const fragmentation = new Float64Array(nodes.ids.length);
  let fragmentedMilli = 0;
  const refresh = (host: number) => {
    fragmentedMilli -= fragmentation[host];
    fragmentation[host] = hostFragmentation(plane.view, host, plane.state);
    fragmentedMilli += fragmentation[host];
  };
  for (let host = 0; host < nodes.ids.length; host++) refresh(host);
  let arrivedMilli = 0;
  let allocatedMilli = 0;
  let unscheduled = 0;
  const wantsMilli = (row: number) =>
    gpus.requests.cards[tasks.gpuRequest[row]] * gpus.requests.milliPerCard[tasks.gpuRequest[row]];

  const calendar = new HeapCalendar(order.length);
  const replayed = options.departures === 'replayed';
  order.forEach((pod, row) => {
    calendar.push(replayed ? pods.submitMs[pod] : row, PHASE.arrive, row, EVENT.arrive, row);
  });
  runCalendar(calendar, (kind, row, nowMs) => {
    if (kind === EVENT.finish) {
      const host = tasks.host[row];
      finish(cluster, row, nowMs);
      allocatedMilli -= wantsMilli(row);
      refresh(host);
      return;
    }
    submit(cluster, row, nowMs, false);
    const host = plane.onPending(row, nowMs);
    arrivedMilli += wantsMilli(row);
    if (host < 0) unscheduled++;
    else {
      hosts[row] = host;
      cards[row] = tasks.gpuHeld[row];
      allocatedMilli += wantsMilli(row);
      refresh(host);
      const lastsMs = pods.durationMs[order[row]];
      if (replayed && lastsMs >= 0) calendar.push(nowMs + lastsMs, PHASE.finish, row, EVENT.finish, row);
    }
    addToCurve(curve, arrivedMilli, allocatedMilli, fragmentedMilli);
  });
  const leftMilli = gpus.gpuLeftMilli.reduce((sum, milli) => sum + milli, 0);
  assert(leftMilli + allocatedMilli === capacity, 'GPU left + GPU held = capacity');
  const { hosts: table } = cluster;
  const share = (part: Float64Array, whole: Float64Array) =>
    (100 * part.subarray(0, table.count).reduce((a, b) => a + b, 0)) / whole.reduce((a, b) => a + b, 0);
  return {
    pods: order.length,
    unscheduled,
    capacityMilliGpu: capacity,
    allocatedMilliGpu: allocatedMilli,
    allocatedCpuPercent: share(table.allocatedMilliCpu, table.capacityMilliCpu),
    allocatedMemPercent: share(table.allocatedMemBytes, table.capacityMemBytes),
    allocatedPercent: means(curve, curve.allocated),
    fragmentedPercent: means(curve, curve.fragmented),
    hosts,
    cards,
    digest: digestText(cluster.digest),
  };
}

/** Cluster tables filled from the lists: one host a node, one task row an arrival. */
function buildCluster(trace: ImportedTrace, order: readonly number[]) {
  const { tasks: pods, hosts: nodes } = trace;
  const modelBits = new Map<string, number>();
  const bitOf = (model: string) => {
    const known = modelBits.get(model);
    if (known !== undefined) return known;
    if (modelBits.size === 31) throw new TraceError('more than 31 GPU models');
    const bit = model === '' ? 0 : 1 << modelBits.size;
    if (bit !== 0) modelBits.set(model, bit);
    return bit;
  };
  const modelsOf = Int32Array.from({ length: pods.count }, (_, pod) =>
    pods.gpuModels[pod].reduce((mask, model) => mask | bitOf(model), 0),
  );
  const asks: Parameters<typeof gpuRequests>[0][number][] = [];
  const askOf = new Map<string, number>();
  const requestOf = order.map((pod) => {
    const milliPerCard = pods.gpuMilli[pod];
    if (milliPerCard === 0) return 0;
    const key = `${pods.gpus[pod]}/${milliPerCard}/${modelsOf[pod]}`;
    const known = askOf.get(key);
    if (known !== undefined) return known;
    const ask = asks.push({
      cards: pods.gpus[pod],
      milliPerCard,
      memMilliPerCard: milliPerCard,
      memBytesPerCard: 0,
      models: modelsOf[pod],
    });
    askOf.set(key, ask);
    return ask;
  });
  const modelBit = Int32Array.from(nodes.gpuModel, (model, host) => (nodes.gpus[host] > 0 ? bitOf(model) : 0));
  const memBytesPerCard = new Float64Array(nodes.ids.length).fill(16 * BYTES_PER_GIB);
  const gpus = createGpuTable({ cards: nodes.gpus, memBytesPerCard, modelBit }, gpuRequests(asks));
  const hosts = createHostTable(nodes.ids.length, gpus);
  hosts.capacityMilliCpu.set(nodes.milliCpu);
  hosts.soldMilliCpu.set(nodes.milliCpu);
  for (let host = 0; host < hosts.count; host++)
    hosts.capacityMemBytes[host] = hosts.soldMemBytes[host] = nodes.memMib[host] * BYTES_PER_MIB;
  const tasks = createTaskTable(Math.max(1, order.length), 0);
  const shapes = new Map<string, number>();
  order.forEach((pod, row) => {
    tasks.kind[row] = TASK_KIND.bestEffort;
    tasks.id[row] = row;
    tasks.requestMilliCpu[row] = pods.requestMilliCpu[pod];
    tasks.requestMemBytes[row] = pods.requestMemMib[pod] * BYTES_PER_MIB;
    tasks.gpuRequest[row] = requestOf[row];
    const key = `${pods.requestMilliCpu[pod]}/${pods.gpus[pod]}/${pods.gpuMilli[pod]}/${modelsOf[pod]}`;
    const shape = shapes.get(key) ?? shapes.size;
    shapes.set(key, shape);
    tasks.podShape[row] = shape;
  });
  const cluster: Cluster = { hosts, tasks, digest: createDigest(0), sink: null };
  return { cluster, modelsOf };
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
