/** The page of `tidemark trace inspect --html`. */
import { writeFile } from 'node:fs/promises';
import type { Chart } from '../reports/charts/theme.ts';
import { COLOURS, HALF_WIDTH, HEIGHT } from '../reports/charts/theme.ts';
import { escapeHtml } from '../reports/format.ts';
import { cardsHtml, figureHtml, pageHtml, paragraphsHtml, tableHtml } from '../reports/html-parts.ts';
import { renderSvg } from '../reports/render.ts';
import type { Inspection, Spread } from '../traces/inspect.ts';

/** Writes one self-contained page. */
export async function writeTraceHtml(inspection: Inspection, path: string): Promise<void> {
  const figures: string[] = [];
  for (const chart of chartsOf(inspection)) figures.push(figureHtml(chart, await renderSvg(chart)));
  const body = [
    `<h1>${escapeHtml(inspection.format)} trace</h1>`,
    cardsHtml(cardsOf(inspection)),
    figures.length === 0 ? '' : `<div class="figures">${figures.join('\n')}</div>`,
    tableHtml({
      caption: 'Distributions',
      columns: [
        { heading: 'of', kind: 'text' },
        ...['known', 'p10', 'p50', 'p90', 'p99', 'mean'].map((heading) => ({ heading, kind: 'number' as const })),
      ],
      rows: spreadsOf(inspection).map(([name, spread]) => [
        name,
        String(spread.n),
        ...[spread.p10, spread.p50, spread.p90, spread.p99, spread.mean].map((value) => figure(value)),
      ]),
    }),
    inspection.notes.length === 0 ? '' : paragraphsHtml(inspection.notes),
  ].join('\n');
  await writeFile(path, pageHtml(`${inspection.format} trace`, body));
}

function figure(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : '-';
}

function cardsOf(inspection: Inspection) {
  const cards = [
    { name: 'Format', value: inspection.format, detail: inspection.folder },
    { name: 'Hosts', value: String(inspection.hosts), detail: `${figure(inspection.hostCores)} cores` },
  ];
  for (const usage of inspection.usage)
    cards.push({
      name: `Use of ${usage.kind}s`,
      value: String(usage.services),
      detail: `${figure(usage.days)} days, coverage ${figure(usage.coverageRatio * 100)} %, longest gap ${figure(usage.longestGapHours)} h`,
    });
  if (inspection.tasks !== null)
    cards.push({
      name: 'Tasks',
      value: String(inspection.tasks.tasks),
      detail: `${inspection.tasks.jobs} jobs over ${inspection.tasks.hours} h`,
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

function chartsOf(inspection: Inspection): Chart[] {
  const charts: Chart[] = [];
  inspection.usage.forEach((usage, at) => {
    const pt = figure(usage.peakToTrough);
    charts.push(
      bars(`hours-${at}`, `Hour of day, ${usage.kind}s`, 'hour', usage.hourOfDay, `Peak to trough ${pt}.`),
      bars(
        `days-${at}`,
        `Day of week, ${usage.kind}s`,
        'day from the start',
        usage.dayOfWeek,
        'Mean of each day over the mean.',
      ),
    );
  });
  const { tasks } = inspection;
  if (tasks !== null)
    charts.push(
      bars(
        'arrivals-day',
        'Arrivals by hour of day',
        'hour',
        tasks.hourOfDay,
        `${figure(tasks.perHour)} tasks an hour on average.`,
      ),
      bars(
        'arrivals',
        'Arrivals over time',
        'hour of the trace',
        tasks.arrivalsByHour,
        `${tasks.tasks} tasks in ${tasks.hours} hours.`,
      ),
    );
  return charts;
}

function bars(id: string, title: string, unit: string, values: readonly number[], sentence: string): Chart {
  const rows = values.map((value, at) => ({ at, value })).filter(({ value }) => Number.isFinite(value));
  return {
    id,
    title,
    subtitle: `value over ${unit}`,
    sentence,
    width: 'half',
    spec: {
      width: HALF_WIDTH,
      height: HEIGHT,
      data: { values: rows },
      mark: { type: 'bar', color: COLOURS.online },
      encoding: {
        x: {
          field: 'at',
          type: rows.length > 50 ? 'quantitative' : 'ordinal',
          title: unit,
          axis: { labelAngle: 0, labelOverlap: true },
        },
        y: { field: 'value', type: 'quantitative', title: null },
      },
    },
  };
}
