/** Tasks of both Google traces from their events: when each was submitted, last scheduled and ended, and what it asked for last. */
import type { TaskRow } from './canonical.ts';

/** 2^63-1, a time after the trace, which no double holds. */
export const AFTER_TRACE = '9223372036854775807';

export interface EventTask {
  /** Row of its first event. */
  readonly seq: number;
  readonly submitMs: number;
  scheduledMs: number;
  endMs: number;
  status: string;
  host: string;
  /** Shares of the largest machine; NaN while no event says them. */
  cpu: number;
  mem: number;
  priority: number;
}

export interface TaskEvent {
  readonly seq: number;
  /** At least 0; Infinity after the trace. */
  readonly timeMs: number;
  readonly kind: string;
  readonly host: string;
  readonly cpu: number;
  readonly mem: number;
  readonly priority: number;
}

const ENDS = ['evict', 'fail', 'finish', 'kill', 'lost'];
/** After the others a task may run again. */
const LAST = ['finish', 'kill'];

/** Takes one event of the task `id`, which comes after the events before it. */
export function takeTaskEvent(
  id: string,
  event: TaskEvent,
  tasks: Map<string, EventTask>,
  counts: { evicted: number },
): void {
  const { seq, timeMs, kind, cpu, mem, priority } = event;
  let task = tasks.get(id);
  if (task === undefined) {
    const nan = Number.NaN;
    task = { seq, submitMs: timeMs, scheduledMs: nan, endMs: nan, status: '', host: '', cpu, mem, priority };
    tasks.set(id, task);
  }
  if (!Number.isNaN(cpu)) task.cpu = cpu;
  if (!Number.isNaN(mem)) task.mem = mem;
  if (!Number.isNaN(priority)) task.priority = priority;
  task.status = kind;
  if (kind === 'schedule') {
    task.scheduledMs = timeMs;
    task.endMs = Number.NaN;
    task.host = event.host;
  } else if (ENDS.includes(kind)) {
    task.endMs = timeMs;
    if (!LAST.includes(kind)) counts.evicted += 1;
  }
}

/** The task as a row; its group is the id up to the slash. Only what ran inside the trace counts: 0 ms when it ended before. */
export function eventTaskRow(
  id: string,
  task: EventTask,
  perUnit: { readonly milliCpu: number; readonly memMib: number },
  qos: string,
): TaskRow {
  const ran = task.endMs - task.scheduledMs;
  return {
    id,
    group: id.slice(0, id.indexOf('/')),
    submitMs: Number.isFinite(task.submitMs) ? task.submitMs : 0,
    durationMs: Number.isFinite(ran) && ran >= 0 ? ran : Number.NaN,
    requestMilliCpu: task.cpu * perUnit.milliCpu,
    requestMemMib: task.mem * perUnit.memMib,
    qos,
    status: task.status,
    host: task.host,
  };
}
