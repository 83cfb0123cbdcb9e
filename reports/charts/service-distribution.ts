/** How late requests spread over all services: the share of services at or below each share of late requests. */
import { numbers } from '../columns.ts';
import type { RunFacts } from '../facts.ts';
import { count, percent, setPercent } from '../format.ts';
import type { Chart } from './theme.ts';
import { COLOURS, HALF_WIDTH } from './theme.ts';

const MOST_STEPS = 400;

export function serviceDistributionChart(facts: RunFacts): Chart {
  const services = facts.results.tables.services;
  const requests = numbers(services.columns.requests);
  const late = numbers(services.columns.violatingRequests);
  const shares = Float64Array.from(requests, (offered, row) => (offered > 0 ? (100 * late[row]) / offered : 0)).sort();
  const stride = Math.max(1, Math.ceil(shares.length / MOST_STEPS));
  const values: { late: number; services: number }[] = [];
  for (let row = 0; row < shares.length; row++)
    if (row % stride === 0 || row === shares.length - 1)
      values.push({ late: shares[row], services: (100 * (row + 1)) / shares.length });
  const allowed = 100 - facts.settings.objectivePercent;
  const within = shares.filter((share) => share <= allowed).length;
  const median = shares.length > 0 ? shares[Math.floor((shares.length - 1) / 2)] : 0;
  return {
    id: 'service-distribution',
    title: 'Late requests over all services',
    subtitle: `share of ${count(shares.length, 'service')} with at most so many late requests, after warm-up`,
    width: 'half',
    sentence:
      `${within} of ${count(shares.length, 'service')} stay within the ${setPercent(allowed)} allowed over the whole run; the median ` +
      `service has ${percent(median)} of requests late.`,
    spec: {
      width: HALF_WIDTH,
      height: 220,
      layer: [
        {
          data: { values },
          mark: { type: 'line', interpolate: 'step-after', color: COLOURS.online, strokeWidth: 2 },
          encoding: {
            x: { field: 'late', type: 'quantitative', title: 'late requests, % of the service', scale: { zero: true } },
            y: { field: 'services', type: 'quantitative', title: 'services, %', scale: { domain: [0, 100] } },
          },
        },
        {
          data: { values: [{ late: allowed, label: `${setPercent(allowed)} allowed` }] },
          mark: { type: 'rule', color: COLOURS.line, strokeDash: [6, 4], strokeWidth: 1.5 },
          encoding: { x: { field: 'late', type: 'quantitative' } },
        },
        {
          data: { values: [{ late: allowed, label: `${setPercent(allowed)} allowed` }] },
          mark: { type: 'text', align: 'center', baseline: 'bottom', dy: -3, color: COLOURS.line, fontWeight: 'bold' },
          encoding: { x: { field: 'late', type: 'quantitative' }, y: { value: 0 }, text: { field: 'label' } },
        },
      ],
    },
  };
}
