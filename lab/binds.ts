/** Where and why a run violates: the service, the host shape, the hours and the mechanism, from its tables. */

import type { Column, RunResults } from '../sim/results/schema.ts';
import { firstMeasuredHour } from '../sim/results/summarise.ts';
import { hourWords, numberWords } from './words.ts';

export interface Binding {
  readonly service: string;
  readonly latencyClass: string;
  /** Of this service: late requests, percent, and hours that missed the objective. */
  readonly serviceLatePercent: number;
  readonly serviceViolatingHours: number;
  readonly serviceHours: number;
  /** Host shape with the most late requests per host, and how many times the mean host. */
  readonly hostShape: string;
  readonly hostShapeOverMean: number;
  /** Worst hour of the run, and the hour of the day with the largest share of late requests. */
  readonly worstHour: number;
  readonly worstHourOfDay: number;
  readonly worstHourOfDayPercent: number;
  /** Share of late requests that would not be late without best effort. */
  readonly colocationPercent: number;
  /** Share of late requests of pods that own CPUs and run out of them: not from best effort, memory or missing replicas. */
  readonly ownedCpusPercent: number;
  readonly mechanism: 'co-location' | 'CPUs owned' | 'own load';
  readonly evictionsMemory: number;
  readonly evictionsCpu: number;
  readonly suppressedPercentOfDemand: number;
}

const numbers = (column: Column): ArrayLike<number> => column as ArrayLike<number>;

/**
 * What binds in one run; `objectivePercent` and `warmUpMs` are the plan's, `owners` the services whose pods own CPUs (LSR, LSE).
 *
 * The mechanism is co-location when that makes half of the late requests or more; of the rest, "CPUs owned" when it makes half or more.
 * Memory counts in full against owned CPUs, its part without best effort too: the share is a lower bound.
 */
export function bindingOf(
  results: RunResults,
  objectivePercent: number,
  warmUpMs: number,
  owners: ReadonlySet<string>,
): Binding {
  const { tables, summary } = results;
  const firstHour = firstMeasuredHour(warmUpMs);
  const allowed = 1 - objectivePercent / 100;
  const services = tables.services.columns;
  const violatingHours = new Float64Array(tables.services.rows);
  const hoursSeen = new Float64Array(tables.services.rows);
  const { service, hour, requests, violatingRequests } = tables.serviceHours.columns;
  const names = services.name as readonly string[];
  const ownedLate = new Float64Array(tables.services.rows);
  const lateByHour = new Map<number, number>();
  const lateByHourOfDay = new Float64Array(24);
  for (let row = 0; row < tables.serviceHours.rows; row++) {
    const at = numbers(hour)[row];
    const late = numbers(violatingRequests)[row];
    if (at < firstHour || numbers(requests)[row] <= 0) continue;
    const s = numbers(service)[row];
    hoursSeen[s]++;
    if (owners.has(names[s])) ownedLate[s] += lateOfOwned(tables.serviceHours.columns, row);
    if (late > allowed * numbers(requests)[row]) violatingHours[s]++;
    lateByHour.set(at, (lateByHour.get(at) ?? 0) + late);
    lateByHourOfDay[at % 24] += late;
  }
  const lateShare = (s: number): number =>
    numbers(services.requests)[s] > 0 ? numbers(services.violatingRequests)[s] / numbers(services.requests)[s] : 0;
  let worst = 0;
  for (let s = 1; s < tables.services.rows; s++)
    if (
      violatingHours[s] > violatingHours[worst] ||
      (violatingHours[s] === violatingHours[worst] && lateShare(s) > lateShare(worst))
    )
      worst = s;
  const worstHour = largestKey(lateByHour);
  const worstHourOfDay = lateByHourOfDay.indexOf(Math.max(...lateByHourOfDay));
  const late = lateByHourOfDay.reduce((sum, value) => sum + value, 0);
  const colocation =
    summary.lateRequestPercent > 0 ? summary.lateRequestFromColocationPercent / summary.lateRequestPercent : 0;
  const owned = late > 0 ? ownedLate.reduce((sum, value) => sum + Math.max(0, value), 0) / late : 0;
  return {
    service: names[worst] ?? 'none',
    latencyClass: (services.latencyClass as readonly string[])[worst] ?? 'none',
    serviceLatePercent: tables.services.rows > 0 ? 100 * lateShare(worst) : 0,
    serviceViolatingHours: violatingHours[worst] ?? 0,
    serviceHours: hoursSeen[worst] ?? 0,
    ...worstShape(results, firstHour),
    worstHour,
    worstHourOfDay,
    worstHourOfDayPercent: late > 0 ? (100 * lateByHourOfDay[worstHourOfDay]) / late : 0,
    colocationPercent: 100 * colocation,
    ownedCpusPercent: 100 * owned,
    mechanism:
      colocation >= 0.5 ? 'co-location' : owned > 0 && owned >= (1 - colocation) / 2 ? 'CPUs owned' : 'own load',
    evictionsMemory: summary.evictionsMemory,
    evictionsCpu: summary.evictionsCpu,
    suppressedPercentOfDemand: summary.suppressedPercentOfDemand,
  };
}

/** Late requests of an hour that are neither best effort's, nor for want of replicas, nor for memory. */
function lateOfOwned(columns: RunResults['tables']['serviceHours']['columns'], row: number): number {
  return (
    numbers(columns.violatingRequestsAlone)[row] -
    numbers(columns.violatingDeadHosts)[row] -
    numbers(columns.violatingUnplaced)[row] -
    numbers(columns.violatingMemory)[row]
  );
}

function worstShape(results: RunResults, firstHour: number): Pick<Binding, 'hostShape' | 'hostShapeOverMean'> {
  const { hosts, hostHours } = results.tables;
  const shapes = hosts.columns.shape as readonly string[];
  const late = new Map<string, number>();
  const count = new Map<string, number>();
  for (const shape of shapes) count.set(shape, (count.get(shape) ?? 0) + 1);
  let whole = 0;
  for (let row = 0; row < hostHours.rows; row++) {
    if (numbers(hostHours.columns.hour)[row] < firstHour) continue;
    const own = numbers(hostHours.columns.violatingRequests)[row];
    const shape = shapes[numbers(hostHours.columns.host)[row]];
    late.set(shape, (late.get(shape) ?? 0) + own);
    whole += own;
  }
  let hostShape = shapes[0] ?? 'none';
  let most = -1;
  for (const [shape, sum] of late) {
    const perHost = sum / (count.get(shape) ?? 1);
    if (perHost > most) {
      most = perHost;
      hostShape = shape;
    }
  }
  return { hostShape, hostShapeOverMean: whole > 0 ? most / (whole / hosts.rows) : 0 };
}

function largestKey(values: ReadonlyMap<number, number>): number {
  let key = 0;
  let most = -1;
  for (const [at, value] of values)
    if (value > most) {
      most = value;
      key = at;
    }
  return key;
}

/** One sentence. */
export function bindingSentence(binding: Binding): string {
  const { mechanism, colocationPercent, ownedCpusPercent } = binding;
  const cause =
    mechanism === 'co-location'
      ? `${numberWords(colocationPercent)} % of late requests come from best effort beside them`
      : mechanism === 'CPUs owned'
        ? `${numberWords(ownedCpusPercent)} % of late requests are of pods that run on CPUs of their own and need more than they own: more CPUs a pod or more replicas, not more hosts`
        : `${numberWords(100 - colocationPercent)} % of late requests would be late without best effort too: the services' own load`;
  return (
    `Binds first: service ${binding.service} (${binding.latencyClass}), ${numberWords(binding.serviceLatePercent)} % late, ` +
    `${binding.serviceViolatingHours} of ${binding.serviceHours} hours beyond the objective; on hosts of shape ${binding.hostShape} ` +
    `(${numberWords(binding.hostShapeOverMean)} times the late requests of the mean host); worst ${hourWords(binding.worstHour)}, ` +
    `by hour of day ${String(binding.worstHourOfDay).padStart(2, '0')}:00 (${numberWords(binding.worstHourOfDayPercent)} %); ${cause}`
  );
}
