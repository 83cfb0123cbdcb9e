/** Arms of a document: figures with intervals, and hours averaged over seeds. */

import type { LabArm, LabEstimate, LabFigure, LabHours } from '../../sim/results/lab-document.ts';
import { estimateOf } from '../../sim/results/replicate.ts';
import { HOUR_COLUMNS, lateOfService, type RunHours } from '../../sim/results/run-hours.ts';
import type { Estimate, RunSummary } from '../../sim/results/schema.ts';
import { OUTCOMES } from '../outcomes.ts';
import { type ParetoPoint, paretoPoints } from '../pareto.ts';
import type { ReadArm } from '../read-arms.ts';

/** What a document needs of one run. */
export interface DocumentRun {
  readonly seed: string;
  readonly digest: string;
  readonly summary: RunSummary;
  readonly hours: RunHours | null;
}

export interface DocumentArm {
  readonly name: string;
  readonly at: LabArm['at'];
  readonly runs: readonly DocumentRun[];
}

/** Services shown by name: the ones hurt most in any arm. */
const MOST_SERVICES = 30;
const CONFIDENCE = 0.95;

/** Figures that pages over many runs show; the currency stands in for the unit of a cost. */
export function shownFigures(currency: string): LabFigure[] {
  return OUTCOMES.map(({ figure, words, unit, better }) => ({
    figure,
    words,
    unit: figure === 'costPerUsefulCoreHour' ? currency : unit,
    better,
  }));
}

export function plainEstimate({ mean, halfWidth, n }: Estimate): LabEstimate {
  return { mean, halfWidth: Number.isFinite(halfWidth) ? halfWidth : null, n };
}

/** An arm as it was read, its runs in the order of `seeds`; runs of other seeds are left out. */
export function documentArm(arm: ReadArm, seeds: readonly string[] | null): DocumentArm {
  const hours = arm.hours();
  const runs = arm.runs.map(({ seed, digest, summary }, at) => ({ seed, digest, summary, hours: hours[at] ?? null }));
  const own = seeds === null ? runs : seeds.flatMap((seed) => runs.find((run) => run.seed === seed) ?? []);
  return { name: shortName(arm.name), at: [], runs: own };
}

/** Arms in the given order; those without a run are left out. */
export function armsOf(given: readonly DocumentArm[]): LabArm[] {
  const arms = given.filter((arm) => arm.runs.length > 0);
  const pareto = paretoPoints(arms);
  const services = servicesOf(arms);
  return arms.map(({ name, at, runs }, index) => ({
    name,
    at,
    seeds: runs.map((run) => run.seed),
    digests: runs.map((run) => run.digest),
    estimates: Object.fromEntries(
      (Object.keys(runs[0].summary) as (keyof RunSummary)[]).map((figure) => {
        const values = runs.map((run) => run.summary[figure]);
        return [figure, plainEstimate(estimateOf(values, CONFIDENCE))];
      }),
    ),
    pareto: withoutName(pareto[index]),
    hours: hoursOf(runs, services),
  }));
}

function withoutName({ name: _, ...point }: ParetoPoint): LabArm['pareto'] {
  return point;
}

/** Means over the seeds that have hours; null when none has. All runs of an arm are equally long. */
function hoursOf(runs: readonly DocumentRun[], services: readonly string[]): LabHours | null {
  const known = runs.map((run) => run.hours).filter((hours) => hours !== null);
  if (known.length === 0) return null;
  const { hours, lines } = known[0];
  const columns = Object.fromEntries(
    HOUR_COLUMNS.map(({ name }) => [
      name,
      Array.from({ length: hours }, (_, hour) => {
        const mean = known.reduce((sum, run) => sum + run.columns[name][hour], 0) / known.length;
        return Number(mean.toPrecision(6));
      }),
    ]),
  );
  const first = runs[0].hours;
  return {
    n: known.length,
    lines,
    fromHour: 0,
    columns,
    services:
      first === null
        ? []
        : services.flatMap((name) => {
            const at = first.services.names.indexOf(name);
            return at < 0 ? [] : [{ name, latePercent: lateOfService(first, at) }];
          }),
    serviceSeed: runs[0].seed,
  };
}

/** Names of the services with the largest share of late requests after warm-up, in the first seed, over all arms. */
function servicesOf(arms: readonly DocumentArm[]): string[] {
  const worst = new Map<string, number>();
  for (const { runs } of arms) {
    const { hours } = runs[0];
    if (hours === null) continue;
    const from = Math.floor(hours.lines.warmUpHours);
    for (const [at, name] of hours.services.names.entries()) {
      const measured = lateOfService(hours, at).slice(from);
      const mean = measured.reduce((sum, value) => sum + value, 0) / Math.max(1, measured.length);
      worst.set(name, Math.max(worst.get(name) ?? 0, mean));
    }
  }
  const order = [...worst].sort(([nameA, a], [nameB, b]) => b - a || (nameA < nameB ? -1 : 1));
  return order.slice(0, MOST_SERVICES).map(([name]) => name);
}

/** `koordinator.cpuSuppressThresholdPercent=65` as `cpuSuppressThresholdPercent 65`. */
export function shortSetting(path: string, value: string): string {
  return `${path.slice(path.lastIndexOf('.') + 1)} ${value}`;
}

/** `koordinator.cpuSuppressThresholdPercent=65, a.b=c` as `cpuSuppressThresholdPercent 65, b c`; other names as they are. */
export function shortName(name: string): string {
  return name.replace(
    /(^|, )([\w.-]+)=([^,]*)/g,
    (_, before: string, path: string, value: string) => before + shortSetting(path, value),
  );
}

/** A value as a number where it starts with one (`65`, `65%`), else as text. */
export function settingValue(text: string): number | string {
  return /^-?\d+(\.\d+)?(e-?\d+)?\s*\D*$/i.test(text) ? Number.parseFloat(text) : text;
}
