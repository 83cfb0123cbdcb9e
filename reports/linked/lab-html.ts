/** report.html of an experiment: the answer, linked charts, the tables. One file, no network; without scripts the charts stand still. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { LabDocument } from '../../sim/results/lab-document.ts';
import type { Chart } from '../charts/theme.ts';
import { dayHour, escapeHtml } from '../format.ts';
import { cardsHtml, figureHtml, pageHtml, paragraphsHtml, proseHtml, tableHtml } from '../html-parts.ts';
import { compiledSpec, renderSvg } from '../render.ts';
import { armColour, shownAtFirst } from './arm-colours.ts';
import { chosenColumns, chosenTableHtml } from './chosen-table.ts';
import { hourSeries, serviceSeries } from './hour-series.ts';
import { labCharts } from './lab-charts.ts';
import type { LinkedChart } from './linked-chart.ts';
import { type LinkedPageData, linkedPage } from './linked-page.ts';
import { pageTableOf } from './table-text.ts';

/** Page chrome that another page may put around the report: links, say. Markup, already escaped. */
export interface LabPageOptions {
  readonly navigation?: string;
}

/** The page of a document. The same document gives the same bytes. */
export async function labReportHtml(document: LabDocument, options: LabPageOptions = {}): Promise<string> {
  const { choice, time } = labCharts(document);
  const series = hourSeries(document);
  const shown = shownAtFirst(document.arms.length);
  const visible = new Set(document.arms.filter((_, at) => shown[at]).map((arm) => arm.name));
  const draw = async (charts: readonly LinkedChart[]): Promise<string> => {
    const figures: string[] = [];
    for (const chart of charts)
      figures.push(figureHtml(asChart(chart, visible), await renderSvg(asChart(chart, visible))));
    return `<div class="figures live">${figures.join('\n')}</div>`;
  };
  const [overview, ...following] = time;
  const body = [
    options.navigation ?? '',
    `<header><h1>${escapeHtml(document.title)}</h1><p class="soft">${proseHtml(document.subtitle)}</p></header>`,
    `<section class="answer" aria-label="Answer">${paragraphsHtml(document.answer)}</section>`,
    document.cards.length === 0 ? '' : cardsHtml(document.cards),
    armsHtml(document, shown),
    choice.length === 0 ? '' : `<section><h2>The choice</h2>${await draw(choice)}</section>`,
    overview === undefined
      ? ''
      : `<section><h2>Hour by hour</h2>${controlsHtml(document, overview)}${await draw([overview])}` +
        `${chosenTableHtml(series)}${await draw(following)}</section>`,
    ...document.tables
      .filter((table) => table.shown)
      .map((table) => `<section><h2>${escapeHtml(headingOf(table.id))}</h2>${tableHtml(pageTableOf(table))}</section>`),
    document.notes.length === 0
      ? ''
      : `<section><h2>What this answer rests on</h2><ul>${document.notes.map((note) => `<li>${proseHtml(note)}</li>`).join('')}</ul></section>`,
    `<section><h2>How to repeat it</h2><pre>${escapeHtml(document.command)}</pre></section>`,
    await scriptHtml(document, [...choice, ...time], series, shown),
  ].join('\n');
  return pageHtml(`${document.title} - tidemark`, body, 'scripted');
}

function headingOf(table: string): string {
  return (
    {
      table: 'Every comparison',
      proof: 'The proof',
      figures: 'Every figure',
      points: 'Every point',
      mixes: 'Mixes of host shapes',
    }[table] ?? table
  );
}

/** The chart with the rows it starts with, for drawing without a script. */
function asChart(chart: LinkedChart, visible: ReadonlySet<string>): Chart {
  const values = chart.points.filter((point) => visible.has(String(point.arm)));
  return { ...chart, spec: chart.specOf({ values }) };
}

/** The arms: legend and switches in one. */
function armsHtml(document: LabDocument, shown: readonly boolean[]): string {
  if (document.arms.length === 0) return '';
  const entries = document.arms.map(
    (arm, at) =>
      `<label><input type="checkbox" data-arm="${escapeHtml(arm.name)}"${shown[at] ? ' checked' : ''} data-live hidden>` +
      `<span class="swatch" style="background:${armColour(at)}"></span>${escapeHtml(arm.name)}</label>`,
  );
  return `<fieldset class="arms" id="arms"><legend>Shown</legend>${entries.join('\n')}</fieldset>`;
}

const HOURS_PER_DAY = 24;
const HOURS_PER_WEEK = 168;

function controlsHtml(document: LabDocument, overview: LinkedChart): string {
  const hours = overview.points.map((point) => Number(point.hour));
  const from = Math.floor(Math.min(...hours));
  const to = Math.ceil(Math.max(...hours));
  const step = to - from > 2 * HOURS_PER_WEEK ? HOURS_PER_WEEK : HOURS_PER_DAY;
  const options = [`<option value="${from}-${to}">all hours</option>`, '<option value="">as brushed</option>'];
  for (let start = Math.floor(from / step) * step; start < to; start += step) {
    const name = step === HOURS_PER_WEEK ? `week ${start / step + 1}` : `day ${start / step + 1}`;
    options.push(
      `<option value="${Math.max(from, start)}-${Math.min(to, start + step)}">${name} (from ${dayHour(start)})</option>`,
    );
  }
  const services = [...new Set(serviceSeries(document).map(({ name }) => name))];
  const service =
    services.length === 0
      ? ''
      : `<label>service <select id="service">${services.map((name) => `<option>${escapeHtml(name)}</option>`).join('')}</select></label>`;
  return `<p class="controls" data-live hidden><label>hours <select id="range">${options.join('')}</select></label>${service}</p>`;
}

/** Vega, the data and the script of the page. Text that would end the script element is broken up. */
async function scriptHtml(
  document: LabDocument,
  charts: readonly LinkedChart[],
  series: LinkedPageData['series'],
  shown: readonly boolean[],
): Promise<string> {
  const specs: unknown[] = [];
  for (const chart of charts)
    specs.push(await compiledSpec({ ...chart, spec: chart.specOf({ name: 'live', values: [] }) }));
  const hours = charts.find((chart) => chart.kind === 'overview')?.points.map((point) => Number(point.hour)) ?? [0];
  const data: LinkedPageData = {
    arms: document.arms.map(({ name }, at) => ({ name, shown: shown[at] })),
    from: Math.floor(Math.min(...hours)),
    to: Math.ceil(Math.max(...hours)),
    counted: Math.ceil(document.arms.find((arm) => arm.hours !== null)?.hours?.lines?.warmUpHours ?? 0),
    series,
    services: serviceSeries(document),
    chosen: chosenColumns([...series]).map(({ heading: _, ...column }) => column),
    charts: charts.map(({ id, kind, column, points }, at) => ({
      id,
      kind,
      column,
      points: kind === 'points' ? points : [],
      spec: specs[at],
    })),
  };
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  return [
    `<script>${vegaSource().replaceAll('</script', '<\\/script')}</script>`,
    `<script type="application/json" id="page-data">${json}</script>`,
    `<script>(${linkedPage.toString()})(vega, document, JSON.parse(document.getElementById('page-data').textContent));</script>`,
  ].join('\n');
}

let vegaText: string | undefined;

/** Vega's own bundle for browsers, half a megabyte; charts are compiled from vega-lite here, so the page needs no more than this. */
function vegaSource(): string {
  vegaText ??= readFileSync(fileURLToPath(new URL('vega.min.js', import.meta.resolve('vega'))), 'utf8');
  return vegaText;
}
