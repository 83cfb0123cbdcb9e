/** How figures answer to a setting of a sweep. */
import type { LabDocument, LabFigure } from '../../sim/results/lab-document.ts';
import type { Piece } from '../charts/theme.ts';
import { HALF_WIDTH } from '../charts/theme.ts';
import { figures as shortFigure } from '../format.ts';
import { armScale } from './arm-colours.ts';
import type { LinkedChart } from './linked-chart.ts';

/** How figures answer to the first setting that varies; further settings make lines of their own. */
const RESPONSES = [
  'cpuUtilisationMeanPercent',
  'violationServiceHourPercent',
  'doneCoreHours',
  'lateRequestFromColocationPercent',
  'evictionsPer1000Starts',
  'costPerUsefulCoreHour',
] as const;

export function responseCharts(document: LabDocument, setting: string): LinkedChart[] {
  const { arms } = document;
  if (document.kind !== 'sweep' || arms.length < 2 || arms[0].at.length === 0) return [];
  const numeric = arms.every((arm) => typeof arm.at[0] === 'number');
  const x: Piece = numeric
    ? { field: 'at', type: 'quantitative', title: setting, scale: { zero: false, nice: false, padding: 12 } }
    : { field: 'at', type: 'nominal', title: setting, sort: null };
  return RESPONSES.flatMap((name): LinkedChart[] => {
    const figure = document.figures.find((known) => known.figure === name);
    if (figure === undefined) return [];
    const points = arms.map((arm) => {
      const { mean, halfWidth } = arm.estimates[name];
      return {
        arm: arm.name,
        at: arm.at[0],
        group: arm.at.slice(1).join(', '),
        mean,
        low: mean - (halfWidth ?? 0),
        high: mean + (halfWidth ?? 0),
      };
    });
    // A figure that the setting does not move has nothing to show.
    if (points.every((point) => point.mean === points[0].mean)) return [];
    const grouped = points.some((point) => point.group !== '');
    const title = figure.unit === '' ? figure.words : `${figure.words}, ${figure.unit}`;
    const y = (field: string): Piece => ({ field, type: 'quantitative', title, scale: { zero: false } });
    const line = {
      mark: { type: 'line', color: 'currentColor', opacity: 0.35 },
      encoding: { x, y: y('mean'), ...(grouped ? { detail: { field: 'group', type: 'nominal' } } : {}) },
    };
    return [
      {
        id: `response-${name}`,
        kind: 'points',
        column: '',
        points,
        title: `${figure.words.charAt(0).toUpperCase()}${figure.words.slice(1)}`,
        subtitle: `against ${setting}; bars: 95 % intervals over seeds`,
        width: 'half',
        sentence: responseSentence(figure, points),
        specOf: (live) => ({
          width: HALF_WIDTH,
          height: 190,
          layer: [
            ...(numeric ? [{ data: live, ...line }] : []),
            {
              data: live,
              mark: { type: 'rule' },
              encoding: { x, y: y('low'), y2: { field: 'high' }, color: armScale(document) },
            },
            {
              data: live,
              mark: { type: 'point', filled: true, size: 70, opacity: 1 },
              encoding: {
                x,
                y: y('mean'),
                color: armScale(document),
                tooltip: [
                  { field: 'arm', type: 'nominal' },
                  { field: 'mean', type: 'quantitative', format: '.4~g', title },
                ],
              },
            },
          ],
        }),
      },
    ];
  });
}

function responseSentence(
  figure: LabFigure,
  points: readonly { readonly arm: string; readonly mean: number }[],
): string {
  const means = points.map((point) => point.mean);
  const [least, most] = [Math.min(...means), Math.max(...means)];
  const unit = figure.unit === '' ? '' : ` ${figure.unit}`;
  const at = (value: number): string => points[means.indexOf(value)].arm;
  return `From ${shortFigure(least)}${unit} (${at(least)}) to ${shortFigure(most)}${unit} (${at(most)}).`;
}
