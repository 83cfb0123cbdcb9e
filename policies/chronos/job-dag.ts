/**
 * Dependent jobs of Chronos: which children a success sets off.
 *
 * Every edge counts the successes of its parent. A child with one parent is ready at each of them. A child with more is ready
 * when the edge that just counted has the least count among the child's parents: the slowest parent sets the pace. When the
 * child starts, all its edges go back to 0; a status update repeated by reconciliation does so too, and loses triggers.
 * Source: Chronos JobGraph.getExecutableChildren, resetDependencyInvocations.
 */
import { ConfigError } from '../base/assert.ts';

/** The graph as plain data; children and parents stand in the order in which they were added. */
export interface JobDag {
  readonly children: Map<string, string[]>;
  readonly parents: Map<string, string[]>;
  /** Successes of a parent since its child last started, by child and parent. */
  readonly counts: Map<string, Map<string, number>>;
}

/** An empty graph. */
export function createDag(): JobDag {
  return { children: new Map(), parents: new Map(), counts: new Map() };
}

/** Adds a job without edges; adding it again changes nothing. */
export function addJob(dag: JobDag, job: string): void {
  if (dag.children.has(job)) return;
  dag.children.set(job, []);
  dag.parents.set(job, []);
  dag.counts.set(job, new Map());
}

/**
 * Adds the edge `parent` -> `child`.
 *
 * Errors: ConfigError for an unknown job, and for an edge that would close a cycle; the message walks the cycle.
 */
export function addDependency(dag: JobDag, parent: string, child: string): void {
  for (const job of [parent, child])
    if (!dag.children.has(job))
      throw new ConfigError(`dependency ${parent} -> ${child}: job "${job}" is not registered; register it first`);
  const path = findPath(dag, child, parent);
  if (path !== null)
    throw new ConfigError(`dependency ${parent} -> ${child} makes a cycle: ${[...path, child].join(' -> ')}`);
  const children = dag.children.get(parent) as string[];
  if (children.includes(child)) return;
  children.push(child);
  (dag.parents.get(child) as string[]).push(parent);
  (dag.counts.get(child) as Map<string, number>).set(parent, 0);
}

/** Takes a job and its edges out of the graph. */
export function removeJob(dag: JobDag, job: string): void {
  for (const child of dag.children.get(job) ?? []) {
    removeFrom(dag.parents.get(child), job);
    dag.counts.get(child)?.delete(job);
  }
  for (const parent of dag.parents.get(job) ?? []) removeFrom(dag.children.get(parent), job);
  dag.children.delete(job);
  dag.parents.delete(job);
  dag.counts.delete(job);
}

/** Counts a success of `job` (or a final failure with softError) and returns the children it makes ready, in order. */
export function succeed(dag: JobDag, job: string): string[] {
  const ready: string[] = [];
  for (const child of dag.children.get(job) ?? []) {
    const counts = dag.counts.get(child) as Map<string, number>;
    if (counts.size === 1) {
      ready.push(child);
      continue;
    }
    const count = (counts.get(job) as number) + 1;
    counts.set(job, count);
    let least = count;
    for (const other of counts.values()) least = Math.min(least, other);
    if (count === least) ready.push(child);
  }
  return ready;
}

/** Records that `job` started: the edges from its parents count from 0 again. */
export function childStarted(dag: JobDag, job: string): void {
  const counts = dag.counts.get(job);
  if (counts === undefined) return;
  for (const parent of counts.keys()) counts.set(parent, 0);
}

function removeFrom(list: string[] | undefined, entry: string): void {
  const index = list?.indexOf(entry) ?? -1;
  if (index >= 0) list?.splice(index, 1);
}

/** A path of edges from `from` to `to`, both included, or null. Depth first, without recursion. */
function findPath(dag: JobDag, from: string, to: string): string[] | null {
  const cameFrom = new Map<string, string | null>([[from, null]]);
  const stack = [from];
  while (stack.length > 0) {
    const job = stack.pop() as string;
    if (job === to) {
      const path: string[] = [];
      for (let at: string | null = job; at !== null; at = cameFrom.get(at) ?? null) path.unshift(at);
      return path;
    }
    for (const child of dag.children.get(job) ?? [])
      if (!cameFrom.has(child)) {
        cameFrom.set(child, job);
        stack.push(child);
      }
  }
  return null;
}
