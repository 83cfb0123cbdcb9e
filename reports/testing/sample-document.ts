/**
 * A made-up comparison over two weeks whose hours can be summed by hand: arm n uses 20 n % of CPU in week 1 and 20 n + 10 % in week 2,
 * of 100 cores; 1000 requests an hour, of which n are late in week 1 and 2 n in week 2.
 */
import type { LabArm, LabDocument } from '../../sim/results/lab-document.ts';
import { LAB_FORMAT } from '../../sim/results/lab-document.ts';

const WEEK = 168;
const HOURS = 2 * WEEK;

const FIGURES = [
  ['cpuUtilisationMeanPercent', 'mean CPU utilisation', '%', 'higher'],
  ['violationServiceHourPercent', 'service-hours that miss the objective', '%', 'lower'],
  ['doneCoreHours', 'best-effort work done', 'core-hours', 'higher'],
  ['costPerUsefulCoreHour', 'cost per useful core-hour', 'EUR', 'lower'],
] as const;

const byWeek = (one: number, two: number): number[] =>
  Array.from({ length: HOURS }, (_, hour) => (hour < WEEK ? one : two));

function sampleArm(n: number): LabArm {
  const estimate = (mean: number, halfWidth: number) => ({ mean, halfWidth, n: 4 });
  return {
    name: `line ${60 + 5 * n}`,
    at: [60 + 5 * n],
    seeds: ['a', 'b', 'c', 'd'],
    digests: ['1', '2', '3', '4'],
    estimates: {
      cpuUtilisationMeanPercent: estimate(20 * n + 5, 1),
      violationServiceHourPercent: estimate(0.5 * n, 0.2),
      doneCoreHours: estimate(1000 * n, 50),
      costPerUsefulCoreHour: estimate(0.5 - 0.1 * n, 0.01),
    },
    pareto: {
      cpuUtilisationMeanPercent: 20 * n + 5,
      violationServiceHourPercent: 0.5 * n,
      wastedPercent: n,
      costPerUsefulCoreHour: 0.5 - 0.1 * n,
      efficient: n < 3,
    },
    hours: {
      n: 4,
      lines: {
        warmUpHours: 24,
        objectivePercent: 99,
        squeezeCpuPercent: 60 + 5 * n,
        sellCpuPercent: 60,
        sellMemoryPercent: 65,
        evictMemoryPercent: 70,
      },
      fromHour: 0,
      columns: {
        capacityCores: byWeek(100, 100),
        onlineCores: byWeek(10 * n, 10 * n),
        systemCores: byWeek(0, 10),
        bestEffortCores: byWeek(10 * n, 10 * n),
        soldCores: byWeek(50, 50),
        requestedCores: byWeek(40, 40),
        deniedCores: byWeek(0, n),
        memoryPercent: byWeek(50, 60),
        pendingTasks: byWeek(10, 20),
        requests: byWeek(1000, 1000),
        lateRequests: byWeek(n, 2 * n),
        lateRequestsAlone: byWeek(n, n),
        evictions: byWeek(0, n),
        doneCoreHours: byWeek(5, 5),
        wastedCoreHours: byWeek(0, 1),
      },
      services: [
        { name: 'checkout', latePercent: byWeek(0.5 * n, 1.5) },
        { name: 'search <b>', latePercent: byWeek(0.1, 0.2 * n) },
      ],
      serviceSeed: 'a',
    },
  };
}

export function sampleDocument(): LabDocument {
  const arms = [1, 2, 3].map(sampleArm);
  return {
    format: LAB_FORMAT,
    kind: 'compare',
    title: 'line 70, 75 against 65 <made up>',
    subtitle: '4 seeds in pairs',
    command: 'tidemark compare sample',
    answer: ['line 70 is better.', 'A week gains 1,000 core-hours.'],
    cards: [{ name: 'Seeds', value: '4', detail: 'in pairs' }],
    currency: 'EUR',
    arms,
    figures: FIGURES.map(([figure, words, unit, better]) => ({ figure, words, unit, better })),
    differences: arms.slice(1).flatMap((arm) => [
      {
        arm: arm.name,
        figure: 'cpuUtilisationMeanPercent',
        difference: 20,
        low: 18,
        high: 22,
        margin: 0.5,
        verdict: 'better' as const,
      },
      {
        arm: arm.name,
        figure: 'violationServiceHourPercent',
        difference: 0.5,
        low: null,
        high: null,
        margin: 0.5,
        verdict: 'undecided' as const,
      },
    ]),
    risk: null,
    notes: ['Four seeds.'],
    tables: [
      {
        id: 'table',
        caption: 'Every outcome.',
        shown: true,
        columns: [
          { name: 'arm', type: 'string', unit: '', about: 'arm' },
          { name: 'unit', type: 'string', unit: '', about: 'unit' },
          { name: 'runs', type: 'int32', unit: '', about: 'runs' },
          { name: 'mean', type: 'float64', unit: 'row', about: 'mean' },
          { name: 'meanHalfWidth', type: 'float64', unit: 'row', about: 'half width' },
        ],
        rows: [
          ['line 70', '%', 4, 45, 1],
          ['a "quoted", name', 'ms', 4, 90_000, null],
        ],
      },
    ],
  };
}
