/**
 * The headline figures of a run from its tables.
 *
 * Only windows and hours that start at or after the end of the warm-up count. A share without a denominator (no requests,
 * no starts) is 0, so that every figure is a finite number. Percentages are 0..100.
 */
import { assert } from '../../policies/base/assert.ts';
import { MILLI_PER_CPU, MS_PER_DAY, MS_PER_HOUR } from '../../policies/base/units.ts';
import type { CostPlan } from '../plan.ts';
import type { Column, RunResults, RunSummary } from './schema.ts';

/** What the tables do not hold. */
export interface SummaryMeta {
  readonly windowMs: number;
  readonly warmUpMs: number;
  /** Share of requests that must be answered in time, percent. */
  readonly objectivePercent: number;
  readonly cost: CostPlan;
  /** Prices of the host shapes that have one of their own; by name. */
  readonly shapeCapex?: ReadonlyMap<string, number>;
  /** Queueing time over the attempts of all populations started after warm-up. */
  readonly waitMsP50: number;
  readonly waitMsP95: number;
  /** Hosts that failed after warm-up, with their racks or alone. */
  readonly hostFailures: number;
  /** Over jobs with a deadline, of all populations. */
  readonly tardinessMsP95: number;
  /** What ten more points of CPU use are worth at this mean use (0..1), money a host and year. */
  readonly tenPoints: (meanUse: number) => { readonly energyCost: number; readonly avoidedCost: number };
}

const HOURS_PER_YEAR = 8_760;

/** 100 x part / whole; 0 when there is no whole. */
function percentOf(part: number, whole: number): number {
  return whole > 0 ? (100 * part) / whole : 0;
}

function ratioOf(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}

function numbersOf(column: Column): Float64Array | Int32Array {
  assert(column instanceof Float64Array || column instanceof Int32Array, 'summaries read columns of numbers');
  return column;
}

/** Sum of rows [from, end of column). */
function sumOf(column: Column, from = 0): number {
  const numbers = numbersOf(column);
  let sum = 0;
  for (let row = from; row < numbers.length; row++) sum += numbers[row];
  return sum;
}

function maxOf(column: Column, from: number): number {
  const numbers = numbersOf(column);
  let max = 0;
  for (let row = from; row < numbers.length; row++) if (numbers[row] > max) max = numbers[row];
  return max;
}

/** Nearest-rank quantile: the smallest value with at least `share` of all values at or below it. 0 without values. */
export function nearestRank(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return 0;
  const rank = Math.ceil(share * sorted.length);
  return sorted[Math.min(sorted.length - 1, Math.max(0, rank - 1))];
}

/** Sum over rows whose `hour` column is at or after the end of the warm-up. */
function sumMeasured(column: Column, hour: Column, firstHour: number): number {
  const numbers = numbersOf(column);
  const hours = numbersOf(hour);
  let sum = 0;
  for (let row = 0; row < numbers.length; row++) if (hours[row] >= firstHour) sum += numbers[row];
  return sum;
}

/** Hour after which whole hours lie behind the warm-up: ceil(warmUpMs / 1 h). */
export function firstMeasuredHour(warmUpMs: number): number {
  return Math.ceil(warmUpMs / MS_PER_HOUR);
}

/**
 * Counts service-hours after warm-up with requests, and those that broke the objective:
 *
 *   violatingRequests / requests > 1 - objectivePercent / 100
 */
export function countServiceHours(
  serviceHours: RunResults['tables']['serviceHours'],
  objectivePercent: number,
  warmUpMs: number,
): { readonly total: number; readonly violating: number } {
  const hours = numbersOf(serviceHours.columns.hour);
  const requests = numbersOf(serviceHours.columns.requests);
  const late = numbersOf(serviceHours.columns.violatingRequests);
  const firstHour = firstMeasuredHour(warmUpMs);
  const allowed = 1 - objectivePercent / 100;
  let total = 0;
  let violating = 0;
  for (let row = 0; row < serviceHours.rows; row++) {
    if (hours[row] < firstHour || !(requests[row] > 0)) continue;
    total++;
    if (late[row] > allowed * requests[row]) violating++;
  }
  return { total, violating };
}

/**
 * RunSummary of a run; S is the sum over windows after warm-up, U = online + best effort + system CPU used.
 *
 *   days                              windows after warm-up x windowMs / 1 day
 *   cpuUtilisationMeanPercent         100 S(U) / S(capacity)
 *   cpuUtilisationP95Percent, Peak    nearest rank 0.95, largest, of 100 U / capacity over windows
 *   online-, bestEffortUtilisation    100 S(used) / S(capacity)
 *   workUtilisationMeanPercent        100 x mean of workUtilisation, weighted by capacity
 *   memUtilisationMeanPercent         100 S(online + best effort + system memory) / S(memory capacity)
 *   onlineCpu-, onlineMemRequest      100 sum(replicas x request) / capacity of all hosts
 *   batchSold, batchRequested         100 S(sold or requested) / S(capacity), CPU and memory
 *   violationServiceHourPercent       service-hours that broke the objective / service-hours with requests
 *   lateRequestPercent                100 S(violatingRequests) / S(requests)
 *   lateRequestFromColocation         100 S(violatingRequests - violatingRequestsAlone) / S(requests)
 *   sloMinutesPerServiceDay           sum of sloMinutes after warm-up / services / days
 *   tasks*, *CoreHours                sums of batchHours after warm-up
 *   evictionsPer1000Starts            1000 (evictionsMemory + evictionsCpu) / attempts started
 *   oomKills                          S(oomKills)
 *   wastedPercent                     100 wasted / (done + wasted) core-hours
 *   pendingPeak, onlinePodsUnplaced   largest bestEffortPending, onlinePodsPending
 *   suppressedPercentOfDemand         100 S(suppressed) / S(best effort used + suppressed)
 *   suppressedHostHours               S(suppressedHosts) x windowMs / 1 h
 *   strandedCpu-, strandedMemPercent  100 sum over hosts(stranded) / sum over hosts(capacity)
 *   energyKwh                         S(powerWatts) x windowMs / 3.6e9 x PUE
 *   cost                              energyKwh x price + capex of all hosts x (1 / lifetime + overhead / 100) x days / 365
 *   costPerUsefulCoreHour             cost / (online core-hours used + core-hours of finished tasks)
 *   tenPoints*Cost                    at the mean CPU use; see sim/host/power.ts
 *   deadlineMissPercent               100 missed / (met + missed)
 *   gpu*MeanPercent                   100 S(allocated, running or fragmented) / S(capacity of GPUs); peak: largest / largest
 *
 * Waits and host failures come from `meta`. Throws InvariantError when a figure is not finite.
 */
export function summarise(tables: RunResults['tables'], meta: SummaryMeta): RunSummary {
  const windows = tables.windows.columns;
  const times = numbersOf(windows.timeMs);
  let from = 0;
  while (from < times.length && times[from] < meta.warmUpMs) from++;
  const total = (column: Column): number => sumOf(column, from);
  const windowHours = meta.windowMs / MS_PER_HOUR;
  const days = ((times.length - from) * meta.windowMs) / MS_PER_DAY;

  const capacity = total(windows.capacityMilliCpu);
  const capacityMem = total(windows.capacityMemMib);
  const gpuCapacity = total(windows.gpuCapacityMilli);
  const onlineUsed = total(windows.onlineUsedMilliCpu);
  const bestEffortUsed = total(windows.bestEffortUsedMilliCpu);
  const used = onlineUsed + bestEffortUsed + total(windows.systemUsedMilliCpu);
  const usedMem =
    total(windows.onlineUsedMemMib) + total(windows.bestEffortUsedMemMib) + total(windows.systemUsedMemMib);
  const shares = utilisationPercents(tables.windows, from);
  const requests = total(windows.requests);
  const late = total(windows.violatingRequests);
  const suppressed = total(windows.suppressedMilliCpu);

  const hosts = tables.hosts.columns;
  const hostsCpu = sumOf(hosts.capacityMilliCpu);
  const hostsMem = sumOf(hosts.capacityMemMib);
  const services = tables.services.columns;

  const firstHour = firstMeasuredHour(meta.warmUpMs);
  const batch = tables.batchHours.columns;
  const batchTotal = (column: Column): number => sumMeasured(column, batch.hour, firstHour);
  const serviceHours = countServiceHours(tables.serviceHours, meta.objectivePercent, meta.warmUpMs);
  const sloMinutes = sumMeasured(tables.serviceHours.columns.sloMinutes, tables.serviceHours.columns.hour, firstHour);
  const evictionsMemory = total(windows.evictedMemory);
  const evictionsCpu = total(windows.evictedCpu);
  const doneCoreHours = batchTotal(batch.doneCoreHours);
  const wastedCoreHours = batchTotal(batch.wastedCoreHours);
  const missed = batchTotal(batch.deadlinesMissed);

  const energyKwh = (total(windows.powerWatts) * windowHours * meta.cost.pue) / 1000;
  const cost = energyKwh * meta.cost.pricePerKwh + hostCost(meta, hosts.shape as readonly string[], days);
  const usefulCoreHours = (onlineUsed / MILLI_PER_CPU) * windowHours + doneCoreHours;

  const tenPoints = meta.tenPoints(capacity > 0 ? used / capacity : 0);

  const summary: RunSummary = {
    hosts: tables.hosts.rows,
    days,
    cpuUtilisationMeanPercent: percentOf(used, capacity),
    cpuUtilisationP95Percent: nearestRank(shares, 0.95),
    cpuUtilisationPeakPercent: nearestRank(shares, 1),
    onlineUtilisationMeanPercent: percentOf(onlineUsed, capacity),
    bestEffortUtilisationMeanPercent: percentOf(bestEffortUsed, capacity),
    workUtilisationMeanPercent: percentOf(
      weightedSum(windows.workUtilisation, windows.capacityMilliCpu, from),
      capacity,
    ),
    memUtilisationMeanPercent: percentOf(usedMem, capacityMem),
    onlineCpuRequestPercent: percentOf(weightedSum(services.requestMilliCpu, services.replicas, 0), hostsCpu),
    onlineMemRequestPercent: percentOf(weightedSum(services.requestMemMib, services.replicas, 0), hostsMem),
    batchSoldMeanPercent: percentOf(total(windows.batchSoldMilliCpu), capacity),
    batchRequestedMeanPercent: percentOf(total(windows.batchRequestedMilliCpu), capacity),
    batchMemSoldMeanPercent: percentOf(total(windows.batchSoldMemMib), capacityMem),
    batchMemRequestedMeanPercent: percentOf(total(windows.batchRequestedMemMib), capacityMem),
    violationServiceHourPercent: percentOf(serviceHours.violating, serviceHours.total),
    lateRequestPercent: percentOf(late, requests),
    lateRequestFromColocationPercent: percentOf(late - total(windows.violatingRequestsAlone), requests),
    sloMinutesPerServiceDay: ratioOf(sloMinutes, tables.services.rows * days),
    tasksSubmitted: batchTotal(batch.submitted),
    tasksFinished: batchTotal(batch.finished),
    tasksAbandoned: batchTotal(batch.abandoned),
    evictionsMemory,
    evictionsCpu,
    evictionsPer1000Starts: 1000 * ratioOf(evictionsMemory + evictionsCpu, batchTotal(batch.started)),
    oomKills: total(windows.oomKills),
    doneCoreHours,
    wastedCoreHours,
    wastedPercent: percentOf(wastedCoreHours, doneCoreHours + wastedCoreHours),
    waitMsP50: meta.waitMsP50,
    waitMsP95: meta.waitMsP95,
    pendingPeak: maxOf(windows.bestEffortPending, from),
    suppressedPercentOfDemand: percentOf(suppressed, bestEffortUsed + suppressed),
    suppressedHostHours: total(windows.suppressedHosts) * windowHours,
    onlinePodsUnplacedPeak: maxOf(windows.onlinePodsPending, from),
    strandedCpuPercent: percentOf(sumOf(hosts.strandedMilliCpu), hostsCpu),
    strandedMemPercent: percentOf(sumOf(hosts.strandedMemMib), hostsMem),
    energyKwh,
    cost,
    costPerUsefulCoreHour: ratioOf(cost, usefulCoreHours),
    tenPointsEnergyCost: tenPoints.energyCost,
    tenPointsAvoidedCost: tenPoints.avoidedCost,
    deadlineMissPercent: percentOf(missed, missed + batchTotal(batch.deadlinesMet)),
    tardinessMsP95: meta.tardinessMsP95,
    hostFailures: meta.hostFailures,
    gpuAllocatedMeanPercent: percentOf(total(windows.gpuAllocatedMilli), gpuCapacity),
    gpuAllocatedPeakPercent: percentOf(maxOf(windows.gpuAllocatedMilli, from), maxOf(windows.gpuCapacityMilli, from)),
    gpuRunningMeanPercent: percentOf(total(windows.gpuRunningMilli), gpuCapacity),
    gpuFragmentedMeanPercent: percentOf(total(windows.gpuFragmentedMilli), gpuCapacity),
  };
  for (const [figure, value] of Object.entries(summary))
    assert(Number.isFinite(value), `summary: ${figure} is ${value}`);
  return summary;
}

/** Purchase and yearly overhead of hosts of these shapes, for `days`: sum of capex x (1 / lifetime + overhead / 100) x days / 365. */
function hostCost({ cost, shapeCapex }: SummaryMeta, shapes: readonly string[], days: number): number {
  let capex = 0;
  for (const shape of shapes) capex += shapeCapex?.get(shape) ?? cost.capexPerHost;
  const perYear = capex * (1 / cost.lifetimeYears + cost.yearlyOverheadPercent / 100);
  return (perYear * days * 24) / HOURS_PER_YEAR;
}

/** 100 U / capacity per window from row `from`, sorted ascending. */
function utilisationPercents(windows: RunResults['tables']['windows'], from: number): Float64Array {
  const online = numbersOf(windows.columns.onlineUsedMilliCpu);
  const bestEffort = numbersOf(windows.columns.bestEffortUsedMilliCpu);
  const system = numbersOf(windows.columns.systemUsedMilliCpu);
  const capacity = numbersOf(windows.columns.capacityMilliCpu);
  const shares = new Float64Array(Math.max(0, windows.rows - from));
  for (let row = from; row < windows.rows; row++)
    shares[row - from] = percentOf(online[row] + bestEffort[row] + system[row], capacity[row]);
  return shares.sort();
}

function weightedSum(values: Column, weights: Column, from: number): number {
  const a = numbersOf(values);
  const b = numbersOf(weights);
  let sum = 0;
  for (let row = from; row < a.length; row++) sum += a[row] * b[row];
  return sum;
}
