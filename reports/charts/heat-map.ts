/** Hosts by hour: where and when CPU was used. Hosts are sorted by mean use and drawn in groups of like hosts. */
import { numbers } from '../columns.ts';
import type { RunFacts } from '../facts.ts';
import { fixed, percent } from '../format.ts';
import { binHours } from '../frames.ts';
import type { Chart } from './theme.ts';
import { FULL_WIDTH, timeAxis } from './theme.ts';

const MOST_ROWS = 50;
const MOST_COLUMNS = 170;

/** Mean use of groups of hosts per hour, percent; rows of the chart are groups of about equal size, busiest on top. */
export function heatMapChart(facts: RunFacts, hours: number): Chart {
  const hostHours = facts.results.tables.hostHours;
  const hosts = facts.results.tables.hosts.rows;
  const rows = Math.max(1, Math.min(MOST_ROWS, hosts));
  const step = binHours(hours, MOST_COLUMNS);
  const columns = Math.max(1, Math.ceil(hours / step));
  const { groupOf, quietest, busiest } = groupsByUse(facts, rows);

  const sums = new Float64Array(rows * columns);
  const counts = new Float64Array(rows * columns);
  const host = numbers(hostHours.columns.host);
  const hour = numbers(hostHours.columns.hour);
  const online = numbers(hostHours.columns.onlineUtilisation);
  const bestEffort = numbers(hostHours.columns.bestEffortUtilisation);
  for (let row = 0; row < hostHours.rows; row++) {
    const cell = groupOf[host[row]] * columns + Math.min(columns - 1, Math.floor(hour[row] / step));
    sums[cell] += online[row] + bestEffort[row];
    counts[cell]++;
  }
  const values: Record<string, number>[] = [];
  for (let cell = 0; cell < sums.length; cell++) {
    if (counts[cell] === 0) continue;
    const column = cell % columns;
    const group = Math.floor(cell / columns);
    values.push({
      from: column * step,
      to: Math.min(hours, (column + 1) * step),
      top: (100 * group) / rows,
      bottom: (100 * (group + 1)) / rows,
      percent: (100 * sums[cell]) / counts[cell],
    });
  }
  const lowest = 10 * Math.floor(Math.min(90, ...values.map((value) => value.percent)) / 10);
  const highest = Math.max(lowest + 10, 10 * Math.ceil(Math.max(0, ...values.map((value) => value.percent)) / 10));
  const each = hosts > rows ? `each row the mean of about ${fixed(hosts / rows)} hosts` : 'each row one host';
  return {
    id: 'hosts-by-hour',
    title: 'CPU by host and hour',
    subtitle: `online and best effort, percent of the host's CPU; ${each}, sorted by mean use; columns of ${step} h`,
    width: 'full',
    crisp: true,
    sentence:
      `Over the measured hours the busiest ${hosts > rows ? 'group of hosts' : 'host'} used ${percent(busiest)} of its CPU, the ` +
      `quietest ${percent(quietest)}. ${
        busiest - quietest > 20
          ? 'The spread is wide: placement leaves room on some hosts while others are near the lines.'
          : 'The spread is small: hosts are used evenly.'
      }`,
    spec: {
      width: FULL_WIDTH,
      height: 300,
      data: { values },
      mark: { type: 'rect', strokeWidth: 0 },
      encoding: {
        x: { field: 'from', ...timeAxis(hours, FULL_WIDTH) },
        x2: { field: 'to' },
        y: {
          field: 'top',
          type: 'quantitative',
          scale: { domain: [0, 100], reverse: true, nice: false },
          title: 'hosts, busiest on top (% of hosts)',
          axis: { grid: false },
        },
        y2: { field: 'bottom' },
        color: {
          field: 'percent',
          type: 'quantitative',
          scale: { domain: [lowest, highest], scheme: 'viridis' },
          legend: { title: 'CPU used, %', orient: 'right', gradientLength: 220 },
        },
      },
    },
  };
}

/** Group of every host by its mean use after warm-up, 0 the busiest, and the mean use (percent) of the extreme groups. */
function groupsByUse(facts: RunFacts, groups: number) {
  const hostHours = facts.results.tables.hostHours;
  const hosts = facts.results.tables.hosts.rows;
  const host = numbers(hostHours.columns.host);
  const hour = numbers(hostHours.columns.hour);
  const online = numbers(hostHours.columns.onlineUtilisation);
  const bestEffort = numbers(hostHours.columns.bestEffortUtilisation);
  const use = new Float64Array(hosts);
  const seen = new Float64Array(hosts);
  for (let row = 0; row < hostHours.rows; row++) {
    if (hour[row] < facts.firstHour) continue;
    use[host[row]] += online[row] + bestEffort[row];
    seen[host[row]]++;
  }
  for (let h = 0; h < hosts; h++) if (seen[h] > 0) use[h] /= seen[h];
  const order = Array.from(use.keys()).sort((a, b) => use[b] - use[a] || a - b);
  const groupOf = new Int32Array(hosts);
  const sums = new Float64Array(groups);
  const sizes = new Float64Array(groups);
  order.forEach((h, rank) => {
    const group = Math.floor((rank * groups) / hosts);
    groupOf[h] = group;
    sums[group] += use[h];
    sizes[group]++;
  });
  const meanOf = (group: number): number => (sizes[group] > 0 ? (100 * sums[group]) / sizes[group] : 0);
  return { groupOf, busiest: meanOf(0), quietest: meanOf(groups - 1) };
}
