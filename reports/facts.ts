/** What a report says about one run, computed once from its tables: worst services, shapes, queues, what binds. */
import type { RunResults } from '../sim/results/schema.ts';
import { firstMeasuredHour, firstMeasuredRow, meanOf, numbers, quantileOf, rowOfLargest, texts } from './columns.ts';
import type { PlanSettings } from './plan-settings.ts';
import { settingsOf } from './plan-settings.ts';
import type { ViolationShare } from './violation.ts';
import { violationShare } from './violation.ts';
import type { Constraint } from './what-binds.ts';
import { constraintsOf } from './what-binds.ts';

export interface WorstService {
  readonly name: string;
  readonly latencyClass: string;
  readonly replicas: number;
  readonly targetMs: number;
  readonly latePercent: number;
  /** The part of it that best effort causes. */
  readonly fromColocationPercent: number;
  readonly sloMinutes: number;
  readonly worstHourPercent: number;
  readonly worstHour: number;
}

export interface ShapeFacts {
  readonly shape: string;
  readonly hosts: number;
  readonly capacityMilliCpu: number;
  readonly capacityMemMib: number;
  readonly onlinePercent: number;
  readonly bestEffortPercent: number;
  /** Largest hourly mean of the shape, online and best effort. */
  readonly peakHourPercent: number;
  /** CPU between the busiest hour (with the mean system share) and the squeeze line; null without the line. */
  readonly roomPercent: number | null;
  readonly memPercent: number;
  readonly strandedCpuPercent: number;
  readonly strandedMemPercent: number;
}

export interface QueueFacts {
  readonly population: string;
  readonly submitted: number;
  readonly finished: number;
  readonly waitMsMean: number;
  readonly waitMsP50: number;
  readonly waitMsP95: number;
  readonly waitMsP99: number;
  readonly stretchP50: number;
  readonly stretchP95: number;
  readonly evicted: number;
  readonly wastedPercent: number;
  readonly deadlineMissPercent: number | null;
  /** How late jobs with a deadline are, p95 of all of them; 0 = in time. */
  readonly tardinessMsP95: number;
}

export interface RunFacts {
  readonly results: RunResults;
  readonly settings: PlanSettings;
  /** First window and hour after warm-up. */
  readonly firstRow: number;
  readonly firstHour: number;
  readonly meanCapacityMilliCpu: number;
  readonly meanCapacityMemMib: number;
  readonly systemMeanPercent: number;
  readonly violation: ViolationShare;
  readonly worst: readonly WorstService[];
  readonly shapes: readonly ShapeFacts[];
  readonly queues: readonly QueueFacts[];
  readonly constraints: readonly Constraint[];
}

/** Facts of a run; everything after warm-up. `confidence` is that of the interval of P(violation). */
export function factsOf(results: RunResults, confidence = 0.95): RunFacts {
  const settings = settingsOf(results.plan, results.manifest.name);
  const windows = results.tables.windows;
  const firstRow = firstMeasuredRow(windows.columns.timeMs, settings.warmUpMs);
  const firstHour = firstMeasuredHour(settings.warmUpMs);
  const meanWindow = (column: keyof typeof windows.columns): number =>
    meanOf(windows.columns[column], firstRow, windows.rows);
  const meanCapacityMilliCpu = meanWindow('capacityMilliCpu');
  const systemMeanPercent =
    meanCapacityMilliCpu > 0 ? (100 * meanWindow('systemUsedMilliCpu')) / meanCapacityMilliCpu : 0;
  return {
    results,
    settings,
    firstRow,
    firstHour,
    meanCapacityMilliCpu,
    meanCapacityMemMib: meanWindow('capacityMemMib'),
    systemMeanPercent,
    violation: violationShare(results.tables.serviceHours, settings.objectivePercent, settings.warmUpMs, confidence),
    worst: worstServices(results.tables.services, 10),
    shapes: shapeFacts(results, firstHour, settings.cpuSuppressPercent, systemMeanPercent),
    queues: queueFacts(results, firstHour),
    constraints: constraintsOf(windows, results.tables.hosts.rows, firstRow, settings),
  };
}

/** The `most` services with the largest share of late requests, worst first; ties by name. */
export function worstServices(services: RunResults['tables']['services'], most: number): WorstService[] {
  const columns = services.columns;
  const requests = numbers(columns.requests);
  const late = numbers(columns.violatingRequests);
  const alone = numbers(columns.violatingRequestsAlone);
  const rows: WorstService[] = [];
  for (let row = 0; row < services.rows; row++) {
    const offered = requests[row];
    rows.push({
      name: texts(columns.name)[row],
      latencyClass: texts(columns.latencyClass)[row],
      replicas: numbers(columns.replicas)[row],
      targetMs: numbers(columns.targetMs)[row],
      latePercent: offered > 0 ? (100 * late[row]) / offered : 0,
      fromColocationPercent: offered > 0 ? (100 * (late[row] - alone[row])) / offered : 0,
      sloMinutes: numbers(columns.sloMinutes)[row],
      worstHourPercent: 100 * numbers(columns.worstHourProbability)[row],
      worstHour: numbers(columns.worstHour)[row],
    });
  }
  rows.sort((a, b) => b.latePercent - a.latePercent || (a.name < b.name ? -1 : 1));
  return rows.slice(0, most);
}

function shapeFacts(
  results: RunResults,
  firstHour: number,
  squeezePercent: number | null,
  systemPercent: number,
): ShapeFacts[] {
  const hosts = results.tables.hosts.columns;
  const names = texts(hosts.shape);
  const cpu = numbers(hosts.capacityMilliCpu);
  const mem = numbers(hosts.capacityMemMib);
  const shapes = [...new Set(names)];
  const shapeOfHost = new Map(Array.from(numbers(hosts.host), (host, row) => [host, row]));
  const hourly = results.tables.hostHours;
  const hours = numbers(hourly.columns.hour);
  const lastHour = hourly.rows > 0 ? quantileOf(hours, 1) : 0;
  const sums = shapes.map(() => ({ online: 0, bestEffort: 0, mem: 0, cpu: 0, memCapacity: 0 }));
  const usedByHour = shapes.map(() => new Float64Array(lastHour + 1));
  const capacityByHour = shapes.map(() => new Float64Array(lastHour + 1));
  const index = new Map(shapes.map((shape, at) => [shape, at]));
  const host = numbers(hourly.columns.host);
  const online = numbers(hourly.columns.onlineUtilisation);
  const bestEffort = numbers(hourly.columns.bestEffortUtilisation);
  const memUsed = numbers(hourly.columns.memUtilisation);
  for (let row = 0; row < hourly.rows; row++) {
    if (hours[row] < firstHour) continue;
    const hostRow = shapeOfHost.get(host[row]) ?? 0;
    const shape = index.get(names[hostRow]) ?? 0;
    const sum = sums[shape];
    sum.online += online[row] * cpu[hostRow];
    sum.bestEffort += bestEffort[row] * cpu[hostRow];
    sum.mem += memUsed[row] * mem[hostRow];
    sum.cpu += cpu[hostRow];
    sum.memCapacity += mem[hostRow];
    usedByHour[shape][hours[row]] += (online[row] + bestEffort[row]) * cpu[hostRow];
    capacityByHour[shape][hours[row]] += cpu[hostRow];
  }
  return shapes.map((shape, at) => {
    const rows = names.map((name, row) => (name === shape ? row : -1)).filter((row) => row >= 0);
    const total = (column: ArrayLike<number>): number => rows.reduce((sum, row) => sum + column[row], 0);
    const peaks = usedByHour[at].map((used, hour) =>
      capacityByHour[at][hour] > 0 ? used / capacityByHour[at][hour] : 0,
    );
    const peakHourPercent = 100 * quantileOf(peaks, 1);
    const share = (part: number, whole: number): number => (whole > 0 ? (100 * part) / whole : 0);
    return {
      shape,
      hosts: rows.length,
      capacityMilliCpu: total(cpu),
      capacityMemMib: total(mem),
      onlinePercent: share(sums[at].online, sums[at].cpu),
      bestEffortPercent: share(sums[at].bestEffort, sums[at].cpu),
      peakHourPercent,
      roomPercent: squeezePercent === null ? null : squeezePercent - systemPercent - peakHourPercent,
      memPercent: share(sums[at].mem, sums[at].memCapacity),
      strandedCpuPercent: share(total(numbers(hosts.strandedMilliCpu)), total(cpu)),
      strandedMemPercent: share(total(numbers(hosts.strandedMemMib)), total(mem)),
    };
  });
}

function queueFacts(results: RunResults, firstHour: number): QueueFacts[] {
  const batch = results.tables.batchHours.columns;
  const populations = results.tables.populations;
  const hour = numbers(batch.hour);
  const population = numbers(batch.population);
  return texts(populations.columns.name).map((name, row) => {
    const number = numbers(populations.columns.population)[row];
    const total = (column: keyof typeof batch): number => {
      const values = numbers(batch[column]);
      let sum = 0;
      for (let at = 0; at < values.length; at++)
        if (population[at] === number && hour[at] >= firstHour) sum += values[at];
      return sum;
    };
    const of = (column: keyof typeof populations.columns): number => numbers(populations.columns[column])[row];
    const wasted = total('wastedCoreHours');
    const worked = total('doneCoreHours') + wasted;
    const deadlines = total('deadlinesMet') + total('deadlinesMissed');
    const started = total('started');
    return {
      population: name,
      submitted: total('submitted'),
      finished: total('finished'),
      waitMsMean: started > 0 ? total('waitMsSum') / started : 0,
      waitMsP50: of('waitMsP50'),
      waitMsP95: of('waitMsP95'),
      waitMsP99: of('waitMsP99'),
      stretchP50: of('stretchP50'),
      stretchP95: of('stretchP95'),
      evicted: total('evicted'),
      wastedPercent: worked > 0 ? (100 * wasted) / worked : 0,
      deadlineMissPercent: deadlines > 0 ? (100 * total('deadlinesMissed')) / deadlines : null,
      tardinessMsP95: of('tardinessMsP95'),
    };
  });
}

/** Hour (from the start of the run) of the window in which `values` is largest after warm-up. */
export function hourOfLargest(facts: RunFacts, values: ArrayLike<number>): number {
  const row = rowOfLargest(values, Math.min(facts.firstRow, Math.max(0, values.length - 1)));
  return numbers(facts.results.tables.windows.columns.timeMs)[row] / 3_600_000;
}
