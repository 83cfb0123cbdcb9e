import { expect, test } from 'vitest';
import { type Inspection, spreadOf } from '../traces/inspect.ts';
import { pluralOf, traceCharts } from './trace-charts.ts';

const none = spreadOf([]);
const inspection: Inspection = {
  folder: 'f',
  format: 'made',
  hosts: 0,
  hostCores: 0,
  hostMemGib: 0,
  usage: [
    {
      kind: 'vm',
      services: 2,
      samples: 1_000,
      unknownSamples: 3,
      days: 3,
      coverageRatio: 0.75,
      coverageByHour: Array.from({ length: 72 }, (_, hour) => (hour < 36 ? 1 : 0.5)),
      coresByHour: Array.from({ length: 72 }, (_, hour) => (hour === 5 ? Number.NaN : 2)),
      gaps: 4,
      longestGapHours: 6,
      meanMilliCpu: 2_000,
      hourOfDay: Array.from({ length: 24 }, (_, hour) => (hour === 3 ? 0.5 : hour === 20 ? 1.5 : 1)),
      dayOfWeek: [1, 1.2, 0.8, Number.NaN, Number.NaN, Number.NaN, Number.NaN],
      peakToTrough: 3,
      cpuOverRequest: spreadOf([0.1, 0.2, 0.3]),
      memOverRequest: none,
      peakOverMean: spreadOf([2, 2]),
      throttledShare: none,
      gpusUsed: none,
      medians: null,
    },
  ],
  tasks: null,
  notes: [],
};

test('use, coverage, day, week and CPU over request are drawn; memory is not known and all peaks are alike', () => {
  const charts = traceCharts(inspection);
  expect(charts.map(({ id }) => id)).toEqual(['use-0', 'coverage-0', 'hours-0', 'days-0', 'spread-cpu-0']);
  expect(charts.map(({ sentence }) => sentence)).toEqual([
    '2 cores on average over 3 days.',
    '75 % of the slots have a value; 4 gaps, the longest 6 h; 3 samples were marked as invalid.',
    'Highest at hour 20 (1.5 of the mean), lowest at hour 3 (0.5): p/t 3.',
    'Day 1 is the busiest (1.2 of the mean), day 2 the quietest (0.8).',
    'Half are at or below 20 %, nine of ten at or below 28 %; mean 20 %.',
  ]);
  // An hour without a value is a hole, not a 0.
  const values = (charts[0].spec.data as { values: { value: number | null }[] }).values;
  expect([values[4].value, values[5].value]).toEqual([2, null]);
});

test('arrivals: the busiest hour is named; durations stand on a logarithm from the least above 0', () => {
  const tasks = {
    ...{ tasks: 4, jobs: 2, hours: 3, perHour: 4 / 3, hourOfDay: [], arrivalsByHour: [1, 3, 0], withParents: 0 },
    ...{ durationS: spreadOf([0, 10, 100, 1_000]), requestCores: none, requestMemGib: none, instances: none },
    ...{ cpuOverRequest: none, tasksPerJob: none },
  };
  const [arrivals, durations] = traceCharts({ ...inspection, usage: [], tasks });
  expect(arrivals.sentence).toBe('1.33 tasks an hour on average, 3 in hour 1, the busiest; 4 tasks in 2 jobs.');
  const [line] = durations.spec.layer as { data: { values: { value: number }[] } }[];
  expect(line.data.values[0].value).toBeGreaterThan(0);
  expect(line.data.values.at(-1)?.value).toBe(1_000);
});

test('one service at a hundred times its request puts the axis on a logarithm; without it the axis is plain', () => {
  const axisOf = (shares: readonly number[]) => {
    const usage = [{ ...inspection.usage[0], cpuOverRequest: spreadOf(shares) }];
    const [chart] = traceCharts({ ...inspection, usage }).filter(({ id }) => id === 'spread-cpu-0');
    const [line] = chart.spec.layer as { encoding: { x: { scale: { type?: string } } } }[];
    return line.encoding.x.scale.type;
  };
  const usual = Array.from({ length: 20 }, (_, at) => 0.1 + at / 100);
  expect([axisOf(usual), axisOf([...usual, 100])]).toEqual([undefined, 'log']);
});

test('kinds in the plural', () => {
  expect(['vm', 'container', ''].map(pluralOf)).toEqual(['VMs', 'containers', 'services']);
});
