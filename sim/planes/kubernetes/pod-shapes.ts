/**
 * Pod shapes: tasks that ask for the same things are one row here, so placement can keep one ranking of hosts for all of them.
 */
import type { HostTable } from '../../cluster/hosts.ts';

export interface PodShapes {
  count: number;
  tier: Uint8Array;
  requestMilliCpu: Float64Array;
  requestMemBytes: Float64Array;
  /** What load-aware scheduling adds to a node for a pod of this shape before its metrics exist. */
  estimateMilliCpu: Float64Array;
  estimateMemBytes: Float64Array;
  /** How long after binding the estimate counts where it is more than the pod's use; 0 = until reports have the pod. */
  estimateForMs: Float64Array;
  /** Service whose replicas are spread, -1 = none. */
  service: Int32Array;
  /** Most replicas of the service on one host, 0 = no bound. */
  maxPerHost: Int32Array;
  /** Number by which reservations know whose pods these are: services first, populations behind them; -1 = nobody's. */
  owner: Int32Array;
  /** Host rows that selectors, taints and affinity allow; shared between shapes with the same rules. */
  readonly eligible: Uint8Array[];
  /** Pods of different lanes never share a shape: their queues move on for different reasons. 0 = the common lane. */
  lane: Uint8Array;
  /** Row of the GPU requests, 0 = none. */
  gpuRequest: Uint16Array;
  /** Row of the requests for CPUs of its own, 0 = none. */
  cpuRequest: Uint16Array;
  /** Per lane, tier and GPU request ((gpuRequest x lanes + lane) x TIER_COUNT + tier): shape by what is asked for; looked up when a task is submitted, never iterated. */
  readonly byKey: Map<number, number>[];
}

/** Room for `capacity` shapes; it grows. */
export function createPodShapes(capacity: number): PodShapes {
  return {
    count: 0,
    tier: new Uint8Array(capacity),
    requestMilliCpu: new Float64Array(capacity),
    requestMemBytes: new Float64Array(capacity),
    estimateMilliCpu: new Float64Array(capacity),
    estimateMemBytes: new Float64Array(capacity),
    estimateForMs: new Float64Array(capacity),
    service: new Int32Array(capacity),
    maxPerHost: new Int32Array(capacity),
    owner: new Int32Array(capacity),
    eligible: [],
    lane: new Uint8Array(capacity),
    gpuRequest: new Uint16Array(capacity),
    cpuRequest: new Uint16Array(capacity),
    byKey: [],
  };
}

export interface ShapeRow {
  readonly tier: number;
  readonly requestMilliCpu: number;
  readonly requestMemBytes: number;
  readonly estimateMilliCpu: number;
  readonly estimateMemBytes: number;
  readonly estimateForMs?: number;
  readonly service: number;
  readonly maxPerHost: number;
  /** Absent: the service. */
  readonly owner?: number;
  readonly lane?: number;
  readonly gpuRequest?: number;
  readonly cpuRequest?: number;
  readonly eligible: Uint8Array;
}

/** Appends a shape and returns its number. */
export function addPodShape(shapes: PodShapes, row: ShapeRow): number {
  if (shapes.count === shapes.tier.length) grow(shapes);
  const at = shapes.count++;
  shapes.tier[at] = row.tier;
  shapes.requestMilliCpu[at] = row.requestMilliCpu;
  shapes.requestMemBytes[at] = row.requestMemBytes;
  shapes.estimateMilliCpu[at] = row.estimateMilliCpu;
  shapes.estimateMemBytes[at] = row.estimateMemBytes;
  shapes.estimateForMs[at] = row.estimateForMs ?? 0;
  shapes.service[at] = row.service;
  shapes.maxPerHost[at] = row.maxPerHost;
  shapes.owner[at] = row.owner ?? row.service;
  shapes.lane[at] = row.lane ?? 0;
  shapes.gpuRequest[at] = row.gpuRequest ?? 0;
  shapes.cpuRequest[at] = row.cpuRequest ?? 0;
  shapes.eligible.push(row.eligible);
  return at;
}

function grow(shapes: PodShapes): void {
  const larger = createPodShapes(Math.max(16, shapes.tier.length * 2));
  larger.tier.set(shapes.tier);
  larger.requestMilliCpu.set(shapes.requestMilliCpu);
  larger.requestMemBytes.set(shapes.requestMemBytes);
  larger.estimateMilliCpu.set(shapes.estimateMilliCpu);
  larger.estimateMemBytes.set(shapes.estimateMemBytes);
  larger.estimateForMs.set(shapes.estimateForMs);
  larger.service.set(shapes.service);
  larger.maxPerHost.set(shapes.maxPerHost);
  larger.owner.set(shapes.owner);
  larger.lane.set(shapes.lane);
  larger.gpuRequest.set(shapes.gpuRequest);
  larger.cpuRequest.set(shapes.cpuRequest);
  shapes.tier = larger.tier;
  shapes.requestMilliCpu = larger.requestMilliCpu;
  shapes.requestMemBytes = larger.requestMemBytes;
  shapes.estimateMilliCpu = larger.estimateMilliCpu;
  shapes.estimateMemBytes = larger.estimateMemBytes;
  shapes.estimateForMs = larger.estimateForMs;
  shapes.service = larger.service;
  shapes.maxPerHost = larger.maxPerHost;
  shapes.owner = larger.owner;
  shapes.lane = larger.lane;
  shapes.gpuRequest = larger.gpuRequest;
  shapes.cpuRequest = larger.cpuRequest;
}

/**
 * Hosts on which a pod with this selector and these tolerations may run: every selector label must match, and every
 * NoSchedule or NoExecute taint must be tolerated (`key`, `key=value` or `key=value:Effect`).
 */
export function eligibleHosts(
  hosts: HostTable,
  shapeLabels: readonly Readonly<Record<string, string>>[],
  shapeTaints: readonly (readonly string[])[],
  nodeSelector: Readonly<Record<string, string>>,
  tolerations: readonly string[],
): Uint8Array {
  const allowedShape = shapeLabels.map((labels, shape) => {
    const matches = Object.entries(nodeSelector).every(([key, value]) => labels[key] === value);
    const tolerated = (shapeTaints[shape] ?? []).every(
      (taint) => taint.endsWith(':PreferNoSchedule') || tolerations.some((toleration) => tolerates(toleration, taint)),
    );
    return matches && tolerated;
  });
  return Uint8Array.from({ length: hosts.count }, (_, host) => (allowedShape[hosts.shape[host]] ? 1 : 0));
}

function tolerates(toleration: string, taint: string): boolean {
  const [keyAndValue] = taint.split(':');
  return toleration === taint || toleration === keyAndValue || toleration === keyAndValue.split('=')[0];
}
