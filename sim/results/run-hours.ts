/**
 * A run hour by hour in a few kilobytes: what charts over many runs draw, where the tables of every run would be too much.
 *
 * A sweep keeps this beside the summary of each cell. Cluster figures have one number an hour; of every service only the share of
 * late requests is kept, as 16-bit numbers: a week of 300 services takes about 160 kB as text, a quickstart run 5 kB.
 */
import { assert } from '../../policies/base/assert.ts';
import { MS_PER_HOUR } from '../../policies/base/units.ts';
import type { Plan } from '../plan.ts';
import type { Column, RunResults } from './schema.ts';

const sum = (name: string, about: string) => ({ name, about, fold: 'sum' }) as const;
const mean = (name: string, about: string) => ({ name, about, fold: 'mean' }) as const;

/** Columns of an hour, with what an hour makes of its windows. */
export const HOUR_COLUMNS = [
  mean('capacityCores', 'logical CPU of hosts that are up, cores'),
  mean('onlineCores', 'CPU used by online services, cores'),
  mean('systemCores', 'CPU used by daemons and kernel, cores'),
  mean('bestEffortCores', 'CPU used by best effort, cores'),
  mean('soldCores', 'batch-cpu published, cores'),
  mean('requestedCores', 'batch-cpu requested by bound tasks, cores'),
  mean('deniedCores', 'best-effort demand not granted, cores'),
  mean('memoryPercent', 'memory used, percent of capacity'),
  mean('pendingTasks', 'best-effort tasks waiting'),
  sum('requests', 'online requests'),
  sum('lateRequests', 'of them later than their target (expected value)'),
  sum('lateRequestsAlone', 'the same with best effort removed from the formula'),
  sum('evictions', 'best-effort tasks evicted for memory or CPU'),
  sum('doneCoreHours', 'work of tasks finished in the hour'),
  sum('wastedCoreHours', 'work thrown away in the hour'),
] as const;

export type HourColumn = (typeof HOUR_COLUMNS)[number]['name'];

/** The lines drawn into charts, from the plan; null where the plan has none. Percent of capacity. */
export interface RunLines {
  readonly warmUpHours: number;
  readonly objectivePercent: number;
  readonly squeezeCpuPercent: number | null;
  readonly sellCpuPercent: number | null;
  readonly sellMemoryPercent: number | null;
  readonly evictMemoryPercent: number | null;
}

/** Plain JSON. */
export interface RunHours {
  readonly hours: number;
  readonly lines: RunLines;
  /** One number an hour, six significant digits. */
  readonly columns: Readonly<Record<HourColumn, readonly number[]>>;
  readonly services: {
    readonly names: readonly string[];
    /** Base64 of little-endian 16-bit numbers, hours inside services: late requests in steps of 0.002 %, 100 % at most. */
    readonly late: string;
  };
}

/** Steps of `RunHours.services.late` in one percent. */
export const LATE_STEPS_PER_PERCENT = 500;

const numbers = (column: Column): ArrayLike<number> => column as ArrayLike<number>;

/** Folds the tables of a run into hours. The last hour may be shorter than the others. */
export function runHoursOf(results: RunResults, plan: Plan): RunHours {
  const { windows, serviceHours, services, batchHours } = results.tables;
  const hours = Math.ceil(plan.horizonMs / MS_PER_HOUR);
  const columns = Object.fromEntries(
    HOUR_COLUMNS.map(({ name }) => [name, new Array<number>(hours).fill(0)]),
  ) as Record<HourColumn, number[]>;
  const windowsIn = new Array<number>(hours).fill(0);
  const w = windows.columns;
  for (let row = 0; row < windows.rows; row++) {
    const hour = Math.floor(numbers(w.timeMs)[row] / MS_PER_HOUR);
    const add = (name: HourColumn, value: number): void => {
      columns[name][hour] += value;
    };
    windowsIn[hour]++;
    add('capacityCores', numbers(w.capacityMilliCpu)[row] / 1000);
    add('onlineCores', numbers(w.onlineUsedMilliCpu)[row] / 1000);
    add('systemCores', numbers(w.systemUsedMilliCpu)[row] / 1000);
    add('bestEffortCores', numbers(w.bestEffortUsedMilliCpu)[row] / 1000);
    add('soldCores', numbers(w.batchSoldMilliCpu)[row] / 1000);
    add('requestedCores', numbers(w.batchRequestedMilliCpu)[row] / 1000);
    add('deniedCores', numbers(w.suppressedMilliCpu)[row] / 1000);
    const usedMem =
      numbers(w.onlineUsedMemMib)[row] + numbers(w.bestEffortUsedMemMib)[row] + numbers(w.systemUsedMemMib)[row];
    const capacityMem = numbers(w.capacityMemMib)[row];
    add('memoryPercent', capacityMem > 0 ? (100 * usedMem) / capacityMem : 0);
    add('pendingTasks', numbers(w.bestEffortPending)[row]);
    add('requests', numbers(w.requests)[row]);
    add('lateRequests', numbers(w.violatingRequests)[row]);
    add('lateRequestsAlone', numbers(w.violatingRequestsAlone)[row]);
    add('evictions', numbers(w.evictedMemory)[row] + numbers(w.evictedCpu)[row]);
  }
  for (const { name, fold } of HOUR_COLUMNS)
    if (fold === 'mean') for (let hour = 0; hour < hours; hour++) columns[name][hour] /= Math.max(1, windowsIn[hour]);
  const b = batchHours.columns;
  for (let row = 0; row < batchHours.rows; row++) {
    const hour = numbers(b.hour)[row];
    if (hour >= hours) continue;
    columns.doneCoreHours[hour] += numbers(b.doneCoreHours)[row];
    columns.wastedCoreHours[hour] += numbers(b.wastedCoreHours)[row];
  }
  for (const { name } of HOUR_COLUMNS) columns[name] = columns[name].map((value) => Number(value.toPrecision(6)));
  const late = new Uint16Array(services.rows * hours);
  const s = serviceHours.columns;
  for (let row = 0; row < serviceHours.rows; row++) {
    const requests = numbers(s.requests)[row];
    const hour = numbers(s.hour)[row];
    if (!(requests > 0) || hour >= hours) continue;
    const percent = Math.min(100, (100 * numbers(s.violatingRequests)[row]) / requests);
    late[numbers(s.service)[row] * hours + hour] = Math.round(percent * LATE_STEPS_PER_PERCENT);
  }
  const names = [...(services.columns.name as readonly string[])];
  return { hours, lines: linesOf(plan), columns, services: { names, late: encodeSteps(late) } };
}

/** Late requests of one service, percent an hour. */
export function lateOfService(hours: RunHours, service: number): number[] {
  assert(service >= 0 && service < hours.services.names.length, 'the service is one of the run');
  const bytes = Buffer.from(hours.services.late, 'base64');
  return Array.from(
    { length: hours.hours },
    (_, hour) => bytes.readUInt16LE(2 * (service * hours.hours + hour)) / LATE_STEPS_PER_PERCENT,
  );
}

/** Little-endian whatever the machine. */
function encodeSteps(steps: Uint16Array): string {
  const bytes = Buffer.alloc(2 * steps.length);
  for (let at = 0; at < steps.length; at++) bytes.writeUInt16LE(steps[at], 2 * at);
  return bytes.toString('base64');
}

function linesOf(plan: Plan): RunLines {
  const { koordinator } = plan;
  const line = (percent: number): number | null => (koordinator.enabled && percent > 0 ? percent : null);
  return {
    warmUpHours: plan.warmUpMs / MS_PER_HOUR,
    objectivePercent: plan.slo.objectivePercent,
    squeezeCpuPercent: line(koordinator.cpuSuppressThresholdPercent),
    sellCpuPercent: line(koordinator.cpuReclaimThresholdPercent),
    sellMemoryPercent: line(koordinator.memoryReclaimThresholdPercent),
    evictMemoryPercent: line(koordinator.memoryEvictThresholdPercent),
  };
}
