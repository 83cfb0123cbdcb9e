/** The page of `tidemark trace inspect --html`. */
import { writeFile } from 'node:fs/promises';
import { escapeHtml } from '../reports/format.ts';
import { cardsHtml, figureHtml, pageHtml, paragraphsHtml, tableHtml } from '../reports/html-parts.ts';
import { renderSvg } from '../reports/render.ts';
import type { Inspection, Spread } from '../traces/inspect.ts';
import { figure, pluralOf, traceCharts } from './trace-charts.ts';

/** Writes one self-contained page. */
export async function writeTraceHtml(inspection: Inspection, path: string): Promise<void> {
  const figures: string[] = [];
  for (const chart of traceCharts(inspection)) figures.push(figureHtml(chart, await renderSvg(chart)));
  const body = [
    `<h1>${escapeHtml(inspection.format)} trace</h1>`,
    cardsHtml(cardsOf(inspection)),
    figures.length === 0 ? '' : `<div class="figures">${figures.join('\n')}</div>`,
    '<h2>Distributions</h2>',
    tableHtml({
      caption: 'Quantiles and means of what the trace says',
      columns: [
        { heading: 'of', kind: 'text' },
        ...['known', 'p10', 'p50', 'p90', 'p99', 'mean'].map((heading) => ({ heading, kind: 'number' as const })),
      ],
      rows: spreadsOf(inspection).map(([name, spread]) => [
        name,
        counted(spread.n),
        ...[spread.p10, spread.p50, spread.p90, spread.p99, spread.mean].map((value) => figure(value)),
      ]),
    }),
    inspection.notes.length === 0 ? '' : `<h2>Notes</h2>${paragraphsHtml(inspection.notes)}`,
  ].join('\n');
  await writeFile(path, pageHtml(`${inspection.format} trace`, body));
}

const counted = (count: number) => count.toLocaleString('en-US');

function cardsOf(inspection: Inspection) {
  const cards = [
    { name: 'Format', value: inspection.format, detail: inspection.folder },
    { name: 'Hosts', value: counted(inspection.hosts), detail: `${figure(inspection.hostCores)} cores` },
  ];
  for (const usage of inspection.usage)
    cards.push({
      name: `${pluralOf(usage.kind)} with use over time`,
      value: counted(usage.services),
      detail: `${figure(usage.days)} days, coverage ${figure(usage.coverageRatio * 100)} %, longest gap ${figure(usage.longestGapHours)} h`,
    });
  if (inspection.tasks !== null)
    cards.push({
      name: 'Tasks',
      value: counted(inspection.tasks.tasks),
      detail: `${counted(inspection.tasks.jobs)} jobs over ${inspection.tasks.hours} h`,
    });
  return cards;
}

function spreadsOf(inspection: Inspection): [string, Spread][] {
  const rows: [string, Spread][] = inspection.usage.flatMap((usage) => [
    [`${usage.kind}: CPU over request`, usage.cpuOverRequest],
    [`${usage.kind}: memory over request`, usage.memOverRequest],
    [`${usage.kind}: peak over mean`, usage.peakOverMean],
  ]);
  const { tasks } = inspection;
  if (tasks !== null)
    rows.push(
      ['task: duration s', tasks.durationS],
      ['task: request cores', tasks.requestCores],
      ['task: request GiB', tasks.requestMemGib],
      ['task: instances', tasks.instances],
      ['task: CPU over request', tasks.cpuOverRequest],
      ['tasks of a job', tasks.tasksPerJob],
    );
  return rows.filter(([, spread]) => spread.n > 0);
}
