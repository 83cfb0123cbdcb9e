/** The calls that a control plane may make; every plane gets the same. */
import { type Cluster, forget, type Holding, hold, publish } from '../cluster/apply.ts';
import { PHASE } from '../kernel/phase.ts';
import type { PlaneContext, RunOfWork } from '../planes/control-plane.ts';
import { submitRun } from './arrivals.ts';
import type { Engine } from './engine.ts';
import { abandonTask, assumeTask, bindTask, EVENT, evictTask, removePod, startAssumed } from './lifecycle.ts';
import { addReplica } from './scaling.ts';

/** The context of the plane of an engine. A class: closures made for each run would lose their optimised code when it ends. */
export class EngineContext implements PlaneContext {
  readonly cluster: Cluster;
  private readonly engine: Engine;
  private readonly bootMs: number;

  constructor(engine: Engine) {
    this.cluster = engine.cluster;
    this.engine = engine;
    this.bootMs = engine.podOverhead.bootMs;
  }

  bind(row: number, host: number, nowMs: number, startAfterMs: number, cards?: number, cpus?: readonly number[]): void {
    bindTask(this.engine, row, host, nowMs, startAfterMs + this.bootMs, cards, cpus);
  }

  assume(row: number, host: number, nowMs: number, cards?: number, cpus?: readonly number[]): void {
    assumeTask(this.engine, row, host, nowMs, cards, cpus);
  }

  startAssumed(row: number, nowMs: number, startAfterMs: number): void {
    startAssumed(this.engine, row, nowMs, startAfterMs + this.bootMs);
  }

  forget(row: number, nowMs: number): void {
    forget(this.cluster, row, nowMs);
  }

  hold(host: number, holding: Holding, sign: 1 | -1, nowMs: number): void {
    hold(this.cluster, host, holding, sign, nowMs);
  }

  giveUp(row: number, nowMs: number): void {
    abandonTask(this.engine, row, nowMs);
  }

  submit(run: RunOfWork, nowMs: number): number {
    return submitRun(this.engine, run, nowMs);
  }

  addReplica(service: number, nowMs: number): number {
    return addReplica(this.engine, service, nowMs);
  }

  removeReplica(row: number, nowMs: number): void {
    removePod(this.engine, row, nowMs);
  }

  evict(row: number, nowMs: number, reason: number): void {
    evictTask(this.engine, row, nowMs, reason);
  }

  publish(host: number, tier: number, milliCpu: number, memBytes: number, nowMs: number): void {
    publish(this.cluster, host, tier, milliCpu, memBytes, nowMs);
  }

  wakeAt(timeMs: number): void {
    wakeAt(this.engine, timeMs);
  }
}

/** Asks for a wake; a later wish than the one standing is dropped, the plane asks again when it wakes. */
export function wakeAt(engine: Engine, timeMs: number): void {
  if (timeMs >= engine.wakeMs) return;
  engine.wakeMs = timeMs;
  engine.calendar.push(timeMs, PHASE.place, 0, EVENT.wake, 0);
}
