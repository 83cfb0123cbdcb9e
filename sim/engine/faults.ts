/**
 * Hosts that fail and come back. Draws depend on the seed alone, so two policies lose the same hosts at the same times.
 *
 * A failing host loses its best-effort tasks at once; its online pods are given up when the control plane says so, and wait for a
 * new place from then on.
 */
import { exp, log, normalQuantile } from '../../policies/base/exact-math.ts';
import { MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE } from '../../policies/base/units.ts';
import { EVICT_REASON } from '../../policies/ports.ts';
import { CHANGE, setHostUp, taskRowsOnHost } from '../cluster/apply.ts';
import { noteChange } from '../cluster/hosts.ts';
import { TASK_STATE } from '../cluster/tasks.ts';
import { PHASE } from '../kernel/phase.ts';
import { createStream } from '../kernel/random.ts';
import type { Plan } from '../plan.ts';
import { drawHostOutages } from './domain-faults.ts';
import type { Engine } from './engine.ts';
import { EVENT, evictPod, evictTask, failTask, silencePod } from './lifecycle.ts';
import { OPEN } from './recorder.ts';
import { loseOutputsOn } from './shuffle.ts';

const YEAR_MS = 365 * MS_PER_DAY;
/** The rate of rack events is stated for a cluster of this many hosts. */
const RACK_RATE_HOSTS = 2_000;
const RACK_LEAST_MS = MS_PER_HOUR;
const RACK_MOST_MS = 6 * MS_PER_HOUR;

/** Payload of a fault event: what the entity is. */
const TARGET = { host: 0, rack: 1, evictPods: 2, drain: 3 } as const;

/** Something is out of service from `atMs` on for `lastsMs`. */
interface Outage {
  readonly target: number;
  readonly entity: number;
  readonly atMs: number;
  readonly lastsMs: number;
}

/** Draws every failure of the run and puts it into the calendar. */
export function scheduleFaults(engine: Engine): void {
  for (const outage of drawOutages(engine, engine.plan)) {
    pushFault(engine, outage);
    pushRepair(engine, outage);
  }
}

/**
 * Puts the failures of the engine's plan in place of those of `before`, which had been scheduled up to now: outages that have begun end
 * as they would have, those to come are the plan's own. Outages of the plan that would have begun earlier do not happen.
 */
export function replaceFaults(engine: Engine, before: Plan): void {
  const { calendar, nowMs } = engine;
  const kept = calendar.snapshot();
  const rows = Array.from({ length: kept.count }, (_, row) => row).filter(
    (row) => !isScheduledFault(kept.kind[row], kept.payload[row]),
  );
  const floats = (column: Float64Array): Float64Array => Float64Array.from(rows, (row) => column[row]);
  calendar.restore({
    count: rows.length,
    timeMs: floats(kept.timeMs),
    key: floats(kept.key),
    seq: floats(kept.seq),
    kind: Uint8Array.from(rows, (row) => kept.kind[row]),
    payload: Int32Array.from(rows, (row) => kept.payload[row]),
    nextSeq: kept.nextSeq,
  });
  for (const outage of drawOutages(engine, before))
    if (outage.atMs <= nowMs && outage.atMs + outage.lastsMs > nowMs) pushRepair(engine, outage);
  for (const outage of drawOutages(engine, engine.plan)) {
    if (outage.atMs <= nowMs) continue;
    pushFault(engine, outage);
    pushRepair(engine, outage);
  }
}

/** Whether an event was put there before the run: giving up the pods of a broken host follows from what has happened. */
function isScheduledFault(kind: number, payload: number): boolean {
  return kind === EVENT.repair || (kind === EVENT.fault && payload !== TARGET.evictPods);
}

/** Every outage of a plan on this cluster, in the order in which it is drawn. */
function drawOutages(engine: Engine, plan: Plan): Outage[] {
  const { hosts } = engine.cluster;
  const { failures } = plan;
  const outages: Outage[] = (failures.outages ?? []).map(({ host, atMs, durationMs }) => ({
    target: TARGET.host,
    entity: host,
    atMs,
    lastsMs: durationMs,
  }));
  if (failures.domains === true || failures.kernelUpgrades === true) {
    for (const { host, startMs, durationMs, isDrain } of drawHostOutages(plan, engine.hostModel.parameters, hosts.rack))
      outages.push({
        target: isDrain ? TARGET.drain : TARGET.host,
        entity: host,
        atMs: startMs,
        lastsMs: durationMs,
      });
  }
  if (!failures.enabled || failures.domains === true) return outages;
  const perMs = failures.hostCrashesPerYear / YEAR_MS;
  for (let host = 0; host < hosts.count && perMs > 0; host++) {
    const stream = createStream(plan.seed, `host/${host}/failure`);
    for (let t = gapMs(stream.next(), perMs); t < plan.horizonMs; t += gapMs(stream.next(), perMs)) {
      const repairMs = exp(log(failures.repairMedianMs) + normalQuantile(clampUnit(stream.next())));
      const lastsMs = Math.max(MS_PER_MINUTE, Math.round(repairMs));
      outages.push({ target: TARGET.host, entity: host, atMs: t, lastsMs });
    }
  }
  const rackPerMs = ((failures.rackEventsPerYear / YEAR_MS) * hosts.count) / RACK_RATE_HOSTS;
  const stream = createStream(plan.seed, 'rack/failure');
  const racks = 1 + hosts.rack.reduce((most, rack) => Math.max(most, rack), 0);
  for (
    let t = gapMs(stream.next(), rackPerMs);
    rackPerMs > 0 && t < plan.horizonMs;
    t += gapMs(stream.next(), rackPerMs)
  ) {
    const rack = Math.floor(stream.next() * racks);
    const lastsMs = Math.round(RACK_LEAST_MS + stream.next() * (RACK_MOST_MS - RACK_LEAST_MS));
    outages.push({ target: TARGET.rack, entity: rack, atMs: t, lastsMs });
  }
  return outages;
}

function gapMs(uniform: number, perMs: number): number {
  return perMs > 0 ? Math.max(1, Math.round(-log(clampUnit(uniform)) / perMs)) : Number.POSITIVE_INFINITY;
}

function clampUnit(uniform: number): number {
  return Math.min(1 - 1e-12, Math.max(1e-12, uniform));
}

function pushFault(engine: Engine, { target, entity, atMs }: Outage): void {
  engine.calendar.push(atMs, PHASE.fail, entity, EVENT.fault, target);
}

function pushRepair(engine: Engine, { target, entity, atMs, lastsMs }: Outage): void {
  engine.calendar.push(atMs + lastsMs, PHASE.fail, entity, EVENT.repair, target);
}

/** A fault or a repair happens. Outages may overlap: a host is back when the last of them has ended. */
export function handleFault(engine: Engine, kind: number, entity: number, target: number, nowMs: number): void {
  const { hosts } = engine.cluster;
  if (target === TARGET.evictPods) {
    // A host that was repaired meanwhile has kept its pods; if it broke again, that outage has its own event.
    if (hosts.up[entity] === 0 || nowMs - hosts.brokenAtMs[entity] < engine.plane.podLossAfterMs) return;
    const lostAtMs = engine.plane.givesUpPodsMs?.(entity, nowMs) ?? nowMs;
    if (lostAtMs > nowMs) engine.calendar.push(lostAtMs, PHASE.fail, entity, EVENT.fault, TARGET.evictPods);
    else loosePods(engine, entity, nowMs);
    return;
  }
  const first = target === TARGET.rack ? 0 : entity;
  const last = target === TARGET.rack ? hosts.count - 1 : entity;
  for (let host = first; host <= last; host++) {
    if (target === TARGET.rack && hosts.rack[host] !== entity) continue;
    if (kind === EVENT.fault && target === TARGET.drain) drainHost(engine, host, nowMs);
    else if (kind === EVENT.fault) breakHost(engine, host, nowMs);
    else repairHost(engine, host, nowMs);
  }
}

/** Best effort is lost at once; the host serves nobody from now on, its pods are moved when the control plane notices. */
function breakHost(engine: Engine, host: number, nowMs: number): void {
  const { cluster, rows, recorder } = engine;
  const { hosts, tasks } = cluster;
  hosts.outages[host]++;
  if (hosts.outages[host] > 1) return;
  hosts.brokenAtMs[host] = nowMs;
  hosts.cordoned[host] = 1;
  noteChange(hosts.changes, host);
  recorder.open[OPEN.failures]++;
  const n = taskRowsOnHost(cluster, host, rows);
  if (engine.execution !== null) loseOutputsOn(engine.execution, host);
  for (const row of rows.slice(0, n)) failTask(engine, row, nowMs);
  // Pods on a dead host answer nobody: their share of the load moves to the other replicas now.
  for (let row = 0; row < tasks.firstBestEffort; row++) {
    if (tasks.host[row] !== host || tasks.state[row] !== TASK_STATE.running) continue;
    silencePod(engine, row);
  }
  engine.calendar.push(nowMs + engine.plane.podLossAfterMs, PHASE.fail, host, EVENT.fault, TARGET.evictPods);
  engine.plane.onHostChanged(host, nowMs);
}

/** Planned: best effort is evicted and online pods go to other hosts at once, none is silent; then the host is down. */
function drainHost(engine: Engine, host: number, nowMs: number): void {
  const { cluster, rows } = engine;
  const { hosts } = cluster;
  hosts.outages[host]++;
  if (hosts.outages[host] > 1) return;
  hosts.brokenAtMs[host] = nowMs;
  hosts.cordoned[host] = 1;
  noteChange(hosts.changes, host);
  const n = taskRowsOnHost(cluster, host, rows);
  for (const row of rows.slice(0, n)) evictTask(engine, row, nowMs, EVICT_REASON.drained);
  loosePods(engine, host, nowMs);
}

function loosePods(engine: Engine, host: number, nowMs: number): void {
  const { tasks } = engine.cluster;
  for (let row = 0; row < tasks.firstBestEffort; row++) {
    if (tasks.host[row] === host) evictPod(engine, row, nowMs, CHANGE.fail, 0);
  }
  setHostUp(engine.cluster, host, false, nowMs);
  engine.plane.onHostChanged(host, nowMs);
}

function repairHost(engine: Engine, host: number, nowMs: number): void {
  const { hosts, tasks } = engine.cluster;
  hosts.outages[host]--;
  if (hosts.outages[host] > 0) return;
  hosts.brokenAtMs[host] = Number.POSITIVE_INFINITY;
  hosts.cordoned[host] = 0;
  hosts.beQuotaUs[host] = -1;
  for (let row = 0; row < tasks.firstBestEffort; row++) {
    if (tasks.host[row] !== host || engine.online.silent[row] === 0) continue;
    engine.online.silent[row] = 0;
    engine.online.ready[tasks.group[row]]++;
  }
  if (hosts.up[host] === 0) setHostUp(engine.cluster, host, true, nowMs);
  noteChange(hosts.changes, host);
  engine.plane.onHostChanged(host, nowMs);
  engine.plane.onCapacity(nowMs);
}
