/** The table that follows the brush: what each arm did in the chosen hours. The page's script fills it. */
import { escapeHtml } from '../format.ts';
import type { HourSeries } from './hour-series.ts';
import type { ChosenColumn } from './linked-page.ts';

const COLUMNS: readonly (ChosenColumn & { readonly heading: string })[] = [
  { heading: 'CPU in use', top: 'usedCores', bottom: 'capacityCores', fold: 'ratio', scale: 100, unit: '%' },
  { heading: 'best effort', top: 'bestEffortCores', bottom: 'capacityCores', fold: 'ratio', scale: 100, unit: '%' },
  { heading: 'late requests', top: 'lateRequests', bottom: 'requests', fold: 'ratio', scale: 100, unit: '%' },
  {
    heading: 'late without best effort',
    top: 'lateRequestsAlone',
    bottom: 'requests',
    fold: 'ratio',
    scale: 100,
    unit: '%',
  },
  { heading: 'memory in use', top: 'memoryPercent', bottom: null, fold: 'mean', scale: 1, unit: '%' },
  { heading: 'tasks waiting', top: 'pendingTasks', bottom: null, fold: 'mean', scale: 1, unit: '' },
  { heading: 'evictions', top: 'evictions', bottom: null, fold: 'sum', scale: 1, unit: '' },
  { heading: 'work done', top: 'doneCoreHours', bottom: null, fold: 'sum', scale: 1, unit: 'core-h' },
  { heading: 'work wasted', top: 'wastedCoreHours', bottom: null, fold: 'sum', scale: 1, unit: 'core-h' },
  { heading: 'fit at least', top: 'fits', bottom: null, fold: 'min', scale: 1, unit: '' },
  { heading: 'fit, mean', top: 'fits', bottom: null, fold: 'mean', scale: 1, unit: '' },
];

/** Columns that the series have. */
export function chosenColumns(series: readonly HourSeries[]): (ChosenColumn & { readonly heading: string })[] {
  return COLUMNS.filter(({ top }) => series[0]?.columns[top] !== undefined);
}

export function chosenTableHtml(series: readonly HourSeries[]): string {
  const headings = chosenColumns(series).map(({ heading }) => `<th scope="col">${escapeHtml(heading)}</th>`);
  return (
    '<div class="scroll" data-live hidden><table id="chosen"><caption></caption><thead><tr><th scope="col" class="text">' +
    `in the chosen hours</th>${headings.join('')}</tr></thead><tbody></tbody></table></div>`
  );
}
