/**
 * Which host a pod goes to: filter and score as kube-scheduler and Koordinator's LoadAware do, over an incremental index.
 *
 *   score = fitWeight x fit + loadAwareWeight x leastUsed + spreadWeight x spread        (each 0..100, integers)
 *
 * The best score wins, ties go to the lowest host number (upstream draws among ties; a fixed rule keeps the index and the full
 * scan equal). The index keeps, for every pod shape in use, a tournament tree over hosts; a host that changed is re-scored in a
 * shape's tree when that shape is next asked for. `bestHostByScan` does the same work without the index: it is the oracle.
 */
import {
  DEFAULT_LOAD_AWARE_WEIGHTS,
  loadAwareRefuses,
  loadAwareScoreOne,
} from '../../../policies/koordinator/load-aware.ts';
import {
  type LoadAwareHosts,
  loadAwareKeepsOff,
  loadAwareScoreOf,
} from '../../../policies/koordinator/load-aware-hosts.ts';
import { NO_CPUS } from '../../cluster/cpusets.ts';
import { CHANGE_LOG_SIZE, changedHost, type HostTable, TIER } from '../../cluster/hosts.ts';
import { zonesFit } from '../../cluster/zones.ts';
import { cpusetFits } from './cpuset-placement.ts';
import type { PodShapes } from './pod-shapes.ts';
import { cpusHeldFor, type ReservationBook, reservedScore } from './reservation-book.ts';

/** What placement knows of a host beside the host table; row a host. */
export interface PlacementView {
  readonly hosts: HostTable;
  readonly shapes: PodShapes;
  /** Node usage as load-aware scheduling estimates it: reported usage plus estimates of pods assigned since. */
  readonly estimatedMilliCpu: Float64Array;
  readonly estimatedMemBytes: Float64Array;
  /** 1 = the node's report is older than the expiry: LoadAware rejects it. */
  readonly reportExpired: Uint8Array;
  /** Replicas of a service on a host, row-major service x host. */
  readonly replicasOnHost: Uint16Array;
  readonly rules: PlacementRules;
  /** Load-aware scheduling in full, in place of the three columns of estimates above; absent = whole-node thresholds alone. */
  readonly load?: LoadAwareHosts | undefined;
  /** Reservations; absent = none. */
  readonly reserved?: ReservationBook | undefined;
}

export interface PlacementRules {
  readonly fitWeight: number;
  readonly loadAwareWeight: number;
  readonly spreadWeight: number;
  /** Per tier: 1 = most allocated first (pack), 0 = least allocated first. */
  readonly packTier: readonly number[];
  /** 0 = not looked at. */
  readonly cpuThresholdPercent: number;
  readonly memThresholdPercent: number;
}

/** Scores are below this; together with the host number they fit one exact double. */
const HOST_FIELD = 1_048_576;

/**
 * Score of a host for a shape, -1 where the pod cannot go.
 *
 *   fit       = mean over CPU and memory of floor((sold - allocated - request) x 100 / sold)   (100 minus that when packing)
 *   leastUsed = mean of floor((capacity - estimated - estimate) x 100 / capacity), 0 where over
 *   refused   when round((estimated + estimate) / capacity x 100) > threshold, for CPU or memory
 *   spread    = floor(100 / (1 + replicas of the service on the host))
 *
 * Rounding: down, as upstream's int64 divisions. Source: kube-scheduler NodeResourcesFit, Koordinator
 * pkg/scheduler/plugins/loadaware (Filter, Score); docs/koordinator.md.
 */
export function scoreHost(view: PlacementView, shape: number, host: number): number {
  const { hosts, shapes, rules } = view;
  if (hosts.up[host] === 0 || hosts.cordoned[host] === 1 || shapes.eligible[shape][host] === 0) return -1;
  if (shapes.cpuRequest[shape] !== 0 && !ownCpusFit(view, shape, host)) return -1;
  const tier = shapes.tier[shape];
  const at = tier * hosts.count + host;
  const soldCpu = hosts.soldMilliCpu[at];
  const soldMem = hosts.soldMemBytes[at];
  let freeCpu = soldCpu - hosts.allocatedMilliCpu[at] - hosts.heldMilliCpu[at] - shapes.requestMilliCpu[shape];
  let freeMem = soldMem - hosts.allocatedMemBytes[at] - hosts.heldMemBytes[at] - shapes.requestMemBytes[shape];
  let reserved = 0;
  if (view.reserved !== undefined) {
    const owner = shapes.owner[shape];
    if (owner >= 0) {
      reserved = reservedScore(view.reserved, owner, host, freeCpu, freeMem, shape);
      if (reserved < 0) return -1;
      // What is left beside a reservation may be less than the pod asks for.
      if (freeCpu < 0) freeCpu = 0;
      if (freeMem < 0) freeMem = 0;
    }
  }
  if (freeCpu < 0 || freeMem < 0) return -1;
  if (tier === TIER.batch && !zonesFit(hosts.zones, host, shapes.requestMilliCpu[shape], shapes.requestMemBytes[shape]))
    return -1;
  if (refusedByLoad(view, shape, host)) return -1;
  let fitCpu = soldCpu > 0 ? Math.floor((freeCpu * 100) / soldCpu) : 0;
  let fitMem = soldMem > 0 ? Math.floor((freeMem * 100) / soldMem) : 0;
  if (rules.packTier[tier] === 1) {
    fitCpu = 100 - fitCpu;
    fitMem = 100 - fitMem;
  }
  let score =
    rules.fitWeight * Math.floor((fitCpu + fitMem) / 2) + rules.loadAwareWeight * scoreByUse(view, shape, host);
  const service = shapes.service[shape];
  if (service >= 0) {
    const replicas = view.replicasOnHost[service * hosts.count + host];
    if (shapes.maxPerHost[shape] > 0 && replicas >= shapes.maxPerHost[shape]) return -1;
    score += rules.spreadWeight * Math.floor(100 / (1 + replicas));
  }
  if (reserved > 0 && view.reserved !== undefined) score += view.reserved.weight * reserved;
  return score;
}

/** Whether a host has CPUs for a shape that wants its own: free ones, and those that are held for it. */
function ownCpusFit({ hosts, shapes, reserved }: PlacementView, shape: number, host: number): boolean {
  const held = reserved === undefined ? NO_CPUS : cpusHeldFor(reserved, shapes.owner[shape], host);
  return cpusetFits(hosts.cpus, shapes.cpuRequest[shape], host, held);
}

/** Whether load-aware scheduling keeps a shape off a host. */
export function refusedByLoad(view: PlacementView, shape: number, host: number): boolean {
  const { hosts, shapes, rules, load } = view;
  const cpu = hosts.capacityMilliCpu[host];
  const mem = hosts.capacityMemBytes[host];
  if (load !== undefined)
    return loadAwareKeepsOff(
      load,
      hosts.shape[host],
      host,
      shapes.tier[shape] === TIER.native,
      shapes.estimateMilliCpu[shape],
      shapes.estimateMemBytes[shape],
      cpu,
      mem,
    );
  if (rules.cpuThresholdPercent <= 0 && rules.memThresholdPercent <= 0) return false;
  if (view.reportExpired[host] === 1) return true;
  const usedCpu = view.estimatedMilliCpu[host] + shapes.estimateMilliCpu[shape];
  if (loadAwareRefuses(usedCpu, cpu, rules.cpuThresholdPercent)) return true;
  const usedMem = view.estimatedMemBytes[host] + shapes.estimateMemBytes[shape];
  return loadAwareRefuses(usedMem, mem, rules.memThresholdPercent);
}

function scoreByUse(view: PlacementView, shape: number, host: number): number {
  const { hosts, shapes, load } = view;
  const cpu = hosts.capacityMilliCpu[host];
  const mem = hosts.capacityMemBytes[host];
  const estimateCpu = shapes.estimateMilliCpu[shape];
  const estimateMem = shapes.estimateMemBytes[shape];
  if (load !== undefined)
    return loadAwareScoreOf(load, host, shapes.tier[shape] === TIER.native, estimateCpu, estimateMem, cpu, mem);
  const { cpuWeight, memWeight, dominantWeight } = DEFAULT_LOAD_AWARE_WEIGHTS;
  return loadAwareScoreOne(
    view.estimatedMilliCpu[host] + estimateCpu,
    cpu,
    view.estimatedMemBytes[host] + estimateMem,
    mem,
    cpuWeight,
    memWeight,
    dominantWeight,
  );
}

/** The best host by looking at every one but `except`; -1 when none fits. The oracle of the index. */
export function bestHostByScan(view: PlacementView, shape: number, except = -1): number {
  let best = -1;
  let bestScore = -1;
  for (let host = 0; host < view.hosts.count; host++) {
    const score = host === except ? -1 : scoreHost(view, shape, host);
    if (score > bestScore) {
      bestScore = score;
      best = host;
    }
  }
  return best;
}

/** A tournament over hosts for one shape. */
interface Tree {
  shape: number;
  /** Position in the change log up to which this tree is current, and the log's epoch then. */
  seen: number;
  epoch: number;
  /** Count of freeing changes when the tree last found no host: until it moves, there is still none. */
  deniedAt: number;
  usedAt: number;
  /** Node i has children 2i and 2i + 1; leaves start at `leaves`. Value: score x HOST_FIELD + (HOST_FIELD - 1 - host), or -1. */
  readonly value: Float64Array;
}

/** Most shapes that keep a tree; the one unused for longest gives its place to a new one. */
export const TREE_LIMIT = 48;

/** Derived state only: it can be thrown away at any time and comes back equal, so snapshots leave it out. */
export class PlacementIndex {
  private readonly leaves: number;
  private readonly trees: Tree[] = [];
  private treeOfShape = new Int32Array(64).fill(-1);
  private uses = 0;
  /** How many host scores were computed; the bench reports it as work done. */
  scored = 0;
  private readonly view: PlacementView;

  constructor(view: PlacementView) {
    this.view = view;
    let leaves = 1;
    while (leaves < view.hosts.count) leaves *= 2;
    this.leaves = leaves;
  }

  /** The best host for a shape, -1 when none fits. Equal to bestHostByScan. */
  bestHost(shape: number): number {
    const top = this.current(shape).value[1];
    return top < 0 ? -1 : HOST_FIELD - 1 - (top - Math.floor(top / HOST_FIELD) * HOST_FIELD);
  }

  /** Whether any host takes the shape now. */
  fitsSomewhere(shape: number): boolean {
    return this.current(shape).value[1] >= 0;
  }

  private current(shape: number): Tree {
    const { changes } = this.view.hosts;
    const tree = this.treeFor(shape);
    tree.usedAt = ++this.uses;
    if (tree.deniedAt === changes.total[2]) return tree;
    const behind = changes.total[0] - tree.seen;
    if (tree.epoch !== changes.total[1] || behind > CHANGE_LOG_SIZE || behind > this.view.hosts.count / 4)
      this.rebuild(tree);
    else for (let n = tree.seen; n < changes.total[0]; n++) this.rescore(tree, changedHost(changes, n));
    tree.seen = changes.total[0];
    tree.epoch = changes.total[1];
    tree.deniedAt = tree.value[1] < 0 ? changes.total[2] : -1;
    return tree;
  }

  private treeFor(shape: number): Tree {
    if (shape >= this.treeOfShape.length) {
      const larger = new Int32Array(Math.max(shape + 1, this.treeOfShape.length * 2)).fill(-1);
      larger.set(this.treeOfShape);
      this.treeOfShape = larger;
    }
    const at = this.treeOfShape[shape];
    if (at >= 0) return this.trees[at];
    let place = this.trees.length;
    if (place < TREE_LIMIT) {
      this.trees.push({
        shape,
        seen: 0,
        epoch: -1,
        deniedAt: -1,
        usedAt: 0,
        value: new Float64Array(this.leaves * 2).fill(-1),
      });
    } else {
      place = 0;
      for (let i = 1; i < this.trees.length; i++) if (this.trees[i].usedAt < this.trees[place].usedAt) place = i;
      this.treeOfShape[this.trees[place].shape] = -1;
      this.trees[place].shape = shape;
      this.trees[place].epoch = -1;
      this.trees[place].deniedAt = -1;
    }
    this.treeOfShape[shape] = place;
    return this.trees[place];
  }

  private rebuild(tree: Tree): void {
    const { view, leaves } = this;
    const { value } = tree;
    const count = view.hosts.count;
    for (let host = 0; host < count; host++) {
      const score = scoreHost(view, tree.shape, host);
      value[leaves + host] = score < 0 ? -1 : score * HOST_FIELD + (HOST_FIELD - 1 - host);
    }
    for (let node = leaves - 1; node >= 1; node--) {
      const left = value[2 * node];
      const right = value[2 * node + 1];
      value[node] = left > right ? left : right;
    }
    this.scored += count;
  }

  private rescore(tree: Tree, host: number): void {
    const { value } = tree;
    const score = scoreHost(this.view, tree.shape, host);
    this.scored++;
    let node = this.leaves + host;
    const now = score < 0 ? -1 : score * HOST_FIELD + (HOST_FIELD - 1 - host);
    if (value[node] === now) return;
    value[node] = now;
    for (node >>= 1; node >= 1; node >>= 1) {
      const left = value[2 * node];
      const right = value[2 * node + 1];
      const best = left > right ? left : right;
      if (value[node] === best) return;
      value[node] = best;
    }
  }
}
