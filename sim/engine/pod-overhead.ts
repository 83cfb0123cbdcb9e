/**
 * What a pod costs beside what its containers ask for and use: nothing for containers, a guest for Kata.
 *
 * Requests grow under Kubernetes alone, where the RuntimeClass adds its podFixed to a pod and Koordinator moves it to the pod's own tier. Mesos, YARN
 * and batch systems know no such overhead: their hosts carry guests that nobody asked for, as they would.
 */
import type { KataOverhead } from '../host/isolation.ts';
import { usedOfGuest } from '../host/isolation.ts';
import type { Parameters } from '../host/parameters.ts';
import type { Plan } from '../plan.ts';

export interface PodOverhead {
  readonly requestMilliCpu: number;
  readonly requestMemBytes: number;
  readonly bootMs: number;
  readonly kata: KataOverhead | null;
  /** File pages that pods of services and best-effort tasks would keep, over their own memory. */
  readonly lsFile: number;
  readonly beFile: number;
}

/** The overhead of every pod of a run. */
export function podOverheadOf(plan: Plan, kata: KataOverhead | null, p: Parameters): PodOverhead {
  const asked = kata !== null && plan.controlPlane.kind === 'kubernetes';
  return {
    requestMilliCpu: asked ? kata.milliCpu : 0,
    requestMemBytes: asked ? kata.memBytes : 0,
    bootMs: kata === null ? 0 : kata.bootMs,
    kata,
    lsFile: p.lsFileOverAnon,
    beFile: p.beFileOverAnon,
  };
}

/** Memory of a pod of a service as its host sees it. */
export function usedByPod(overhead: PodOverhead, usedBytes: number, requestBytes: number): number {
  return usedOfGuest(overhead.kata, usedBytes, requestBytes, overhead.lsFile);
}

/** Memory of a best-effort task as its host sees it. */
export function usedByTask(overhead: PodOverhead, usedBytes: number, requestBytes: number): number {
  return usedOfGuest(overhead.kata, usedBytes, requestBytes, overhead.beFile);
}
