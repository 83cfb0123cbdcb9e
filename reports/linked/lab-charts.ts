/** All charts of a document: those of the choice, and those over time with the overview first. */
import type { LabDocument } from '../../sim/results/lab-document.ts';
import { differenceChart } from './difference-chart.ts';
import { hourCharts } from './hour-charts.ts';
import type { LinkedChart } from './linked-chart.ts';
import { paretoCharts } from './pareto-charts.ts';
import { responseCharts } from './response-charts.ts';
import { riskCharts } from './risk-charts.ts';

export function labCharts(document: LabDocument): {
  readonly choice: readonly LinkedChart[];
  readonly time: readonly LinkedChart[];
} {
  const choice = [
    ...riskCharts(document.risk),
    ...differenceChart(document),
    ...paretoCharts(document),
    ...responseCharts(document, settingOf(document)),
  ];
  return { choice, time: hourCharts(document) };
}

/** What the horizontal axis of a response is: the first setting, from the names of the table of runs. */
function settingOf(document: LabDocument): string {
  const setting = document.tables[0]?.columns.find((column) => column.about === 'setting');
  return setting === undefined ? 'setting' : setting.name.slice(setting.name.lastIndexOf('.') + 1);
}
