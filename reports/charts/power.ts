/** Electric power at the hosts and what the run cost. */
import { MS_PER_DAY } from '../../policies/base/units.ts';
import type { RunFacts } from '../facts.ts';
import { duration, fixed, money } from '../format.ts';
import { binMinutes, binWindows, binWords, rowsOf } from '../frames.ts';
import type { Chart } from './theme.ts';
import { COLOURS, EMPTY_MARGIN, FULL_WIDTH, timeAxis, warmUpLayers } from './theme.ts';

export function powerChart(facts: RunFacts, hours: number): Chart {
  const { settings, results } = facts;
  const minutes = binMinutes(hours, settings.windowMs);
  const values = rowsOf(binWindows(results.tables.windows, minutes, { powerWatts: 'mean' })).map((bin) => ({
    hour: bin.hour,
    kilowatts: (bin.powerWatts as number) / 1000,
  }));
  const { summary } = results;
  const pue = settings.pue === null ? '' : ` at a PUE of ${settings.pue}`;
  return {
    id: 'power',
    title: 'Power and cost',
    subtitle: `kilowatts at the hosts, without PUE, means of ${binWords(minutes)}`,
    width: 'full',
    sentence:
      `${fixed(summary.energyKwh)} kWh${pue}. With the hosts themselves ${duration(summary.days * MS_PER_DAY)} cost ` +
      `${money(summary.cost, settings.currency)}, ${money(summary.costPerUsefulCoreHour, settings.currency)} per useful core-hour ` +
      '(online use plus finished best effort).',
    spec: {
      width: FULL_WIDTH,
      padding: EMPTY_MARGIN,
      height: 180,
      data: { values },
      layer: [
        {
          mark: { type: 'area', color: COLOURS.third, opacity: 0.5, line: { color: COLOURS.third } },
          encoding: {
            x: { field: 'hour', ...timeAxis(hours, FULL_WIDTH) },
            y: { field: 'kilowatts', type: 'quantitative', title: 'power, kW', scale: { zero: true } },
          },
        },
        ...warmUpLayers(settings.warmUpMs, hours, FULL_WIDTH),
      ],
    },
  };
}
