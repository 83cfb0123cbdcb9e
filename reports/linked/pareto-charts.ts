/** The choice between four goods: utilisation, violations, wasted work, cost. */
import type { LabDocument } from '../../sim/results/lab-document.ts';
import type { Piece } from '../charts/theme.ts';
import { HALF_WIDTH } from '../charts/theme.ts';
import { money, percent } from '../format.ts';
import { armScale } from './arm-colours.ts';
import type { LinkedChart } from './linked-chart.ts';

/** Two panels of the same points: utilisation against violations (size: wasted work), cost against wasted work. */
export function paretoCharts(document: LabDocument): LinkedChart[] {
  const points = document.arms.flatMap(({ name, pareto, estimates }) => {
    if (pareto === null) return [];
    const half = (figure: string): number => estimates[figure]?.halfWidth ?? 0;
    return [
      {
        arm: name,
        ...pareto,
        standing: pareto.efficient ? 'efficient' : 'beaten on all four',
        cpuLow: pareto.cpuUtilisationMeanPercent - half('cpuUtilisationMeanPercent'),
        cpuHigh: pareto.cpuUtilisationMeanPercent + half('cpuUtilisationMeanPercent'),
        violationLow: Math.max(0, pareto.violationServiceHourPercent - half('violationServiceHourPercent')),
        violationHigh: pareto.violationServiceHourPercent + half('violationServiceHourPercent'),
      },
    ];
  });
  if (points.length < 2) return [];
  const efficient = points.filter((point) => point.efficient).map((point) => point.arm);
  const names =
    efficient.length <= 4
      ? efficient.join(', ')
      : `${efficient.slice(0, 4).join(', ')} and ${efficient.length - 4} more`;
  type Point = (typeof points)[number];
  /** Who leads in the figure where less is better; arms that are alike have no leader. */
  const leader = (title: string, pick: (point: Point) => number, words: (point: Point) => string): string => {
    const best = points.reduce((least, point) => (pick(point) < pick(least) ? point : least));
    const isTie = points.every((point) => pick(point) === pick(best));
    return `${title}: ${isTie ? 'all alike' : best.arm} (${words(best)}).`;
  };
  const fullest = leader(
    'Fullest',
    (point) => -point.cpuUtilisationMeanPercent,
    (point) => `${percent(point.cpuUtilisationMeanPercent)} of CPU`,
  );
  const safest = leader(
    'Safest',
    (point) => point.violationServiceHourPercent,
    (point) => `${percent(point.violationServiceHourPercent)} of service-hours miss the objective`,
  );
  const cheapest = leader(
    'Cheapest',
    (point) => point.costPerUsefulCoreHour,
    (point) => `${money(point.costPerUsefulCoreHour, document.currency)} per useful core-hour`,
  );
  const thriftiest = leader(
    'Least wasted',
    (point) => point.wastedPercent,
    (point) => percent(point.wastedPercent),
  );
  const tooltip = [
    { field: 'arm', type: 'nominal' },
    { field: 'cpuUtilisationMeanPercent', type: 'quantitative', format: '.3~g', title: 'CPU, %' },
    { field: 'violationServiceHourPercent', type: 'quantitative', format: '.3~g', title: 'P(violation), %' },
    { field: 'wastedPercent', type: 'quantitative', format: '.3~g', title: 'wasted, %' },
    {
      field: 'costPerUsefulCoreHour',
      type: 'quantitative',
      format: '.3~g',
      title: `cost per core-hour, ${document.currency}`,
    },
    { field: 'standing', type: 'nominal' },
  ];
  const shape = {
    field: 'standing',
    type: 'nominal',
    scale: { domain: ['efficient', 'beaten on all four'], range: ['circle', 'cross'] },
    title: null,
  };
  // A scale over nothing but zeros would have no length.
  const top = Math.max(0.1, 1.1 * Math.max(...points.map((point) => point.violationHigh)));
  const wasteTop = Math.max(0.1, 1.1 * Math.max(...points.map((point) => point.wastedPercent)));
  const violation = (field: string): Piece => ({
    field,
    type: 'quantitative',
    title: 'P(violation), % of service-hours',
    scale: { domain: [0, top] },
  });
  const axis = (field: string, title: string): Piece => ({
    field,
    type: 'quantitative',
    title,
    scale: { zero: false, nice: true },
  });
  return [
    {
      id: 'pareto',
      kind: 'points',
      column: '',
      points,
      title: 'Utilisation against violations',
      subtitle: 'right and down is better; bars: 95 % intervals; size: share of work wasted',
      width: 'half',
      sentence: `${fullest} ${safest}`,
      specOf: (live) => ({
        width: HALF_WIDTH - 10,
        height: 240,
        layer: [
          {
            data: live,
            mark: { type: 'rule', opacity: 0.5 },
            encoding: {
              x: axis('cpuLow', 'CPU utilisation, %'),
              x2: { field: 'cpuHigh' },
              y: violation('violationServiceHourPercent'),
              color: armScale(document),
            },
          },
          {
            data: live,
            mark: { type: 'rule', opacity: 0.5 },
            encoding: {
              x: axis('cpuUtilisationMeanPercent', 'CPU utilisation, %'),
              y: violation('violationLow'),
              y2: { field: 'violationHigh' },
              color: armScale(document),
            },
          },
          {
            data: live,
            mark: { type: 'point', filled: true, opacity: 0.9 },
            encoding: {
              x: axis('cpuUtilisationMeanPercent', 'CPU utilisation, %'),
              y: violation('violationServiceHourPercent'),
              size: {
                field: 'wastedPercent',
                type: 'quantitative',
                scale: { range: [50, 350] },
                legend: null,
              },
              shape,
              color: armScale(document),
              tooltip,
            },
          },
        ],
      }),
    },
    {
      id: 'pareto-cost',
      kind: 'points',
      column: '',
      points,
      title: 'Cost against wasted work',
      subtitle: 'left and down is better',
      width: 'half',
      sentence: `${cheapest} ${thriftiest} Not beaten on all four: ${names}.`,
      specOf: (live) => ({
        width: HALF_WIDTH - 10,
        height: 240,
        data: live,
        mark: { type: 'point', filled: true, opacity: 0.9, size: 110 },
        encoding: {
          x: axis('costPerUsefulCoreHour', `cost per useful core-hour, ${document.currency}`),
          y: {
            field: 'wastedPercent',
            type: 'quantitative',
            title: 'work wasted, %',
            scale: { domain: [0, wasteTop] },
          },
          shape,
          color: armScale(document),
          tooltip,
        },
      }),
    },
  ];
}
