/**
 * Memory of best-effort tasks that grow after a start, and how far it gets before the node's eviction loop has killed somebody.
 *
 *   use of a task = all of it x min(1, time since its start / ramp)
 *   crossing      = the moment inside the last window when the host's memory rose above the eviction line
 *   peak          = the host's memory at crossing + loop + kill, along the same ramps
 *
 * On straight ramps that is line + sum(dm/dt) x (loop + kill), and never more than all tasks use in the end; the kernel kills where the peak does
 * not fit (memory-sweep). The loop runs every second, so a window of a minute hides it and a window of a second plays it: both meet the same peak, and a test
 * holds the law against the loop played second by second. Tasks that ended inside the window are left out; what came without a ramp counts as there from the
 * window's begin. Only the first crossing of a window counts. Without an eviction line (no memory-evict policy) a host has no peak of this kind.
 * Source: docs/performance-models.md 5.
 */
import type { Policy, PolicyConfig } from '../../policies/ports.ts';
import { taskRowsOnHost, useMemory } from '../cluster/apply.ts';
import type { HostTable } from '../cluster/hosts.ts';
import { TASK_STATE } from '../cluster/tasks.ts';
import { rampedBytes } from '../host/memory.ts';
import type { Parameters } from '../host/parameters.ts';
import type { Plan } from '../plan.ts';
import type { Engine } from './engine.ts';

export interface MemoryRamp {
  readonly rampMs: number;
  /** Share of the host's memory above which the node evicts; Infinity = it never does. */
  readonly lineFraction: number;
  /** From crossing to freed memory. */
  readonly reactionMs: number;
  /** Scratch: growth in the last window, row a host. */
  readonly grownBytes: Float64Array;
}

/** null where the plan has no ramps. The line is that of the policy that evicts for memory. */
export function createMemoryRamp(
  plan: Plan,
  p: Parameters,
  policies: readonly { readonly policy: Policy; readonly config: PolicyConfig }[],
  hosts: HostTable,
): MemoryRamp | null {
  if (plan.physics.memoryRamp !== true) return null;
  const linePercent = policies
    .map(({ config }) => config['memoryEvictThresholdPercent'])
    .find((percent): percent is number => typeof percent === 'number');
  return {
    rampMs: 1000 * p.memoryRampSeconds,
    lineFraction: linePercent === undefined ? Number.POSITIVE_INFINITY : linePercent / 100,
    reactionMs: 1000 * (p.evictLoopSeconds + p.evictKillSeconds),
    grownBytes: new Float64Array(hosts.count),
  };
}

/** Sets what every running task uses at `nowMs`, and finds the hosts where that crossed the line since the last window. */
export function rampTasks(engine: Engine, ramp: MemoryRamp, nowMs: number): void {
  const { cluster, plan } = engine;
  const { tasks, hosts } = cluster;
  const { usedMemBytes, fullMemBytes, startedAtMs, host: hostOf, runningRows, runningCount } = tasks;
  const { grownBytes, rampMs, lineFraction } = ramp;
  const { rampPeakBytes } = engine.memory;
  grownBytes.fill(0);
  rampPeakBytes.fill(0);
  for (let i = 0; i < runningCount; i++) {
    const row = runningRows[i];
    const before = usedMemBytes[row];
    if (before === fullMemBytes[row]) continue;
    const used = rampedBytes(fullMemBytes[row], nowMs - startedAtMs[row], rampMs);
    grownBytes[hostOf[row]] += used - before;
    useMemory(cluster, row, used);
  }
  for (let host = 0; host < hosts.count; host++) {
    if (grownBytes[host] === 0) continue;
    const used = hosts.onlineMemBytes[host] + hosts.beMemBytes[host] + hosts.systemMemBytes[host];
    const line = lineFraction * hosts.capacityMemBytes[host];
    if (used >= line) rampPeakBytes[host] = peakOf(engine, ramp, host, used, line, nowMs - plan.windowMs, nowMs);
  }
}

/** Memory at the crossing of `line` plus the reaction time. Bisection, because ramps that begin inside the window bend the path. */
function peakOf(
  engine: Engine,
  ramp: MemoryRamp,
  host: number,
  usedNow: number,
  line: number,
  fromMs: number,
  nowMs: number,
): number {
  const { cluster, rows } = engine;
  const n = taskRowsOnHost(cluster, host, rows);
  const pathAt = (atMs: number) => usedNow - rampsBetween(engine, ramp, n, atMs, nowMs);
  let low = fromMs;
  let high = nowMs;
  if (pathAt(low) < line)
    while (high - low > 1) {
      const middle = 0.5 * (low + high);
      if (pathAt(middle) < line) low = middle;
      else high = middle;
    }
  return pathAt(low + ramp.reactionMs);
}

/** What the running tasks among the first `n` rows of the scratch list gain from `fromMs` to `toMs`; negative where time runs back. */
function rampsBetween(engine: Engine, ramp: MemoryRamp, n: number, fromMs: number, toMs: number): number {
  const { cluster, rows } = engine;
  const { state, fullMemBytes, startedAtMs } = cluster.tasks;
  let gained = 0;
  for (let i = 0; i < n; i++) {
    const row = rows[i];
    if (state[row] !== TASK_STATE.running) continue;
    const full = fullMemBytes[row];
    const startMs = startedAtMs[row];
    gained += rampedBytes(full, toMs - startMs, ramp.rampMs) - rampedBytes(full, fromMs - startMs, ramp.rampMs);
  }
  return gained;
}
