/** What burned the error budget, hour by hour and by cause. */
import { texts } from '../columns.ts';
import { budgetFacts, CAUSES } from '../error-budget.ts';
import type { RunFacts } from '../facts.ts';
import { dayHour, duration, percent, setPercent } from '../format.ts';
import type { Chart } from './theme.ts';
import { COLOURS, colourScale, EMPTY_MARGIN, FULL_WIDTH, HEIGHT, timeAxis, warmUpLayers } from './theme.ts';

const CAUSE_COLOURS = [COLOURS.online, COLOURS.bestEffort, COLOURS.second, COLOURS.line, COLOURS.third] as const;

/** Causes below this are not named in the sentence. */
const LEAST_PERCENT = 0.005;

export function errorBudgetChart(facts: RunFacts, hours: number): Chart {
  const { results, settings, firstHour, firstRow } = facts;
  const budget = budgetFacts(results, settings.objectivePercent, firstHour, firstRow, settings.windowMs);
  const values = budget.hours.flatMap(({ hour, late }) => {
    let top = 0;
    return CAUSES.flatMap((cause) => {
      const part = budget.budget > 0 ? (100 * late[cause]) / budget.budget : 0;
      if (part === 0) return [];
      const low = top;
      top += part;
      return [{ from: hour, to: hour + 1, cause, low, high: top }];
    });
  });
  const causes = [...CAUSES]
    .filter((cause) => budget.byCause[cause] >= LEAST_PERCENT)
    .sort((a, b) => budget.byCause[b] - budget.byCause[a])
    .map((cause) => `${cause} ${percent(budget.byCause[cause])}`);
  const worst = budget.worst === null ? '' : (texts(results.tables.services.columns.name)[budget.worst.service] ?? '');
  const alerts = budget.alerts.map(({ name, rate, longMs, shortMs, minutes, firstMs }) => {
    const rule = `${name} (${rate} x over ${duration(longMs)} and ${duration(shortMs)})`;
    if (firstMs === null) return `${rule} never`;
    return `${rule} for ${duration(minutes * 60_000)}, first at ${dayHour(Math.floor(firstMs / 3_600_000))}`;
  });
  const x = { field: 'from', ...timeAxis(hours, FULL_WIDTH) };
  return {
    id: 'error-budget',
    title: 'What burned the error budget',
    subtitle:
      `late requests of each hour, percent of the ${setPercent(100 - settings.objectivePercent)} of all requests that may be late; the ` +
      'second or two until best effort is squeezed is not modelled',
    width: 'full',
    sentence:
      budget.worst === null
        ? 'Nothing was burned: no request was late.'
        : `${percent(budget.burnedPercent)} of the budget was burned: ${causes.join(', ')}. ${worst} burned most, ` +
          `${percent(budget.worst.percent)}. Alerts on all services together: ${alerts.join('; ')}.`,
    spec: {
      width: FULL_WIDTH,
      padding: EMPTY_MARGIN,
      height: HEIGHT,
      layer: [
        {
          data: { values },
          mark: { type: 'rect' },
          encoding: {
            x,
            x2: { field: 'to' },
            y: { field: 'low', type: 'quantitative', title: 'of the budget, %', scale: { zero: true } },
            y2: { field: 'high' },
            color: {
              field: 'cause',
              type: 'nominal',
              title: null,
              scale: colourScale(CAUSES.map((cause, at) => [cause, CAUSE_COLOURS[at]] as const)),
            },
          },
        },
        ...warmUpLayers(settings.warmUpMs, hours, FULL_WIDTH),
      ],
    },
  };
}
