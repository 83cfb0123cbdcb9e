/** How many more replicas of a pod would fit, hour by hour through a run, by the rules that place pods in it. */
import { ConfigError } from '../policies/base/assert.ts';
import { BYTES_PER_MIB, MS_PER_HOUR } from '../policies/base/units.ts';
import { knownText } from '../scenarios/suggest.ts';
import { type Engine, placementView } from '../sim/engine/engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import { digestText } from '../sim/kernel/digest.ts';
import type { Plan } from '../sim/plan.ts';
import { type PlacementView, scoreHost } from '../sim/planes/kubernetes/placement.ts';
import { addPodShape, createPodShapes, eligibleHosts } from '../sim/planes/kubernetes/pod-shapes.ts';
import { nearestRank } from '../sim/results/summarise.ts';
import type { OnlineServices } from '../traces/format.ts';
import { prepare } from './run-plan.ts';

/** A pod to look for room for: one more replica of a service, or a pod of its own. */
export interface HeadroomPod {
  /** Name of a service of the plan: its rules (selector, tolerations, most per host) hold too. */
  readonly service?: string;
  readonly requestMilliCpu: number;
  readonly requestMemMib: number;
  readonly tier: 'native' | 'batch';
}

export interface Headroom {
  /** Replicas that fit at the end of every hour after warm-up. */
  readonly perHour: readonly number[];
  readonly min: number;
  readonly minHour: number;
  readonly p5: number;
  readonly median: number;
  readonly p95: number;
  /** Of the run looked at: looking leaves no trace in it. */
  readonly digest: string;
}

const MOST_PER_HOST = 100_000;

/** Room for `pod` on one host: placed again and again until the rules refuse it, then everything is put back. */
function fitsOn(view: PlacementView, shape: number, host: number): number {
  const { hosts, shapes } = view;
  const at = shapes.tier[shape] * hosts.count + host;
  const service = shapes.service[shape];
  const replicasAt = service * hosts.count + host;
  const cpu = hosts.allocatedMilliCpu[at];
  const mem = hosts.allocatedMemBytes[at];
  const estimatedCpu = view.estimatedMilliCpu[host];
  const estimatedMem = view.estimatedMemBytes[host];
  const replicas = service >= 0 ? view.replicasOnHost[replicasAt] : 0;
  let fits = 0;
  while (fits < MOST_PER_HOST && scoreHost(view, shape, host) >= 0) {
    fits++;
    hosts.allocatedMilliCpu[at] += shapes.requestMilliCpu[shape];
    hosts.allocatedMemBytes[at] += shapes.requestMemBytes[shape];
    view.estimatedMilliCpu[host] += shapes.estimateMilliCpu[shape];
    view.estimatedMemBytes[host] += shapes.estimateMemBytes[shape];
    if (service >= 0) view.replicasOnHost[replicasAt]++;
  }
  hosts.allocatedMilliCpu[at] = cpu;
  hosts.allocatedMemBytes[at] = mem;
  view.estimatedMilliCpu[host] = estimatedCpu;
  view.estimatedMemBytes[host] = estimatedMem;
  if (service >= 0) view.replicasOnHost[replicasAt] = replicas;
  return fits;
}

/** Room for the pod in the cluster as it stands; nothing is changed. Hosts do not share, so their rooms add up. */
export function headroomNow(engine: Engine, pod: HeadroomPod): number {
  const view = viewFor(engine, pod);
  let fits = 0;
  for (let host = 0; host < view.hosts.count; host++) fits += fitsOn(view, 0, host);
  return fits;
}

/** What placement sees, with the pod as its only shape: the run's own shapes and their numbers stay as they are. */
function viewFor(engine: Engine, pod: HeadroomPod): PlacementView {
  const { plan } = engine;
  const view = placementView(engine);
  const names = engine.online.services.names;
  const service = pod.service === undefined ? -1 : names.indexOf(pod.service);
  if (pod.service !== undefined && service < 0)
    throw new ConfigError(`service "${pod.service}" is unknown; known: ${knownText(pod.service, names)}`);
  const shapes = createPodShapes(1);
  const factors = plan.koordinator;
  const requestMemBytes = pod.requestMemMib * BYTES_PER_MIB;
  if (service >= 0) {
    const from = view.shapes;
    addPodShape(shapes, {
      tier: from.tier[service],
      requestMilliCpu: from.requestMilliCpu[service],
      requestMemBytes: from.requestMemBytes[service],
      estimateMilliCpu: from.estimateMilliCpu[service],
      estimateMemBytes: from.estimateMemBytes[service],
      service,
      maxPerHost: from.maxPerHost[service],
      eligible: from.eligible[service],
    });
  } else {
    const labels = plan.cluster.shapes.map((shape) => shape.labels);
    const taints = plan.cluster.shapes.map((shape) => shape.taints);
    addPodShape(shapes, {
      tier: pod.tier === 'batch' ? 1 : 0,
      requestMilliCpu: pod.requestMilliCpu,
      requestMemBytes,
      estimateMilliCpu: Math.round((pod.requestMilliCpu * factors.loadAwareCpuEstimateFactor) / 100),
      estimateMemBytes: Math.round((requestMemBytes * factors.loadAwareMemoryEstimateFactor) / 100),
      service: -1,
      maxPerHost: 0,
      eligible: eligibleHosts(view.hosts, labels, taints, {}, []),
    });
  }
  return { ...view, shapes };
}

/** Runs the plan and looks once a simulated hour; the run itself is not touched. */
export function headroomOf(
  plan: Plan,
  pod: HeadroomPod,
  replayed: OnlineServices | undefined,
  onHour: (done0to1: number) => void,
): Headroom {
  if (pod.service === undefined && !(pod.requestMilliCpu > 0 && pod.requestMemMib > 0))
    throw new ConfigError('headroom needs --service NAME or --cpu and --mem above 0');
  const { engine } = prepare(plan, replayed === undefined ? {} : { replayed });
  const perHour: number[] = [];
  for (let timeMs = MS_PER_HOUR; timeMs <= plan.horizonMs; timeMs += MS_PER_HOUR) {
    runUntil(engine, timeMs);
    if (timeMs > plan.warmUpMs) perHour.push(headroomNow(engine, pod));
    onHour(timeMs / plan.horizonMs);
  }
  const firstHour = Math.floor(plan.warmUpMs / MS_PER_HOUR);
  return { ...sumUp(perHour, firstHour), digest: digestText(engine.cluster.digest) };
}

/** Least, quantiles (nearest rank) and the first hour of the least. Throws ConfigError without hours. */
export function sumUp(perHour: readonly number[], firstHour: number): Omit<Headroom, 'digest'> {
  if (perHour.length === 0)
    throw new ConfigError('the run has no whole hour after warm-up; make the horizon longer or the warm-up shorter');
  const sorted = Float64Array.from(perHour).sort();
  const min = sorted[0];
  return {
    perHour,
    min,
    minHour: firstHour + perHour.indexOf(min),
    p5: nearestRank(sorted, 0.05),
    median: nearestRank(sorted, 0.5),
    p95: nearestRank(sorted, 0.95),
  };
}
