/**
 * What burned the error budget: late requests by cause, and the alerts that would have called somebody.
 *
 *   budget    = (1 - objective) x requests after warm-up
 *   burn rate = late / requests / (1 - objective) over a span; 1 uses up the budget exactly when the span is the whole period
 *
 * Alerts follow the multi-window rule: fast at 14.4 x over 1 h and 5 min, slow at 6 x over 6 h and 30 min, both spans at once.
 * Source: The Site Reliability Workbook, chapter 5.
 */
import type { RunResults } from '../sim/results/schema.ts';
import { numbers } from './columns.ts';
import { fixed, percent } from './format.ts';

export const CAUSES = [
  'load of its own',
  'best effort beside it',
  'late suppression',
  'CPU limits',
  'memory',
  'dead hosts',
  'replicas not placed',
] as const;
export type Cause = (typeof CAUSES)[number];

/** Late requests of one hour by cause, all services together. */
export interface HourCauses {
  readonly hour: number;
  readonly late: Readonly<Record<Cause, number>>;
}

export interface BudgetFacts {
  /** Requests that may be late after warm-up. */
  readonly budget: number;
  /** Share of it used up, percent; above 100 the objective is missed. */
  readonly burnedPercent: number;
  readonly hours: readonly HourCauses[];
  /** Service-hours that broke the objective, by the cause with the most late requests in them. */
  readonly violations: Readonly<Record<Cause, number>>;
  /** Percent of the budget, by cause. */
  readonly byCause: Readonly<Record<Cause, number>>;
  /** Service with the most late requests, and its percent of the budget; null without late requests. */
  readonly worst: { readonly service: number; readonly percent: number } | null;
  readonly alerts: readonly AlertFacts[];
}

/** One alert rule and the time for which it would have stood. */
export interface AlertFacts {
  readonly name: 'fast' | 'slow';
  readonly rate: number;
  readonly longMs: number;
  readonly shortMs: number;
  readonly minutes: number;
  /** Start of the window in which it first stood; null = never. */
  readonly firstMs: number | null;
}

const MINUTE_MS = 60_000;
const RULES = [
  { name: 'fast', rate: 14.4, longMs: 60 * MINUTE_MS, shortMs: 5 * MINUTE_MS },
  { name: 'slow', rate: 6, longMs: 360 * MINUTE_MS, shortMs: 30 * MINUTE_MS },
] as const;

/** Sums causes over services, from the first hour after warm-up on. */
export function budgetFacts(
  results: RunResults,
  objectivePercent: number,
  firstHour: number,
  firstRow: number,
  windowMs: number,
): BudgetFacts {
  const { columns, rows } = results.tables.serviceHours;
  const service = numbers(columns.service);
  const hour = numbers(columns.hour);
  const requests = numbers(columns.requests);
  const late = numbers(columns.violatingRequests);
  const booked = BOOKED.map(([cause, column]) => [cause, numbers(columns[column])] as const);
  const allowed = 1 - objectivePercent / 100;
  const violations = none();
  const hours: { hour: number; late: Record<Cause, number> }[] = [];
  const ofService = new Map<number, number>();
  let offered = 0;
  let total = 0;
  for (let row = 0; row < rows; row++) {
    if (hour[row] < firstHour) continue;
    const at = hour[row] - firstHour;
    while (hours.length <= at) hours.push({ hour: firstHour + hours.length, late: none() });
    const cell = hours[at].late;
    const parts = causesOf(booked, late[row], row);
    for (const cause of CAUSES) cell[cause] += parts[cause];
    if (late[row] > allowed * requests[row]) violations[mainCause(parts)]++;
    offered += requests[row];
    total += late[row];
    ofService.set(service[row], (ofService.get(service[row]) ?? 0) + late[row]);
  }
  const budget = allowed * offered;
  const percentOf = (part: number): number => (budget > 0 ? (100 * part) / budget : 0);
  const byCause = none();
  for (const { late: cell } of hours) for (const cause of CAUSES) byCause[cause] += percentOf(cell[cause]);
  let worst: BudgetFacts['worst'] = null;
  for (const [number, sum] of ofService)
    if (sum > 0 && (worst === null || percentOf(sum) > worst.percent))
      worst = { service: number, percent: percentOf(sum) };
  const alerts = RULES.map((rule) => alertFacts(rule, results.tables.windows, allowed, firstRow, windowMs));
  return { budget, burnedPercent: percentOf(total), hours, byCause, violations, worst, alerts };
}

/** Columns of serviceHours that book a cause; what none of them holds is the load of the service itself. */
const BOOKED = [
  ['best effort beside it', 'violatingContention'],
  ['late suppression', 'violatingSuppression'],
  ['CPU limits', 'violatingThrottled'],
  ['memory', 'violatingMemory'],
  ['dead hosts', 'violatingDeadHosts'],
  ['replicas not placed', 'violatingUnplaced'],
] as const;

/** Late requests of one service-hour by cause; they add up to `late` but for rounding, and none is negative. */
function causesOf(
  booked: readonly (readonly [Cause, ArrayLike<number>])[],
  late: number,
  row: number,
): Record<Cause, number> {
  const parts = none();
  let sum = 0;
  for (const [cause, column] of booked) {
    parts[cause] = column[row];
    sum += column[row];
  }
  parts['load of its own'] = Math.max(0, late - sum);
  return parts;
}

/** The largest part; of equal ones the first. */
function mainCause(parts: Readonly<Record<Cause, number>>): Cause {
  return CAUSES.reduce((main, cause) => (parts[cause] > parts[main] ? cause : main));
}

/** The parts above 0.5 % of all late requests, largest first: `load of its own 96 %, best effort beside it 4 %`. */
export function causesSentence(facts: BudgetFacts): string {
  return CAUSES.map((cause) => ({ cause, share: (100 * facts.byCause[cause]) / facts.burnedPercent }))
    .filter(({ share }) => share >= 0.5)
    .sort((a, b) => b.share - a.share)
    .map(({ cause, share }) => `${cause} ${percent(share)}`)
    .join(', ');
}

/** Service-hours that broke the objective by their main cause, most first; empty when none did. */
export function violationsSentence(facts: BudgetFacts): string {
  return CAUSES.filter((cause) => facts.violations[cause] > 0)
    .sort((a, b) => facts.violations[b] - facts.violations[a])
    .map((cause) => `${cause} ${fixed(facts.violations[cause])}`)
    .join(', ');
}

function none(): Record<Cause, number> {
  return {
    'load of its own': 0,
    'best effort beside it': 0,
    'late suppression': 0,
    'CPU limits': 0,
    memory: 0,
    'dead hosts': 0,
    'replicas not placed': 0,
  };
}

/** Walks the windows after warm-up; a rule can stand from the first full long span on. */
function alertFacts(
  rule: (typeof RULES)[number],
  windows: RunResults['tables']['windows'],
  allowed: number,
  firstRow: number,
  windowMs: number,
): AlertFacts {
  const requests = numbers(windows.columns.requests);
  const late = numbers(windows.columns.violatingRequests);
  const timeMs = numbers(windows.columns.timeMs);
  const long = Math.max(1, Math.round(rule.longMs / windowMs));
  const short = Math.max(1, Math.round(rule.shortMs / windowMs));
  const sums = { longLate: 0, longAll: 0, shortLate: 0, shortAll: 0 };
  let standing = 0;
  let firstMs: number | null = null;
  for (let row = firstRow; row < windows.rows; row++) {
    sums.longLate += late[row];
    sums.longAll += requests[row];
    sums.shortLate += late[row];
    sums.shortAll += requests[row];
    if (row - long >= firstRow) {
      sums.longLate -= late[row - long];
      sums.longAll -= requests[row - long];
    }
    if (row - short >= firstRow) {
      sums.shortLate -= late[row - short];
      sums.shortAll -= requests[row - short];
    }
    if (row - firstRow + 1 < long) continue;
    const most = rule.rate * allowed;
    if (sums.longLate > most * sums.longAll && sums.shortLate > most * sums.shortAll) {
      standing++;
      firstMs ??= timeMs[row];
    }
  }
  return { ...rule, minutes: (standing * windowMs) / MINUTE_MS, firstMs };
}
