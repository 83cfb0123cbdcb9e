/** An inspection as tables of text, 100 columns at most. */
import type { Inspection, Spread, TaskInspection, UsageInspection } from './inspect.ts';

const BARS = '▁▂▃▄▅▆▇█';

/** A course as one line of blocks between its smallest and largest value; a dot where there is no data. */
export function sparkline(values: readonly number[]): string {
  const known = values.filter((value) => Number.isFinite(value));
  const low = Math.min(...known);
  const span = Math.max(...known) - low;
  return values
    .map((value) => (Number.isFinite(value) ? BARS[span === 0 ? 0 : Math.round(((value - low) / span) * 7)] : '.'))
    .join('');
}

function number(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 2 : 3;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits });
}

function spreadLine(name: string, spread: Spread): string {
  if (spread.n === 0) return `  ${name.padEnd(24)}not in the trace`;
  const cells = [spread.p10, spread.p50, spread.p90, spread.p99, spread.mean].map((value) =>
    number(value).padStart(12),
  );
  return `  ${name.padEnd(24)}${cells.join('')}`;
}

const SPREAD_HEAD = `  ${''.padEnd(24)}${['p10', 'p50', 'p90', 'p99', 'mean'].map((name) => name.padStart(12)).join('')}`;

export function inspectionLines(inspection: Inspection): string[] {
  const lines = [
    `${inspection.folder}: ${inspection.format}, ${inspection.hosts} hosts with ${number(inspection.hostCores)} cores and ${number(inspection.hostMemGib)} GiB`,
  ];
  for (const usage of inspection.usage) lines.push('', ...usageLines(usage));
  if (inspection.tasks !== null) lines.push('', ...taskLines(inspection.tasks));
  if (inspection.notes.length > 0) lines.push('', 'notes', ...inspection.notes.map((note) => `  ${note}`));
  return lines;
}

function usageLines(usage: UsageInspection): string[] {
  const lines = [
    `use of ${usage.services} of kind ${usage.kind}: ${usage.samples} samples over ${number(usage.days)} days, ${usage.unknownSamples} without a value`,
    `  coverage ${number(usage.coverageRatio * 100)} % of five-minute slots, ${usage.gaps} gaps, the longest ${number(usage.longestGapHours)} h`,
    `  mean ${number(usage.meanMilliCpu / 1000)} cores in all, p/t ${number(usage.peakToTrough)}`,
    `  hour of day  ${sparkline(usage.hourOfDay)}  ${extremes(usage.hourOfDay, 'hour')}`,
    `  day of week  ${sparkline(usage.dayOfWeek)}  ${extremes(usage.dayOfWeek, 'day')}`,
    SPREAD_HEAD,
    spreadLine('CPU over request', usage.cpuOverRequest),
    spreadLine('memory over request', usage.memOverRequest),
    spreadLine('peak over mean', usage.peakOverMean),
    ...(usage.throttledShare.n === 0 ? [] : [spreadLine('throttled share', usage.throttledShare)]),
    ...(usage.gpusUsed.n === 0 ? [] : [spreadLine('GPUs in use', usage.gpusUsed)]),
  ];
  if (usage.medians !== null) {
    const { peakToTrough, explainedShare, r5, r60, residualCv } = usage.medians;
    lines.push(
      `  medians of services: p/t ${number(peakToTrough)}, R2 ${number(explainedShare)}, r5 ${number(r5)}, r60 ${number(r60)}, CVr ${number(residualCv)}`,
    );
  }
  return lines;
}

function taskLines(tasks: TaskInspection): string[] {
  return [
    `${tasks.tasks} tasks in ${tasks.jobs} jobs over ${tasks.hours} h: ${number(tasks.perHour)} an hour, ${tasks.withParents} wait for others`,
    `  hour of day  ${sparkline(tasks.hourOfDay)}  ${extremes(tasks.hourOfDay, 'hour')}`,
    SPREAD_HEAD,
    spreadLine('duration s', tasks.durationS),
    spreadLine('request cores', tasks.requestCores),
    spreadLine('request GiB', tasks.requestMemGib),
    spreadLine('instances', tasks.instances),
    spreadLine('CPU over request', tasks.cpuOverRequest),
    spreadLine('tasks of a job', tasks.tasksPerJob),
  ];
}

function extremes(values: readonly number[], unit: string): string {
  const known = values.map((value, at) => [value, at] as const).filter(([value]) => Number.isFinite(value));
  if (known.length === 0) return 'no data';
  const low = known.reduce((best, one) => (one[0] < best[0] ? one : best));
  const high = known.reduce((best, one) => (one[0] > best[0] ? one : best));
  return `lowest ${number(low[0])} at ${unit} ${low[1]}, highest ${number(high[0])} at ${unit} ${high[1]}`;
}
