/**
 * What of a node is set aside for the system: the larger of the kubelet's reservation and the node's annotation.
 */
import { parseCpuList } from './cpu-list.ts';
import type { CpuMem } from './resources.ts';
import { maxCpuMem } from './resources.ts';

/** The node reservation annotation; `reservedCpus` (a cpu list) replaces `milliCpu` when it names cpus. */
export interface ReservationAnnotation {
  readonly milliCpu?: number;
  readonly memBytes?: number;
  readonly reservedCpus?: string;
}

export interface NodeSize {
  readonly capacity: CpuMem;
  /** As published: amplified if amplification is on. */
  readonly allocatable: CpuMem;
  /** As the kubelet reported it, before amplification. */
  readonly rawAllocatable?: CpuMem;
  readonly reservation?: ReservationAnnotation;
}

/**
 * Reservation of a node.
 *
 *   reserved = max(max(0, capacity - allocatable), annotation)          per resource
 *
 * Units: milli-CPU, bytes. With `amplificationHidesReservation` (K19) the published allocatable is used, which under
 * amplification exceeds the capacity and leaves no kubelet reservation. Source: pkg/util GetNodeReservationFromKubelet.
 */
export function nodeReserved(node: NodeSize, amplificationHidesReservation = true): CpuMem {
  const allocatable = amplificationHidesReservation ? node.allocatable : (node.rawAllocatable ?? node.allocatable);
  const kubelet: CpuMem = {
    milliCpu: Math.max(0, node.capacity.milliCpu - allocatable.milliCpu),
    memBytes: Math.max(0, node.capacity.memBytes - allocatable.memBytes),
  };
  return maxCpuMem(kubelet, annotatedReservation(node.reservation));
}

function annotatedReservation(annotation: ReservationAnnotation | undefined): CpuMem {
  const cpus = parseCpuList(annotation?.reservedCpus ?? '') ?? [];
  return {
    milliCpu: cpus.length > 0 ? cpus.length * 1000 : (annotation?.milliCpu ?? 0),
    memBytes: annotation?.memBytes ?? 0,
  };
}
