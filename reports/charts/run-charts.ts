/** The charts of a report about one run, in the order they are read. */
import type { RunFacts } from '../facts.ts';
import { batchPoolChart } from './batch-pool.ts';
import { errorBudgetChart } from './error-budget.ts';
import { evictionsChart, wastedWorkChart } from './evictions.ts';
import { heatMapChart } from './heat-map.ts';
import { hostsDownChart } from './hosts-down.ts';
import { memoryChart } from './memory.ts';
import { powerChart } from './power.ts';
import { pendingChart, waitsChart } from './queueing.ts';
import { serviceDistributionChart } from './service-distribution.ts';
import { strandingChart } from './stranding.ts';
import { suppressionChart } from './suppression.ts';
import type { Chart } from './theme.ts';
import { utilisationChart } from './utilisation.ts';
import { violationByHourChart } from './violation-by-hour.ts';
import { worstServicesChart } from './worst-services.ts';

/** All charts of a run; results without windows have none. */
export function runCharts(facts: RunFacts): Chart[] {
  const { windows } = facts.results.tables;
  if (windows.rows === 0) return [];
  const hours = Math.max(1, (windows.rows * facts.settings.windowMs) / 3_600_000);
  return [
    utilisationChart(facts, hours),
    ...batchPoolChart(facts, hours),
    violationByHourChart(facts, hours),
    errorBudgetChart(facts, hours),
    worstServicesChart(facts),
    serviceDistributionChart(facts),
    heatMapChart(facts, hours),
    suppressionChart(facts, hours),
    evictionsChart(facts, hours),
    wastedWorkChart(facts, hours),
    waitsChart(facts, hours),
    memoryChart(facts, hours),
    pendingChart(facts, hours),
    strandingChart(facts),
    powerChart(facts, hours),
    ...hostsDownChart(facts, hours),
  ];
}
