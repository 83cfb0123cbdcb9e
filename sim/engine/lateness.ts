/**
 * Which requests are late in a window: service by service, the terms of lateness in this order, each on top of those before it.
 *
 *   load and slowdown (latency-term) -> best effort cut too late (late-suppression) -> memory (memory-lateness) -> disk and network (io-lateness)
 *   -> packets lost (rack-flaps) -> CPU limits (throttle-term)
 *
 * A term that no host or service of the window can have costs one comparison.
 */
import { MS_PER_HOUR } from '../../policies/base/units.ts';
import type { TaskTable } from '../cluster/tasks.ts';
import { type AnsweringPods, packPods } from './answering-pods.ts';
import type { HostIo } from './host-io.ts';
import type { HostModel, HostWindow } from './host-sweep.ts';
import { bookIoLateness } from './io-lateness.ts';
import { bookLateSuppression } from './late-suppression.ts';
import type { LatencyModel } from './latency-model.ts';
import { bookLatency } from './latency-term.ts';
import { bookMemoryLateness } from './memory-lateness.ts';
import type { MemoryState } from './memory-sweep.ts';
import type { OnlineState } from './online.ts';
import type { PodMemory } from './pod-memory.ts';
import { bookFlaps, type RackFlaps } from './rack-flaps.ts';
import type { Recorder } from './recorder.ts';
import { tryAgain } from './retries.ts';
import { bookThrottling } from './throttle-term.ts';
import type { Throttling } from './throttling-state.ts';

/** Terms of lateness. */
export const TERM = { latency: 0, throttling: 1, memory: 2, suppression: 3, io: 4, flaps: 5 } as const;
const TERMS = 6;

/** Sums of the window over all services. */
export interface LatencySums {
  /** Late requests, and evaluations of single pods since the run began (what a run costs, told without a clock); by TERM. */
  readonly late: Float64Array;
  readonly evaluations: Float64Array;
  /** SLO-minutes of every pod, added up by whoever sets it; a service's are the sum of its pods'. null = nobody asks. */
  podSloMinutes: Float64Array | null;
  requests: number;
  violating: number;
  violatingAlone: number;
}

export function createLatencySums(): LatencySums {
  return {
    late: new Float64Array(TERMS),
    evaluations: new Float64Array(TERMS),
    podSloMinutes: null,
    requests: 0,
    violating: 0,
    violatingAlone: 0,
  };
}

/** What the terms read, and the books they write; an Engine is one. */
export interface Lateness {
  readonly plan: { readonly windowMs: number };
  readonly cluster: { readonly tasks: TaskTable };
  readonly online: OnlineState;
  readonly hostModel: HostModel;
  readonly hostWindow: HostWindow;
  readonly latency: LatencyModel;
  readonly answering: AnsweringPods;
  readonly memory: MemoryState;
  readonly io: HostIo | null;
  readonly rackFlaps: RackFlaps | null;
  /** How often clients try again, row a service; null where none does. */
  readonly clientRetries: Float64Array | null;
  readonly podMemory: PodMemory | null;
  readonly throttling: Throttling | null;
  readonly recorder: Recorder;
  readonly latencySums: LatencySums;
}

/** Books late requests of the window that begins at `nowMs`. */
export function sweepLateness(inputs: Lateness, nowMs: number): void {
  const {
    online,
    cluster,
    hostModel,
    hostWindow,
    answering,
    memory,
    podMemory,
    throttling,
    io,
    clientRetries,
    rackFlaps,
    recorder,
    latencySums: sums,
  } = inputs;
  hostWindow.lateRequests.fill(0);
  sums.late.fill(0);
  sums.requests = 0;
  sums.violatingAlone = 0;
  const hasCuts = hostWindow.cutLateHosts[0] > 0;
  const hasReclaim = memory.hostCounts[0] > 0 || (podMemory !== null && podMemory.stalled[0] > 0);
  const hour = Math.floor(nowMs / MS_PER_HOUR);
  for (let s = 0; s < online.services.count; s++) {
    const lateBefore = recorder.serviceViolating[s * recorder.hours + hour];
    const requestsBefore = sums.requests;
    packPods(answering, online, cluster.tasks, hostWindow, hostModel.classCount, s);
    const lateShare = bookLatency(inputs, s, nowMs);
    if (hasCuts) bookLateSuppression(inputs, s, nowMs);
    if (hasReclaim) bookMemoryLateness(inputs, s, nowMs, 1 - lateShare);
    if (io !== null && io.asked[0] > 0) bookIoLateness(inputs, io, s, nowMs, 1 - lateShare);
    if (rackFlaps !== null && rackFlaps.hosts[0] > 0) bookFlaps(inputs, rackFlaps, s, nowMs, 1 - lateShare);
    if (throttling !== null) bookThrottling(inputs, throttling, s, nowMs, 1 - lateShare);
    if (clientRetries !== null) {
      const late = recorder.serviceViolating[s * recorder.hours + hour] - lateBefore;
      tryAgain(online, clientRetries, s, late, sums.requests - requestsBefore);
    }
  }
  const { late } = sums;
  sums.violating =
    late[TERM.latency] +
    late[TERM.suppression] +
    late[TERM.memory] +
    late[TERM.io] +
    late[TERM.flaps] +
    late[TERM.throttling];
}
