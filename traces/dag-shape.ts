/**
 * The shape of the graphs inside jobs: fitted from the dependencies of a trace, and drawn.
 *
 * A task stands on the stage after the last of its parents. Fitted by the size of the job: how many stages. Fitted by how many tasks stand on earlier
 * stages: how many parents a task that waits has. Fitted over all jobs: on which stages the tasks beyond one for each stage stand, how often a further parent is of the stage before, and how
 * often a parent already has a child where both kinds were there to choose (which makes hubs, the fan-out). Approximation: within a
 * job these are drawn independently, so that special forms (a diamond, a tree) come only as often as chance makes them.
 */
import type { Counted } from './distribution.ts';
import { sampleCategorical, sampleIndex } from './samplers.ts';
import type { Stream } from './streams.ts';
import type { TaskGraph } from './task-table.ts';

export interface DagSize {
  /** Jobs of at least this many tasks, up to the next row. */
  readonly tasksFrom: number;
  readonly stages: Counted;
}

export interface DagFanIn {
  /** At least this many tasks stand on earlier stages, up to the next row. */
  readonly before: number;
  readonly parents: Counted;
}

export interface DagShape {
  readonly sizes: readonly DagSize[];
  readonly fanIn: readonly DagFanIn[];
  /** 100 x stage / (stages - 1) of the tasks beyond the first of each stage, jobs of several stages only. */
  readonly place: Counted;
  /** Share of parents after the first that are of the stage before. */
  readonly nearShare: number;
  /** Share of parents that had a child already, where the stage had tasks with and without. */
  readonly sharedShare: number;
}

/** What a set of jobs shows; counted once a job, a task, or a task that waits. Jobs of one task are left out. */
export interface DagMeasures {
  readonly stages: Counted;
  /** Of tasks that wait. */
  readonly parents: Counted;
  /** Of every task. */
  readonly children: Counted;
}

const FROM = [1, 2, 3, 4, 5, 9, 17, 33, 65, 129];

interface JobGraph {
  /** Rows by stage and then by row, with their parents inside of the job. */
  readonly stageOf: readonly number[];
  readonly parentsOf: readonly (readonly number[])[];
  readonly stages: number;
}

/** Null when no job has two tasks. */
export function fitDag(tasks: TaskGraph): DagShape | null {
  const sizes = FROM.map(() => new Map<number, number>());
  const fanIn = FROM.map(() => new Map<number, number>());
  const places = new Map<number, number>();
  const near = { hits: 0, all: 0 };
  const shared = { hits: 0, all: 0 };
  let jobs = 0;
  for (const graph of graphsOf(tasks)) {
    jobs += 1;
    increment(sizes[rowOf(graph.stageOf.length)], graph.stages);
    const width = new Int32Array(graph.stages);
    const withChild = new Int32Array(graph.stages);
    const has = new Uint8Array(graph.stageOf.length);
    for (const stage of graph.stageOf) {
      if (width[stage] > 0 && graph.stages > 1) increment(places, Math.round((100 * stage) / (graph.stages - 1)));
      width[stage] += 1;
    }
    // Tasks stand by stage: the first of a stage has as many before it as its number says.
    let earlier = 0;
    for (const [task, parents] of graph.parentsOf.entries()) {
      if (parents.length === 0) continue;
      while (graph.stageOf[earlier] !== graph.stageOf[task]) earlier += 1;
      increment(fanIn[rowOf(earlier)], parents.length);
      const before = parents.filter((parent) => graph.stageOf[parent] === graph.stageOf[task] - 1).length;
      near.hits += before - 1;
      near.all += parents.length - 1;
      for (const parent of parents) {
        const stage = graph.stageOf[parent];
        if (withChild[stage] === 0 || withChild[stage] === width[stage]) continue;
        shared.all += 1;
        shared.hits += has[parent];
      }
      for (const parent of parents) {
        withChild[graph.stageOf[parent]] += 1 - has[parent];
        has[parent] = 1;
      }
    }
  }
  if (jobs === 0) return null;
  const share = (one: { hits: number; all: number }) =>
    one.all === 0 ? 0 : Number((one.hits / one.all).toPrecision(4));
  return {
    sizes: sizes.flatMap((stages, at) =>
      stages.size === 0 ? [] : [{ tasksFrom: FROM[at], stages: sortedCounts(stages) }],
    ),
    fanIn: fanIn.flatMap((parents, at) =>
      parents.size === 0 ? [] : [{ before: FROM[at], parents: sortedCounts(parents) }],
    ),
    place: sortedCounts(places),
    nearShare: share(near),
    sharedShare: share(shared),
  };
}

/** Parents of each of `tasks` tasks, by number; a parent stands before its child. */
export function drawDag(shape: DagShape, tasks: number, stream: Stream): number[][] {
  const size = shape.sizes.findLast((one) => one.tasksFrom <= tasks) ?? shape.sizes[0];
  const stages = tasks < 2 || size === undefined ? 1 : Math.min(tasks, drawCounted(size.stages, stream));
  if (stages < 2) return Array.from({ length: tasks }, () => []);
  const width = new Int32Array(stages).fill(1);
  for (let extra = stages; extra < tasks; extra++)
    width[Math.round((drawCounted(shape.place, stream, 0) / 100) * (stages - 1))] += 1;
  const first = new Int32Array(stages + 1);
  for (let stage = 0; stage < stages; stage++) first[stage + 1] = first[stage] + width[stage];
  const has = new Uint8Array(tasks);
  const parentsOf: number[][] = [];
  for (let stage = 0; stage < stages; stage++) {
    const counts = (shape.fanIn.findLast((one) => one.before <= first[stage]) ?? shape.fanIn[0])?.parents ?? [];
    for (let at = 0; at < width[stage]; at++) {
      const parents = new Set<number>();
      const wanted = stage === 0 ? 0 : Math.min(first[stage], drawCounted(counts, stream));
      while (parents.size < wanted) {
        const near = parents.size === 0 || stage === 1 || stream.next() < shape.nearShare;
        const from = near ? stage - 1 : sampleIndex(stream, stage - 1);
        const parent =
          pickParent(first[from], first[from + 1], parents, has, shape.sharedShare, stream) ??
          pickParent(0, first[stage], parents, has, shape.sharedShare, stream);
        if (parent === undefined) break;
        parents.add(parent);
      }
      for (const parent of parents) has[parent] = 1;
      parentsOf.push(Array.from(parents).sort((a, b) => a - b));
    }
  }
  return parentsOf;
}

/** One of the tasks low .. high - 1 that is not taken: of those with a child by `sharedShare`, as far as there are both kinds. */
function pickParent(
  low: number,
  high: number,
  taken: ReadonlySet<number>,
  has: Uint8Array,
  sharedShare: number,
  stream: Stream,
): number | undefined {
  const free: number[][] = [[], []];
  for (let task = low; task < high; task++) if (!taken.has(task)) free[has[task]].push(task);
  if (free[0].length + free[1].length === 0) return undefined;
  const kind = free[0].length === 0 ? 1 : free[1].length === 0 ? 0 : stream.next() < sharedShare ? 1 : 0;
  return free[kind][sampleIndex(stream, free[kind].length)];
}

/** The stages, parents and children that jobs have; for goodness of fit. */
export function measureDags(tasks: TaskGraph): DagMeasures {
  const measure = startMeasure();
  for (const graph of graphsOf(tasks)) measure.add(graph.parentsOf);
  return measure.read();
}

/** The same of graphs drawn for jobs of the sizes that the trace has. */
export function measureDrawnDags(tasks: TaskGraph, shape: DagShape, stream: Stream): DagMeasures {
  const measure = startMeasure();
  for (const graph of graphsOf(tasks)) measure.add(drawDag(shape, graph.stageOf.length, stream));
  return measure.read();
}

function startMeasure() {
  const [stages, parents, children] = [0, 1, 2].map(() => new Map<number, number>());
  return {
    /** A graph whose parents stand before their children. */
    add(parentsOf: readonly (readonly number[])[]): void {
      const childCount = new Int32Array(parentsOf.length);
      const stage = new Int32Array(parentsOf.length);
      let last = 0;
      for (const [task, list] of parentsOf.entries()) {
        if (list.length > 0) increment(parents, list.length);
        for (const parent of list) {
          childCount[parent] += 1;
          stage[task] = Math.max(stage[task], stage[parent] + 1);
        }
        last = Math.max(last, stage[task]);
      }
      increment(stages, last + 1);
      for (const count of childCount) increment(children, count);
    },
    read: (): DagMeasures => ({
      stages: sortedCounts(stages),
      parents: sortedCounts(parents),
      children: sortedCounts(children),
    }),
  };
}

/** Jobs of two and more tasks. Parents outside of the job do not count; tasks of a circle count as if they waited for nothing. */
function* graphsOf(tasks: TaskGraph): Generator<JobGraph> {
  const start = new Int32Array(tasks.jobs + 1);
  for (const job of tasks.jobOf) start[job + 1] += 1;
  for (let job = 0; job < tasks.jobs; job++) start[job + 1] += start[job];
  const next = start.slice();
  const rows = new Int32Array(tasks.jobOf.length);
  for (const [task, job] of tasks.jobOf.entries()) rows[next[job]++] = task;
  for (let job = 0; job < tasks.jobs; job++)
    if (start[job + 1] - start[job] > 1) yield graphOf(Array.from(rows.subarray(start[job], start[job + 1])), tasks);
}

function graphOf(rows: readonly number[], tasks: TaskGraph): JobGraph {
  const own = new Map(rows.map((row, at) => [row, at]));
  const parentsOf = rows.map((row) => {
    const inside = new Set<number>();
    for (let at = tasks.parentStart[row]; at < tasks.parentStart[row + 1]; at++) {
      const parent = own.get(tasks.parents[at]);
      if (parent !== undefined) inside.add(parent);
    }
    return Array.from(inside);
  });
  const childrenOf: number[][] = rows.map(() => []);
  for (const [task, parents] of parentsOf.entries()) for (const parent of parents) childrenOf[parent].push(task);
  const waits = parentsOf.map((parents) => parents.length);
  const stage = new Int32Array(rows.length);
  const order = waits.flatMap((count, task) => (count === 0 ? [task] : []));
  for (let at = 0; at < order.length; at++)
    for (const child of childrenOf[order[at]]) {
      stage[child] = Math.max(stage[child], stage[order[at]] + 1);
      waits[child] -= 1;
      if (waits[child] === 0) order.push(child);
    }
  for (const [task, count] of waits.entries())
    if (count > 0) {
      stage[task] = 0;
      parentsOf[task] = [];
      order.push(task);
    }
  const sorted = order.sort((a, b) => stage[a] - stage[b] || a - b);
  const numberOf = new Int32Array(rows.length);
  for (const [at, task] of sorted.entries()) numberOf[task] = at;
  return {
    stageOf: sorted.map((task) => stage[task]),
    parentsOf: sorted.map((task) => parentsOf[task].map((parent) => numberOf[parent]).sort((a, b) => a - b)),
    stages: stage[sorted[sorted.length - 1]] + 1,
  };
}

function rowOf(tasks: number): number {
  return FROM.findLastIndex((from) => from <= tasks);
}

function increment(counts: Map<number, number>, value: number): void {
  counts.set(value, (counts.get(value) ?? 0) + 1);
}

function sortedCounts(counts: ReadonlyMap<number, number>): [number, number][] {
  return Array.from(counts).sort((a, b) => a[0] - b[0]);
}

function drawCounted(counts: Counted, stream: Stream, ofNone = 1): number {
  if (counts.length === 0) return ofNone;
  const weights = counts.map(([, times]) => times);
  return counts[sampleCategorical(stream, weights)][0];
}
