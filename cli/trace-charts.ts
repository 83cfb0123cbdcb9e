/** The charts of an inspected trace: coverage, course over time, day and week, distributions, arrivals. */
import type { Chart, Piece } from '../reports/charts/theme.ts';
import { COLOURS, FULL_WIDTH, HALF_WIDTH, HEIGHT } from '../reports/charts/theme.ts';
import { SHARES } from '../traces/distribution.ts';
import type { Inspection, Spread, TaskInspection, UsageInspection } from '../traces/inspect.ts';

/** Three significant digits, thousands apart; a dash for what is not known. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const rounded = Number(value.toPrecision(3));
  return Math.abs(rounded) >= 10_000 ? rounded.toLocaleString('en-US') : String(rounded);
}

/** Many of a kind of series, as people write them. */
export function pluralOf(kind: string): string {
  return kind === 'vm' ? 'VMs' : kind === '' ? 'services' : `${kind}s`;
}

export function traceCharts(inspection: Inspection): Chart[] {
  const { usage, tasks } = inspection;
  return [...usage.flatMap((one, at) => usageCharts(one, at)), ...(tasks === null ? [] : taskCharts(tasks))];
}

function usageCharts(usage: UsageInspection, at: number): Chart[] {
  const { kind, services, hourOfDay, dayOfWeek } = usage;
  const [high, low] = extremes(hourOfDay);
  const [busiest, quietest] = extremes(dayOfWeek);
  const names = pluralOf(kind);
  const charts = [
    line(`use-${at}`, {
      title: `CPU of the ${names} over time`,
      subtitle: `cores in use by all that were measured, means of an hour (${services} ${names})`,
      sentence: `${figure(usage.meanMilliCpu / 1000)} cores on average over ${figure(usage.days)} days.`,
      values: usage.coresByHour,
      axis: 'cores',
    }),
    line(`coverage-${at}`, {
      title: `Coverage of the ${names}`,
      subtitle:
        'percent of the five-minute slots of all that have a value, by the hour; white above the line is missing',
      sentence:
        `${figure(usage.coverageRatio * 100)} % of the slots have a value; ${usage.gaps} gaps, the longest ` +
        `${figure(usage.longestGapHours)} h; ${usage.unknownSamples} samples were marked as invalid.`,
      values: usage.coverageByHour.map((share) => share * 100),
      axis: '% of slots',
      area: true,
      most: 100,
    }),
    course(`hours-${at}`, {
      title: `Hour of the day, ${names}`,
      axis: 'hour from the start of the trace, modulo 24',
      values: hourOfDay,
      sentence: `Highest at hour ${high.at} (${figure(high.value)} of the mean), lowest at hour ${low.at} (${figure(low.value)}): p/t ${figure(usage.peakToTrough)}.`,
    }),
  ];
  if (dayOfWeek.filter((value) => Number.isFinite(value)).length > 1)
    charts.push(
      course(`days-${at}`, {
        title: `Day of the week, ${names}`,
        axis: 'day from the start of the trace, modulo 7',
        values: dayOfWeek,
        sentence: `Day ${busiest.at} is the busiest (${figure(busiest.value)} of the mean), day ${quietest.at} the quietest (${figure(quietest.value)}).`,
      }),
    );
  charts.push(
    ...distribution(
      `cpu-${at}`,
      `CPU over request, ${names}`,
      'mean CPU over request, %',
      usage.cpuOverRequest,
      100,
      '%',
    ),
    ...distribution(
      `mem-${at}`,
      `Memory over request, ${names}`,
      'mean memory over request, %',
      usage.memOverRequest,
      100,
      '%',
    ),
    ...distribution(
      `peak-${at}`,
      `Peak over mean, ${names}`,
      'largest inside five minutes over mean',
      usage.peakOverMean,
      1,
      'times',
    ),
    ...distribution(
      `throttled-${at}`,
      `Throttled, ${names}`,
      'mean share of CFS periods, %',
      usage.throttledShare,
      100,
      '%',
    ),
    ...distribution(`gpus-${at}`, `GPUs in use, ${names}`, 'mean GPUs in use', usage.gpusUsed, 1, 'GPUs'),
  );
  return charts;
}

function taskCharts(tasks: TaskInspection): Chart[] {
  const [high, low] = extremes(tasks.hourOfDay);
  const busiest = tasks.arrivalsByHour.reduce((best, count, hour) => (count > best.count ? { count, hour } : best), {
    count: 0,
    hour: 0,
  });
  return [
    line('arrivals', {
      title: 'Arrivals over time',
      subtitle: 'tasks submitted in each hour',
      sentence: `${figure(tasks.perHour)} tasks an hour on average, ${figure(busiest.count)} in hour ${busiest.hour}, the busiest; ${tasks.tasks} tasks in ${tasks.jobs} jobs.`,
      values: tasks.arrivalsByHour,
      axis: 'tasks an hour',
      area: true,
    }),
    ...(tasks.hours < 24
      ? []
      : [
          course('arrivals-day', {
            title: 'Arrivals by hour of the day',
            axis: 'hour from the start of the trace, modulo 24',
            values: tasks.hourOfDay,
            sentence: `Highest at hour ${high.at} (${figure(high.value)} of the mean), lowest at hour ${low.at} (${figure(low.value)}).`,
          }),
        ]),
    ...distribution('durations', 'Duration of a task', 'duration, s', tasks.durationS, 1, 's', true),
    ...distribution('cores', 'CPU request of a task', 'cores, all instances', tasks.requestCores, 1, 'cores', true),
    ...distribution('memory', 'Memory request of a task', 'GiB, all instances', tasks.requestMemGib, 1, 'GiB', true),
    ...distribution('instances', 'Instances of a task', 'instances', tasks.instances, 1, 'instances', true),
    ...distribution('jobs', 'Tasks of a job', 'tasks', tasks.tasksPerJob, 1, 'tasks', true),
  ];
}

interface Extreme {
  readonly at: number;
  readonly value: number;
}

function extremes(values: readonly number[]): readonly [high: Extreme, low: Extreme] {
  const known = values.map((value, at) => ({ at, value })).filter(({ value }) => Number.isFinite(value));
  const none = { at: 0, value: Number.NaN };
  return [
    known.reduce((best, one) => (one.value > best.value ? one : best), known[0] ?? none),
    known.reduce((best, one) => (one.value < best.value ? one : best), known[0] ?? none),
  ];
}

interface LineWords {
  readonly title: string;
  readonly subtitle: string;
  readonly sentence: string;
  readonly values: readonly number[];
  readonly axis: string;
  readonly area?: boolean;
  readonly most?: number;
}

/** One value an hour, days marked. */
function line(id: string, { title, subtitle, sentence, values, axis, area, most }: LineWords): Chart {
  const days = values.length / 24;
  const step = [1, 2, 7, 14, 28].find((candidate) => days / candidate <= 16) ?? 56;
  const marks = Array.from({ length: Math.floor(days / step) + 1 }, (_, at) => at * step);
  const rows = values.map((value, hour) => ({ day: hour / 24, value: Number.isFinite(value) ? value : null }));
  return {
    id,
    title,
    subtitle,
    sentence,
    width: 'full',
    spec: {
      width: FULL_WIDTH,
      height: area === true ? HEIGHT / 2 : HEIGHT,
      data: { values: rows },
      mark:
        area === true
          ? { type: 'area', color: COLOURS.online, opacity: 0.55, line: { color: COLOURS.online, strokeWidth: 1 } }
          : { type: 'line', color: COLOURS.online, strokeWidth: 1.2 },
      encoding: {
        x: {
          field: 'day',
          type: 'quantitative',
          title: 'day from the start of the trace',
          scale: { domain: [0, days], nice: false },
          axis: days < 2 ? {} : { values: marks },
        },
        y: {
          field: 'value',
          type: 'quantitative',
          title: axis,
          scale: { zero: true, ...(most === undefined ? {} : { domain: [0, most] }) },
        },
      },
    },
  };
}

/** Means of groups over the mean of all, with the mean drawn in. */
function course(
  id: string,
  words: {
    readonly title: string;
    readonly axis: string;
    readonly values: readonly number[];
    readonly sentence: string;
  },
): Chart {
  const rows = words.values.map((value, at) => ({ at, value })).filter(({ value }) => Number.isFinite(value));
  const mean: Piece = {
    data: { values: [{ value: 1 }] },
    mark: { type: 'rule', color: 'currentColor', strokeDash: [4, 3], opacity: 0.7 },
    encoding: { y: { field: 'value', type: 'quantitative' } },
  };
  return {
    id,
    title: words.title,
    subtitle: 'over the mean, which is the dashed line at 1',
    sentence: words.sentence,
    width: 'half',
    spec: {
      width: HALF_WIDTH,
      height: HEIGHT,
      layer: [
        {
          data: { values: rows },
          mark: { type: 'bar', color: COLOURS.online },
          encoding: {
            x: { field: 'at', type: 'ordinal', title: words.axis, axis: { labelAngle: 0, labelOverlap: true } },
            y: { field: 'value', type: 'quantitative', title: 'over the mean' },
          },
        },
        mean,
      ],
    },
  };
}

/** The largest value over p90 from which an axis is logarithmic. */
const FAR_OUT = 20;

/** Share of all below a value; the logarithm of the value where sizes differ by orders. Nothing without values. */
function distribution(
  id: string,
  title: string,
  axis: string,
  spread: Spread,
  scale: number,
  unit: string,
  ofOrders = false,
): Chart[] {
  if (spread.n === 0 || spread.quantiles[0] === spread.quantiles.at(-1)) return [];
  const points = spread.quantiles.map((value, at) => ({ value: value * scale, share: SHARES[at] * 100 }));
  const least = points.find(({ value }) => value > 0)?.value ?? 1;
  // A few values far out would leave a line for all others.
  const logarithmic = ofOrders || spread.quantiles[spread.quantiles.length - 1] > FAR_OUT * spread.p90;
  // A logarithm has no 0: what is 0 stands at the left end.
  const rows = logarithmic ? points.map((one) => ({ ...one, value: Math.max(one.value, least) })) : points;
  return [
    {
      id: `spread-${id}`,
      title,
      subtitle: `percent of ${spread.n.toLocaleString('en-US')} that are at or below a value; dashed: the median`,
      sentence: `Half are at or below ${figure(spread.p50 * scale)} ${unit}, nine of ten at or below ${figure(spread.p90 * scale)} ${unit}; mean ${figure(spread.mean * scale)} ${unit}.`,
      width: 'half',
      spec: {
        width: HALF_WIDTH,
        height: HEIGHT,
        layer: [
          {
            data: { values: rows },
            mark: { type: 'line', color: COLOURS.online, strokeWidth: 1.5 },
            encoding: {
              x: {
                field: 'value',
                type: 'quantitative',
                title: axis,
                scale: logarithmic ? { type: 'log', nice: false } : { zero: true },
                axis: { labelOverlap: true, tickCount: 6, ...(logarithmic ? { format: '~s' } : {}) },
              },
              y: { field: 'share', type: 'quantitative', title: '% at or below', scale: { domain: [0, 100] } },
            },
          },
          {
            data: { values: [{ value: Math.max(spread.p50 * scale, logarithmic ? least : -Infinity) }] },
            mark: { type: 'rule', color: COLOURS.line, strokeDash: [4, 3] },
            encoding: { x: { field: 'value', type: 'quantitative' } },
          },
        ],
      },
    },
  ];
}
