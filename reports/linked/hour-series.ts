/** The hours of every arm as columns that charts and the page's script share: percentages and sums, ready to draw. */
import type { LabArm, LabDocument, LabHours } from '../../sim/results/lab-document.ts';

/** Columns over one stretch of hours, by name. */
export interface HourSeries {
  readonly arm: string;
  readonly fromHour: number;
  readonly columns: Readonly<Record<string, readonly number[]>>;
}

export interface ServiceSeries {
  readonly arm: string;
  readonly name: string;
  readonly latePercent: readonly number[];
}

/** What a line over hours may draw: name of the column to how it comes from what the document keeps. */
const DERIVED: Readonly<Record<string, (hours: LabHours, hour: number) => number>> = {
  usedCores: (h, i) => h.columns.onlineCores[i] + h.columns.systemCores[i] + h.columns.bestEffortCores[i],
  cpuPercent: (h, i) =>
    share(
      h.columns.onlineCores[i] + h.columns.systemCores[i] + h.columns.bestEffortCores[i],
      h.columns.capacityCores[i],
    ),
  bestEffortPercent: (h, i) => share(h.columns.bestEffortCores[i], h.columns.capacityCores[i]),
  latePercent: (h, i) => share(h.columns.lateRequests[i], h.columns.requests[i]),
  deniedPercent: (h, i) => share(h.columns.deniedCores[i], h.columns.bestEffortCores[i] + h.columns.deniedCores[i]),
};
/** Columns taken as they are: sums and weights that the table of chosen hours needs, and plain lines. */
const KEPT = [
  'capacityCores',
  'onlineCores',
  'systemCores',
  'bestEffortCores',
  'deniedCores',
  'memoryPercent',
  'pendingTasks',
  'requests',
  'lateRequests',
  'lateRequestsAlone',
  'evictions',
  'doneCoreHours',
  'wastedCoreHours',
  'fits',
];

function share(part: number, whole: number): number {
  return whole > 0 ? Number(((100 * part) / whole).toPrecision(5)) : 0;
}

/** Series of every arm that has hours. */
export function hourSeries(document: LabDocument): HourSeries[] {
  return withHours(document).map(({ name, hours }) => {
    const columns: Record<string, readonly number[]> = {};
    for (const column of KEPT) if (hours.columns[column] !== undefined) columns[column] = hours.columns[column];
    if (hours.columns.capacityCores !== undefined)
      for (const [column, derive] of Object.entries(DERIVED))
        columns[column] = hours.columns.capacityCores.map((_, hour) => derive(hours, hour));
    return { arm: name, fromHour: hours.fromHour, columns };
  });
}

/** Services of every arm; the first service is the one hurt most. */
export function serviceSeries(document: LabDocument): ServiceSeries[] {
  return withHours(document).flatMap(({ name: arm, hours }) =>
    hours.services.map(({ name, latePercent }) => ({ arm, name, latePercent })),
  );
}

export function withHours(document: LabDocument): (LabArm & { readonly hours: LabHours })[] {
  return document.arms.filter((arm): arm is LabArm & { readonly hours: LabHours } => arm.hours !== null);
}

/** Hour after the last one of any arm; 0 when none has hours. */
export function lastHour(document: LabDocument): number {
  return Math.max(
    0,
    ...withHours(document).map(({ hours }) => hours.fromHour + (Object.values(hours.columns)[0]?.length ?? 0)),
  );
}

/** Mean of `column` over the hours from `from` on, weighted by `weight` where there is one. */
export function meanOver(series: HourSeries, column: string, from: number, weight?: string): number {
  const values = series.columns[column];
  let sum = 0;
  let weights = 0;
  for (let at = Math.max(0, from - series.fromHour); at < values.length; at++) {
    const w = weight === undefined ? 1 : series.columns[weight][at];
    sum += w * values[at];
    weights += w;
  }
  return weights > 0 ? sum / weights : 0;
}
