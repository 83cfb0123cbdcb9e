/**
 * Where two runs part: both are run again from their plans, hour digests tell the hour, recorded changes tell the event.
 *
 * The first differing event is put into words: which pod, which decision, and for a placement the scores that both runs gave both
 * hosts. What followed is counted: events that differ in that hour, and how the headline figures came apart.
 */

import { MS_PER_HOUR } from '../policies/base/units.ts';
import { CHANGE, CHANGE_NAMES, type ChangeSink } from '../sim/cluster/apply.ts';
import { TASK_KIND } from '../sim/cluster/tasks.ts';
import type { Engine } from '../sim/engine/engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import { digestText, digestTextPerHour } from '../sim/kernel/digest.ts';
import type { Plan } from '../sim/plan.ts';
import { scoreHost } from '../sim/planes/kubernetes/placement.ts';
import { planDifferences } from './plan-differences.ts';

export interface DiffSide {
  readonly label: string;
  readonly plan: Plan;
  /** The run at its beginning: at time 0, or where it went on from a snapshot. */
  start(sink: ChangeSink): Engine;
}

export interface Difference {
  readonly equal: boolean;
  /** Lines for people, first things first. */
  readonly lines: readonly string[];
  /** Time and number of the first differing event; null when only physics differ or nothing does. */
  readonly first: { readonly timeMs: number; readonly index: number } | null;
}

interface Recorded {
  readonly timeMs: number[];
  readonly change: number[];
  readonly task: number[];
  readonly host: number[];
  readonly value: number[];
}

/**
 * Runs both sides in step, an hour at a time, until their digests differ; then finds and explains the first event. `onProgress` is
 * told after every hour how much of the runs is done.
 */
export function diffRuns(a: DiffSide, b: DiffSide, onProgress: (done0to1: number) => void = () => {}): Difference {
  const lines = planDifferences(a.plan, b.plan).map((line) => `plan ${line}`);
  const horizonMs = Math.min(a.plan.horizonMs, b.plan.horizonMs);
  const runA = record(a);
  const runB = record(b);
  for (let hour = 0; hour * MS_PER_HOUR < horizonMs; hour++) {
    clear(runA.events);
    clear(runB.events);
    const untilMs = Math.min(horizonMs, (hour + 1) * MS_PER_HOUR);
    runUntil(runA.engine, untilMs);
    runUntil(runB.engine, untilMs);
    onProgress(untilMs / horizonMs);
    const index = firstMismatch(runA.events, runB.events);
    if (index >= 0) return explain(a, b, runA.events, runB.events, index, hour, lines);
    const parted = digestText(runA.engine.cluster.digest) !== digestText(runB.engine.cluster.digest);
    if (parted && !lines.some((line) => line.startsWith('hour')))
      lines.push(
        `hour ${hour}: the same events, but use or late requests differ from here on (window sums in the digest)`,
      );
  }
  const sameEvents =
    digestTextPerHour(runA.engine.cluster.digest).join() === digestTextPerHour(runB.engine.cluster.digest).join();
  lines.push(
    sameEvents ? 'no difference: the same events and the same window sums to the end' : 'no event differs to the end',
  );
  return { equal: sameEvents, lines, first: null };
}

function record(side: DiffSide): { engine: Engine; events: Recorded } {
  const events: Recorded = { timeMs: [], change: [], task: [], host: [], value: [] };
  const sink: ChangeSink = (timeMs, change, task, host, value) => {
    events.timeMs.push(timeMs);
    events.change.push(change);
    events.task.push(task);
    events.host.push(host);
    events.value.push(value);
  };
  return { engine: side.start(sink), events };
}

function clear(events: Recorded): void {
  for (const column of Object.values(events)) column.length = 0;
}

function firstMismatch(a: Recorded, b: Recorded): number {
  const n = Math.min(a.timeMs.length, b.timeMs.length);
  for (let i = 0; i < n; i++)
    if (
      a.timeMs[i] !== b.timeMs[i] ||
      a.change[i] !== b.change[i] ||
      a.task[i] !== b.task[i] ||
      a.host[i] !== b.host[i] ||
      a.value[i] !== b.value[i]
    )
      return i;
  return a.timeMs.length === b.timeMs.length ? -1 : n;
}

function explain(
  a: DiffSide,
  b: DiffSide,
  eventsA: Recorded,
  eventsB: Recorded,
  index: number,
  hour: number,
  lines: string[],
): Difference {
  const timeMs = Math.min(eventsA.timeMs[index] ?? Infinity, eventsB.timeMs[index] ?? Infinity);
  lines.push(`the runs part at ${clock(timeMs)} (event ${index} of hour ${hour})`);
  lines.push(`  ${a.label}: ${words(eventsA, index)}`, `  ${b.label}: ${words(eventsB, index)}`);
  const hosts = [eventsA.host[index] ?? -1, eventsB.host[index] ?? -1];
  for (const side of [a, b]) lines.push(...stateBefore(side, hour, index, hosts, side === a ? eventsA : eventsB));
  const counts = (events: Recorded, change: number) => events.change.slice(index).filter((c) => c === change).length;
  for (const change of [CHANGE.bind, CHANGE.start, CHANGE.finish, CHANGE.evict, CHANGE.fail]) {
    const [left, right] = [counts(eventsA, change), counts(eventsB, change)];
    if (left !== right)
      lines.push(`  until the end of that hour: ${CHANGE_NAMES[change]} ${left} in ${a.label}, ${right} in ${b.label}`);
  }
  return { equal: false, lines, first: { timeMs, index } };
}

function words(events: Recorded, index: number): string {
  if (index >= events.timeMs.length) return 'nothing more happens in this hour';
  const change = CHANGE_NAMES[events.change[index]];
  const host = events.host[index] >= 0 ? ` host ${events.host[index]}` : '';
  if (events.change[index] === CHANGE.publish)
    return `${clock(events.timeMs[index])} publish${host}: ${events.value[index]}m batch CPU sold`;
  const value = events.change[index] === CHANGE.evict ? ` (reason ${events.value[index]})` : '';
  return `${clock(events.timeMs[index])} ${change} task ${events.task[index]}${host}${value}`;
}

/** Runs a side again up to the event and says how it saw both hosts just then. */
function stateBefore(
  side: DiffSide,
  hour: number,
  index: number,
  hosts: readonly number[],
  events: Recorded,
): string[] {
  const lines: string[] = [];
  const kind = events.change[index];
  let seen = -1;
  let listening = false;
  const sink: ChangeSink = (_timeMs, change, task, host) => {
    if (!listening || ++seen !== index || change !== CHANGE.bind) return;
    const { tasks } = engine.cluster;
    let row = 0;
    while (row < tasks.used && !(tasks.id[row] === task && tasks.host[row] === host)) row++;
    const about =
      tasks.kind[row] === TASK_KIND.online
        ? `pod of ${engine.online.services.names[tasks.group[row]]}`
        : `task of ${engine.intake.source.populations[tasks.group[row]].name}`;
    lines.push(
      `  ${side.label}: ${about} asks for ${tasks.requestMilliCpu[row]}m CPU, ${Math.round(tasks.requestMemBytes[row] / 1048576)} MiB`,
    );
    for (const candidate of [...new Set(hosts)].filter((h) => h >= 0))
      lines.push(`  ${side.label}: score of host ${candidate} was ${scoreBefore(engine, row, host, candidate)}`);
  };
  const engine = side.start(sink);
  runUntil(engine, hour * MS_PER_HOUR);
  listening = true;
  if (kind === CHANGE.bind) runUntil(engine, Math.min(side.plan.horizonMs, (hour + 1) * MS_PER_HOUR));
  return lines;
}

/** The score a host had before the bind that was just applied. */
function scoreBefore(engine: Engine, row: number, bound: number, candidate: number): string {
  if (engine.placement === null) return 'none: this control plane places by offers';
  const { tasks, hosts } = engine.cluster;
  const at = tasks.tier[row] * hosts.count + bound;
  hosts.allocatedMilliCpu[at] -= tasks.requestMilliCpu[row];
  hosts.allocatedMemBytes[at] -= tasks.requestMemBytes[row];
  const score = scoreHost(engine.placement.view, tasks.podShape[row], candidate);
  hosts.allocatedMilliCpu[at] += tasks.requestMilliCpu[row];
  hosts.allocatedMemBytes[at] += tasks.requestMemBytes[row];
  return score < 0 ? 'none: filtered out' : String(score);
}

export function clock(timeMs: number): string {
  if (!Number.isFinite(timeMs)) return 'the end';
  const s = timeMs / 1000;
  const day = Math.floor(s / 86400) + 1;
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0');
  return `day ${day}, ${two((s % 86400) / 3600)}:${two((s % 3600) / 60)}:${two(s % 60)}.${String(timeMs % 1000).padStart(3, '0')}`;
}
