/**
 * A run written down hour by hour: what is bound and evicted, who stands where for how long, the SLO-minutes of every pod.
 */
import { MS_PER_HOUR } from '../policies/base/units.ts';
import { CHANGE, type ChangeSink, taskRowsOnHost } from '../sim/cluster/apply.ts';
import { TASK_STATE } from '../sim/cluster/tasks.ts';
import type { Engine } from '../sim/engine/engine.ts';
import type { DiffSide } from './diff.ts';
import type { TakenDecision } from './parted-tasks.ts';

/** A task on a host within the hour: requested core-time, in ms of a core. */
export interface Stay {
  readonly id: number;
  readonly host: number;
  readonly coreMs: number;
}

/** What one run did within an hour. */
interface HourLog {
  /** Decisions, in parallel lists; `group` is -1 for a pod. */
  readonly ids: number[];
  readonly kinds: number[];
  readonly times: number[];
  readonly hosts: number[];
  readonly groups: number[];
  /** Stays that ended. */
  readonly left: Stay[];
}

export interface LoggedRun {
  readonly engine: Engine;
  readonly log: HourLog;
  readonly podMinutes: Float64Array;
  /** Where each pod stood when the hour began. */
  readonly podHost: Int32Array;
}

/** Starts a run that is written down from its first bind on. */
export function openLogged(side: DiffSide): LoggedRun {
  const log: HourLog = { ids: [], kinds: [], times: [], hosts: [], groups: [], left: [] };
  let running: Engine | null = null;
  const sink: ChangeSink = (timeMs, change, task, host, _value, row) => {
    const tasks = running?.cluster.tasks;
    if (change === CHANGE.bind || change === CHANGE.evict) {
      log.ids.push(task);
      log.kinds.push(change);
      log.times.push(timeMs);
      log.hosts.push(host);
      log.groups.push(tasks === undefined || row < tasks.firstBestEffort ? -1 : tasks.group[row]);
    }
    if (tasks === undefined || host < 0 || row < 0) return;
    if (change !== CHANGE.finish && change !== CHANGE.evict && change !== CHANGE.fail) return;
    const since = Math.max(Math.floor(timeMs / MS_PER_HOUR) * MS_PER_HOUR, tasks.startedAtMs[row]);
    if (timeMs > since) log.left.push({ id: task, host, coreMs: tasks.requestMilliCpu[row] * (timeMs - since) });
  };
  const engine = side.start(sink);
  running = engine;
  const pods = engine.cluster.tasks.firstBestEffort;
  const podMinutes = new Float64Array(pods);
  engine.latencySums.podSloMinutes = podMinutes;
  return { engine, log, podMinutes, podHost: engine.cluster.tasks.host.slice(0, pods) };
}

/** Makes room for the next hour. */
export function nextHour({ engine, log, podMinutes, podHost }: LoggedRun): void {
  for (const list of Object.values(log)) list.length = 0;
  podMinutes.fill(0);
  podHost.set(engine.cluster.tasks.host.subarray(0, podHost.length));
}

/** Decisions of one hour by task, in order of time. */
export function storiesOf(run: LoggedRun): Map<number, number[]> {
  const stories = new Map<number, number[]>();
  for (const [at, id] of run.log.ids.entries()) {
    const story = stories.get(id);
    if (story === undefined) stories.set(id, [at]);
    else story.push(at);
  }
  return stories;
}

/** Decision `at` of the hour; null when there is none. */
export function decisionAt(run: LoggedRun, at: number | undefined): TakenDecision | null {
  if (at === undefined) return null;
  const kind = run.log.kinds[at] === CHANGE.bind ? 'bind' : 'evict';
  return { kind, timeMs: run.log.times[at], host: run.log.hosts[at] };
}

/** Everything that ran on a host within the hour that ends at `untilMs`, in no order. */
export function staysByHost(run: LoggedRun, untilMs: number): (host: number) => readonly Stay[] {
  const hourMs = Math.floor((untilMs - 1) / MS_PER_HOUR) * MS_PER_HOUR;
  const { tasks, hosts } = run.engine.cluster;
  const byHost: Stay[][] = Array.from({ length: hosts.count }, () => []);
  for (const stay of run.log.left) byHost[stay.host].push(stay);
  const add = (row: number): void => {
    if (tasks.state[row] !== TASK_STATE.running) return;
    const coreMs = tasks.requestMilliCpu[row] * (untilMs - Math.max(hourMs, tasks.startedAtMs[row]));
    byHost[tasks.host[row]].push({ id: tasks.id[row], host: tasks.host[row], coreMs });
  };
  for (let row = 0; row < tasks.firstBestEffort; row++) add(row);
  const rows = new Int32Array(tasks.used);
  const asked = new Set<number>();
  return (host) => {
    const own = byHost[host];
    if (asked.has(host)) return own;
    asked.add(host);
    const n = taskRowsOnHost(run.engine.cluster, host, rows);
    for (let at = 0; at < n; at++) add(rows[at]);
    return own;
  };
}
