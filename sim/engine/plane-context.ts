/** The calls that a control plane may make; every plane gets the same. */
import { forget, hold, publish } from '../cluster/apply.ts';
import { PHASE } from '../kernel/phase.ts';
import type { PlaneContext } from '../planes/control-plane.ts';
import { submitRun } from './arrivals.ts';
import type { Engine } from './engine.ts';
import { abandonTask, assumeTask, bindTask, EVENT, evictTask, removePod, startAssumed } from './lifecycle.ts';
import { addReplica } from './scaling.ts';

/** The context of the plane of `engine`. */
export function planeContext(engine: Engine): PlaneContext {
  const { cluster, podOverhead } = engine;
  return {
    cluster,
    bind: (row, host, nowMs, startAfterMs, cards, cpus) =>
      bindTask(engine, row, host, nowMs, startAfterMs + podOverhead.bootMs, cards, cpus),
    assume: (row, host, nowMs, cards, cpus) => assumeTask(engine, row, host, nowMs, cards, cpus),
    startAssumed: (row, nowMs, startAfterMs) => startAssumed(engine, row, nowMs, startAfterMs + podOverhead.bootMs),
    forget: (row, nowMs) => forget(cluster, row, nowMs),
    hold: (host, holding, sign, nowMs) => hold(cluster, host, holding, sign, nowMs),
    giveUp: (row, nowMs) => abandonTask(engine, row, nowMs),
    submit: (run, nowMs) => submitRun(engine, run, nowMs),
    addReplica: (service, nowMs) => addReplica(engine, service, nowMs),
    removeReplica: (row, nowMs) => removePod(engine, row, nowMs),
    evict: (row, nowMs, reason) => evictTask(engine, row, nowMs, reason),
    publish: (host, tier, milliCpu, memBytes, nowMs) => publish(cluster, host, tier, milliCpu, memBytes, nowMs),
    wakeAt: (timeMs) => wakeAt(engine, timeMs),
  };
}

/** Asks for a wake; a later wish than the one standing is dropped, the plane asks again when it wakes. */
export function wakeAt(engine: Engine, timeMs: number): void {
  if (timeMs >= engine.wakeMs) return;
  engine.wakeMs = timeMs;
  engine.calendar.push(timeMs, PHASE.place, 0, EVENT.wake, 0);
}
