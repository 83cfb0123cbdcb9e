/** Hosts that had failed or were drained. */
import { numbers, quantileOf } from '../columns.ts';
import type { RunFacts } from '../facts.ts';
import { hourOfLargest } from '../facts.ts';
import { count, dayHour, fixed } from '../format.ts';
import { binMinutes, binWindows, binWords, rowsOf } from '../frames.ts';
import type { Chart } from './theme.ts';
import { COLOURS, FULL_WIDTH, timeAxis, warmUpLayers } from './theme.ts';

/** Nothing in a run in which every host was up all the time. */
export function hostsDownChart(facts: RunFacts, hours: number): Chart[] {
  const { windows } = facts.results.tables;
  const down = numbers(windows.columns.hostsDown);
  const most = quantileOf(down.subarray(facts.firstRow), 1);
  if (!(most > 0)) return [];
  const minutes = binMinutes(hours, facts.settings.windowMs);
  const { summary } = facts.results;
  return [
    {
      id: 'hosts-down',
      title: 'Hosts down',
      subtitle: `failed or drained, most in each ${binWords(minutes)}`,
      width: 'full',
      sentence:
        `${count(summary.hostFailures, 'host failure')}; at most ${fixed(most)} of ${count(summary.hosts, 'host')} were down at once ` +
        `(${dayHour(hourOfLargest(facts, down))}).`,
      spec: {
        width: FULL_WIDTH,
        height: 120,
        data: { values: rowsOf(binWindows(windows, minutes, { hostsDown: 'max' })) },
        layer: [
          {
            mark: { type: 'area', color: COLOURS.line, opacity: 0.6, interpolate: 'step-after' },
            encoding: {
              x: { field: 'hour', ...timeAxis(hours, FULL_WIDTH) },
              y: {
                field: 'hostsDown',
                type: 'quantitative',
                title: 'hosts',
                scale: { zero: true },
                axis: { tickMinStep: 1 },
              },
            },
          },
          ...warmUpLayers(facts.settings.warmUpMs, hours, FULL_WIDTH),
        ],
      },
    },
  ];
}
