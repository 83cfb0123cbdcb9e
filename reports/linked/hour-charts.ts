/** Charts over time, a line an arm: the overview that carries the brush, and what follows it. */
import type { LabArm, LabDocument, LabHours } from '../../sim/results/lab-document.ts';
import type { RunLines } from '../../sim/results/run-hours.ts';
import type { Piece } from '../charts/theme.ts';
import { COLOURS, EMPTY_MARGIN, leastAxisLayer, ruleLayers, warmUpLayers, waterLineLayers } from '../charts/theme.ts';
import { dayHour, figures, fixed, percent, setPercent } from '../format.ts';
import { armScale } from './arm-colours.ts';
import { type HourSeries, hourSeries, lastHour, meanOver, serviceSeries, withHours } from './hour-series.ts';
import { hourParams, type LinkedChart, shownHoursAxis, widthOf } from './linked-chart.ts';

/** A line of the plan, drawn where an arm has it. */
interface PlanLine {
  readonly of: (lines: RunLines) => number | null;
  readonly words: string;
  readonly colour: string;
}

interface HourChartKind {
  readonly id: string;
  readonly column: string;
  readonly title: string;
  readonly subtitle: string;
  readonly axis: string;
  readonly width: 'full' | 'half';
  /** The axis reaches at least this far, so that a line of zeros has an axis too. */
  readonly least: number;
  /** Square-root axes show small shares beside a large objective. */
  readonly scale?: 'sqrt';
  readonly lines: readonly PlanLine[];
  /** What is said of an arm, from its series and the first hour counted. */
  readonly words: (series: HourSeries, from: number) => string;
  readonly claim: string;
}

const HOUR_CHARTS: readonly HourChartKind[] = [
  {
    id: 'cpu',
    column: 'cpuPercent',
    title: 'CPU in use',
    subtitle: 'online, system and best effort together, percent of the CPU of hosts that are up',
    axis: 'CPU, % of capacity',
    width: 'full',
    least: 10,
    lines: [
      { of: (lines) => lines.squeezeCpuPercent, words: 'squeezed at', colour: COLOURS.line },
      { of: (lines) => lines.sellCpuPercent, words: 'sold up to', colour: COLOURS.second },
    ],
    words: (series, from) => percent(meanOver(series, 'cpuPercent', from, 'capacityCores')),
    claim: 'Mean CPU in use',
  },
  {
    id: 'late',
    column: 'latePercent',
    title: 'Late requests',
    subtitle: 'requests of all services answered later than their target, percent; square-root axis',
    axis: 'late, % of requests',
    width: 'full',
    least: 0.1,
    scale: 'sqrt',
    lines: [{ of: (lines) => 100 - lines.objectivePercent, words: 'objective', colour: COLOURS.line }],
    words: (series, from) => percent(meanOver(series, 'latePercent', from, 'requests')),
    claim: 'Late requests',
  },
  {
    id: 'best-effort',
    column: 'bestEffortPercent',
    title: 'CPU of best effort',
    subtitle: 'percent of the CPU of hosts that are up',
    axis: 'best effort, % of capacity',
    width: 'half',
    least: 1,
    lines: [],
    words: (series, from) => percent(meanOver(series, 'bestEffortPercent', from, 'capacityCores')),
    claim: 'Mean share of best effort',
  },
  {
    id: 'denied',
    column: 'deniedPercent',
    title: 'Best effort squeezed',
    subtitle: 'CPU that best effort wanted and did not get, percent of its demand',
    axis: 'denied, % of demand',
    width: 'half',
    least: 0.1,
    lines: [],
    words: (series, from) => percent(meanOver(series, 'deniedPercent', from, 'bestEffortCores')),
    claim: 'Demand denied',
  },
  {
    id: 'memory',
    column: 'memoryPercent',
    title: 'Memory in use',
    subtitle: 'percent of the memory of hosts that are up, mean of hosts',
    axis: 'memory, % of capacity',
    width: 'half',
    least: 10,
    lines: [
      { of: (lines) => lines.evictMemoryPercent, words: 'evicted at', colour: COLOURS.line },
      { of: (lines) => lines.sellMemoryPercent, words: 'sold to', colour: COLOURS.second },
    ],
    words: (series, from) => percent(meanOver(series, 'memoryPercent', from)),
    claim: 'Mean memory in use',
  },
  {
    id: 'evictions',
    column: 'evictions',
    title: 'Evictions',
    subtitle: 'best-effort tasks evicted for memory or CPU, an hour',
    axis: 'tasks an hour',
    width: 'half',
    least: 1,
    lines: [],
    words: (series, from) => `${figures(meanOver(series, 'evictions', from))} an hour`,
    claim: 'Evictions',
  },
  {
    id: 'pending',
    column: 'pendingTasks',
    title: 'Tasks waiting',
    subtitle: 'best-effort tasks that are ready and have no host, mean of the hour',
    axis: 'tasks',
    width: 'half',
    least: 1,
    lines: [],
    words: (series, from) => fixed(meanOver(series, 'pendingTasks', from)),
    claim: 'Tasks waiting, mean',
  },
  {
    id: 'done',
    column: 'doneCoreHours',
    title: 'Work finished',
    subtitle: 'core-hours of best-effort tasks that ended in the hour',
    axis: 'core-hours an hour',
    width: 'half',
    least: 1,
    lines: [],
    words: (series, from) => `${figures(meanOver(series, 'doneCoreHours', from))} core-hours an hour`,
    claim: 'Work finished',
  },
  {
    id: 'fits',
    column: 'fits',
    title: 'Replicas that still fit',
    subtitle: 'by the rules of placement, at the end of every hour',
    axis: 'replicas',
    width: 'full',
    least: 1,
    lines: [],
    words: (series) => `${fixed(Math.min(...series.columns.fits))} at least`,
    claim: 'Room',
  },
];

/** Arms named in a sentence; the others are in the table. */
const MOST_SAID = 4;

/** The overview first; nothing when no arm has hours. */
export function hourCharts(document: LabDocument): LinkedChart[] {
  const arms = withHours(document);
  if (arms.length === 0) return [];
  const series = hourSeries(document);
  const from = series[0].fromHour;
  const to = lastHour(document);
  const counted = Math.max(from, Math.floor(arms[0].hours.lines?.warmUpHours ?? 0));
  const kinds = HOUR_CHARTS.filter(({ column }) => series[0].columns[column] !== undefined);
  // The chosen hours follow all charts, and the first kind is what gives the overview its shape.
  const charts = kinds.map((kind) => hourChart(kind, document, series, from, to, counted));
  const service = serviceChart(document, from, to);
  return [overview(kinds[0], document, series, from, to), ...charts.slice(0, 2), ...service, ...charts.slice(2)];
}

function rowsOf(series: readonly HourSeries[], column: string): Piece[] {
  return series.flatMap(({ arm, fromHour, columns }) =>
    columns[column].map((value, at) => ({ arm, hour: fromHour + at + 0.5, value })),
  );
}

function overview(
  kind: HourChartKind,
  document: LabDocument,
  series: readonly HourSeries[],
  from: number,
  to: number,
): LinkedChart {
  const width = widthOf('full');
  const band = { x: { datum: { expr: 'fromHour' }, type: 'quantitative' }, x2: { datum: { expr: 'toHour' } } };
  const x = shownHoursAxis();
  return {
    id: 'overview',
    kind: 'overview',
    column: kind.column,
    points: rowsOf(series, kind.column),
    title: 'Choose hours',
    subtitle: `${kind.title.toLowerCase()}, ${kind.axis.replace(/^.*, /, '')}; drag over the chart: every chart below follows, a double click takes all hours again`,
    width: 'full',
    sentence: `The run has ${fixed(to - from)} hours, ${dayHour(from)} to ${dayHour(to)}.`,
    specOf: (live) => ({
      width,
      height: 70,
      padding: EMPTY_MARGIN,
      params: hourParams(from, to, width)
        .filter((param) => param.name !== 'hourStep')
        .concat([{ name: 'hourStep', value: stepFor(to - from, width) }]),
      layer: [
        {
          data: { values: [{}] },
          mark: { type: 'rect', color: 'currentColor', opacity: 0.12 },
          encoding: band,
        },
        {
          data: live,
          params: [
            {
              name: 'brush',
              select: { type: 'interval', encodings: ['x'], mark: { fillOpacity: 0.05, strokeOpacity: 0.3 } },
            },
          ],
          mark: { type: 'line', strokeWidth: 1.2 },
          encoding: {
            x: {
              ...x,
              scale: { domain: [from, to], nice: false, zero: false },
              axis: { ...(x.axis as Piece), values: ticks(from, to, width) },
              title: null,
            },
            y: { field: 'value', type: 'quantitative', title: null, axis: { tickCount: 3 } },
            color: armScale(document),
          },
        },
      ],
    }),
  };

  function ticks(first: number, last: number, chartWidth: number): number[] {
    const step = stepFor(last - first, chartWidth);
    const values: number[] = [];
    for (let hour = Math.ceil(first / step) * step; hour <= last; hour += step) values.push(hour);
    return values;
  }
}

function stepFor(hours: number, width: number): number {
  return [1, 3, 6, 12, 24, 48, 168, 336, 672].find((step) => (hours / step) * 52 <= width) ?? 1344;
}

function hourChart(
  kind: HourChartKind,
  document: LabDocument,
  series: readonly HourSeries[],
  from: number,
  to: number,
  counted: number,
): LinkedChart {
  const width = widthOf(kind.width, kind.lines.length > 0);
  const said = series.slice(0, MOST_SAID).map((own) => `${own.arm}: ${kind.words(own, counted)}`);
  const more = series.length > MOST_SAID ? `; ${series.length - MOST_SAID} more in the table` : '';
  const rules = rulesOf(kind.lines, withHours(document));
  return {
    id: kind.id,
    kind: 'hours',
    column: kind.column,
    points: rowsOf(series, kind.column),
    title: kind.title,
    subtitle: kind.subtitle,
    width: kind.width,
    sentence: `${kind.claim}, after warm-up: ${said.join('; ')}${more}.`,
    specOf: (live) => ({
      width,
      height: kind.width === 'full' ? 220 : 170,
      ...(rules.length > 0 || kind.width === 'half' ? {} : { padding: EMPTY_MARGIN }),
      params: hourParams(from, to, width),
      layer: [
        lineLayer(live, kind.axis, document, kind.scale),
        leastAxisLayer(kind.least),
        ...warmUpOf(document),
        ...rules,
      ],
    }),
  };
}

function lineLayer(live: Piece, axis: string, document: LabDocument, scale: 'linear' | 'sqrt' = 'linear'): Piece {
  return {
    data: live,
    mark: { type: 'line', strokeWidth: 1.8, clip: true },
    encoding: {
      x: shownHoursAxis(),
      y: { field: 'value', type: 'quantitative', title: axis, scale: { type: scale, zero: true } },
      color: armScale(document),
      tooltip: [
        { field: 'arm', type: 'nominal' },
        { field: 'value', type: 'quantitative', format: '.3~g', title: axis },
      ],
    },
  };
}

/** Ground over the warm-up, clipped to the hours shown. */
function warmUpOf(document: LabDocument): readonly Piece[] {
  const hours = withHours(document)[0]?.hours.lines?.warmUpHours ?? 0;
  const [ground] = warmUpLayers(hours * 3_600_000, Number.POSITIVE_INFINITY, 0);
  if (ground === undefined) return [];
  const { mark } = ground as { readonly mark: Piece };
  return [{ ...ground, mark: { ...mark, clip: true } }];
}

/** The lines of all arms: one where they agree; where they differ the lowest and the highest. */
function rulesOf(
  lines: readonly PlanLine[],
  arms: readonly (LabArm & { readonly hours: LabHours })[],
): readonly Piece[] {
  const drawn = lines.flatMap(({ of, words, colour }) => {
    const values = arms.map(({ hours }) => (hours.lines === null ? null : of(hours.lines)));
    const known = values.filter((value) => value !== null);
    const ends = known.length === 0 ? [] : [...new Set([Math.min(...known), Math.max(...known)])];
    return ends.map((percent) => ({ percent, words, colour }));
  });
  return waterLineLayers(drawn);
}

/** Late requests of the service that is picked; the one hurt most at first. */
function serviceChart(document: LabDocument, from: number, to: number): LinkedChart[] {
  const services = serviceSeries(document);
  const [worst] = services;
  const arms = withHours(document);
  if (worst === undefined || arms.length === 0) return [];
  const own = services.filter(({ name }) => name === worst.name);
  const width = widthOf('full');
  const objective = 100 - (arms[0].hours.lines?.objectivePercent ?? 99);
  const counted = Math.floor(arms[0].hours.lines?.warmUpHours ?? 0);
  const said = own.slice(0, MOST_SAID).map(({ arm, latePercent }) => {
    const hours = latePercent.slice(counted);
    const beyond = hours.filter((value) => value > objective).length;
    return `${arm}: ${beyond} of ${hours.length} hours beyond the objective, worst ${percent(Math.max(0, ...hours))}`;
  });
  return [
    {
      id: 'service',
      kind: 'service',
      column: '',
      points: own.flatMap(({ arm, latePercent }) =>
        latePercent.map((value, hour) => ({ arm, hour: hour + 0.5, value })),
      ),
      title: 'One service: late requests',
      subtitle: `percent of its requests, of seed ${arms[0].hours.serviceSeed}; pick another service above; square-root axis`,
      width: 'full',
      sentence: `Hurt most is ${worst.name}: ${said.join('; ')}.`,
      specOf: (live) => ({
        width,
        height: 180,
        params: hourParams(from, to, width),
        layer: [
          lineLayer(live, 'late, % of requests', document, 'sqrt'),
          ...warmUpOf(document),
          ...ruleLayers(objective, `objective ${setPercent(objective)}`, COLOURS.line),
        ],
      }),
    },
  ];
}
