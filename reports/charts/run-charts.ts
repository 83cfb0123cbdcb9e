/** The charts of a report about one run, in the order they are read. */
import type { RunFacts } from '../facts.ts';
import { batchPoolChart } from './batch-pool.ts';
import type { Chart } from './theme.ts';
import { utilisationChart } from './utilisation.ts';

/** All charts; `hours` is the length of the run. */
export function runCharts(facts: RunFacts): Chart[] {
  const { windows } = facts.results.tables;
  const hours = Math.max(1, (windows.rows * facts.settings.windowMs) / 3_600_000);
  return [utilisationChart(facts, hours), batchPoolChart(facts, hours)];
}
