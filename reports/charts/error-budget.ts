/** What burned the error budget, hour by hour and by cause. */
import { texts } from '../columns.ts';
import { type BudgetFacts, budgetFacts, CAUSES, type Cause, violationsSentence } from '../error-budget.ts';
import type { RunFacts } from '../facts.ts';
import { dayHour, duration, percent, setPercent } from '../format.ts';
import type { Chart } from './theme.ts';
import { COLOURS, colourScale, EMPTY_MARGIN, FULL_WIDTH, HEIGHT, timeAxis, warmUpLayers } from './theme.ts';

const COLOUR_OF_CAUSE: Readonly<Record<Cause, string>> = {
  'load of its own': COLOURS.online,
  'best effort beside it': COLOURS.bestEffort,
  'late suppression': '#b3591c',
  'CPU limits': COLOURS.second,
  memory: '#5aa9a5',
  'dead hosts': COLOURS.line,
  'replicas not placed': COLOURS.third,
};

/** Causes below this are not named in the sentence. */
const LEAST_PERCENT = 0.005;

/** Which cause weighed most in the service-hours that broke the objective. */
function violationsText(budget: BudgetFacts): string {
  const text = violationsSentence(budget);
  return text === '' ? '' : `Service-hours that missed the objective, by their main cause: ${text}. `;
}

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
  // A legend of causes that burned nothing would only hide the others.
  const burned = CAUSES.filter((cause) => budget.byCause[cause] > 0);
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
    subtitle: `late requests of each hour, percent of the ${setPercent(100 - settings.objectivePercent)} of all requests that may be late`,
    width: 'full',
    sentence:
      budget.worst === null
        ? 'Nothing was burned: no request was late.'
        : `${percent(budget.burnedPercent)} of the budget was burned: ${causes.join(', ')}. ${violationsText(budget)}${worst} burned most, ` +
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
              scale: colourScale(burned.map((cause) => [cause, COLOUR_OF_CAUSE[cause]] as const)),
            },
          },
        },
        ...warmUpLayers(settings.warmUpMs, hours, FULL_WIDTH),
      ],
    },
  };
}
