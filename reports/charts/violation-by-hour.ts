/** P(violation) hour by hour: the share of services that broke their objective, with its interval. */
import { numbers } from '../columns.ts';
import type { RunFacts } from '../facts.ts';
import { dayHour, fixed, percent, setPercent } from '../format.ts';
import { wilsonInterval } from '../violation.ts';
import type { Chart } from './theme.ts';
import { COLOURS, EMPTY_MARGIN, FULL_WIDTH, HEIGHT, timeAxis, warmUpLayers } from './theme.ts';

interface HourShare {
  readonly hour: number;
  /** Services with requests. */
  readonly total: number;
  readonly percent: number;
  readonly low: number;
  readonly high: number;
}

/** Share of services with requests that broke their objective in each hour, Wilson's 95 % interval over services. */
export function violationByHour(facts: RunFacts): HourShare[] {
  const { serviceHours } = facts.results.tables;
  const hour = numbers(serviceHours.columns.hour);
  const requests = numbers(serviceHours.columns.requests);
  const late = numbers(serviceHours.columns.violatingRequests);
  const allowed = 1 - facts.settings.objectivePercent / 100;
  const seen: { total: number; violating: number }[] = [];
  for (let row = 0; row < serviceHours.rows; row++) {
    if (!(requests[row] > 0)) continue;
    while (seen.length <= hour[row]) seen.push({ total: 0, violating: 0 });
    seen[hour[row]].total++;
    if (late[row] > allowed * requests[row]) seen[hour[row]].violating++;
  }
  return seen.flatMap(({ total, violating }, at) => {
    if (total === 0) return [];
    const [low, high] = wilsonInterval(violating / total, total, 0.95);
    return [{ hour: at + 0.5, total, percent: (100 * violating) / total, low: 100 * low, high: 100 * high }];
  });
}

export function violationByHourChart(facts: RunFacts, hours: number): Chart {
  const shares = violationByHour(facts);
  const measured = shares.filter((share) => share.hour >= facts.firstHour);
  const worst = measured.reduce((a, b) => (b.percent > a.percent ? b : a), measured[0] ?? shares[0]);
  const calm = measured.filter((share) => share.percent === 0).length;
  const x = { field: 'hour', ...timeAxis(hours, FULL_WIDTH) };
  return {
    id: 'violation-by-hour',
    title: 'P(violation) by hour',
    subtitle:
      `services in which more than ${setPercent(100 - facts.settings.objectivePercent)} of requests of the hour were late, percent of ` +
      'services; band: 95 % interval over services',
    width: 'full',
    sentence:
      worst === undefined || worst.percent === 0
        ? `No service broke its objective in any hour; the band is what so few services (${fixed(shares[0]?.total ?? 0)}) cannot rule out.`
        : `The worst hour was ${dayHour(Math.floor(worst.hour))}: ${percent(worst.percent)} of services broke their objective (95 % ` +
          `interval ${percent(worst.low)} to ${percent(worst.high)}). In ${calm} of ${measured.length} measured hours none did.`,
    spec: {
      width: FULL_WIDTH,
      padding: EMPTY_MARGIN,
      height: HEIGHT,
      data: { values: shares },
      layer: [
        {
          mark: { type: 'area', color: COLOURS.line, opacity: 0.22 },
          encoding: {
            x,
            y: { field: 'low', type: 'quantitative', title: 'services, %', scale: { zero: true } },
            y2: { field: 'high' },
          },
        },
        {
          mark: { type: 'line', color: COLOURS.line, strokeWidth: 1.8 },
          encoding: { x, y: { field: 'percent', type: 'quantitative' } },
        },
        ...warmUpLayers(facts.settings.warmUpMs, hours, FULL_WIDTH),
      ],
    },
  };
}
