/** report.html of one run: one file that needs no network, no script and no font of its own. */
import type { RunResults } from '../sim/results/schema.ts';
import { answerParagraphs } from './answer.ts';
import { sellsBatch } from './charts/batch-pool.ts';
import { runCharts } from './charts/run-charts.ts';
import type { Chart } from './charts/theme.ts';
import type { RunFacts } from './facts.ts';
import { factsOf } from './facts.ts';
import { count, duration, escapeHtml, fixed, money, percent } from './format.ts';
import type { Card } from './html-parts.ts';
import { cardsHtml, figureHtml, pageHtml, paragraphsHtml, proseHtml, tableHtml } from './html-parts.ts';
import { renderSvg } from './render.ts';
import { constraintTable, parameterTable, queueTable, shapeTable, worstTable } from './run-tables.ts';

/** One coefficient of the models a run used. */
export interface ParameterRow {
  readonly name: string;
  readonly value: number | string;
  readonly unit: string;
  readonly source: string;
}

export interface ReportOptions {
  /** The command that repeats the run. */
  readonly command: string;
  /** The parameter set of the physics; the plan's changes alone are shown where it is not given. */
  readonly parameters?: readonly ParameterRow[];
}

/** The page for `results`. The same results and options give the same bytes. */
export async function runReportHtml(results: RunResults, options: ReportOptions): Promise<string> {
  const facts = factsOf(results);
  const figures: string[] = [];
  for (const chart of runCharts(facts)) figures.push(await drawn(chart));
  const { manifest } = results;
  const body = [
    `<header><h1>${escapeHtml(facts.settings.title)}</h1>`,
    `<p class="soft">${proseHtml(subtitle(facts))}</p></header>`,
    `<section class="answer" aria-label="Answer">${paragraphsHtml(answerParagraphs(facts))}</section>`,
    cardsHtml(runCards(facts)),
    `<section><h2>What happened</h2><div class="figures">${figures.join('\n')}</div></section>`,
    `<section><h2>Services that were hurt most</h2>${tableHtml(worstTable(facts))}</section>`,
    `<section><h2>Hosts by shape</h2>${tableHtml(shapeTable(facts))}</section>`,
    `<section><h2>Best-effort queues</h2>${tableHtml(queueTable(facts))}</section>`,
    `<section><h2>What binds</h2>${tableHtml(constraintTable(facts))}</section>`,
    restsOn(facts, options),
    repeatHtml([
      ['command', options.command],
      ['seed', manifest.seed],
      ['plan hash', manifest.planHash],
      ['digest', manifest.digest],
      ['versions', `tidemark ${manifest.tidemarkVersion}, Node ${manifest.nodeVersion}`],
      ['events', fixed(manifest.events)],
    ]),
    planHtml(results.plan),
  ].join('\n');
  return pageHtml(`${facts.settings.title} - tidemark`, body);
}

async function drawn(chart: Chart): Promise<string> {
  return figureHtml(chart, await renderSvg(chart));
}

function subtitle(facts: RunFacts): string {
  const { settings, results } = facts;
  const warmUp = settings.warmUpMs > 0 ? `; the first ${duration(settings.warmUpMs)} (warm-up) count in no figure` : '';
  return (
    `${count(results.summary.hosts, 'host')}, ${duration(settings.horizonMs)} simulated in windows of ` +
    `${duration(settings.windowMs)}${warmUp}. Seed ${results.manifest.seed}.`
  );
}

/** Headline figures of one run. */
function runCards(facts: RunFacts): Card[] {
  const { summary } = facts.results;
  const { violation, settings } = facts;
  return [
    {
      name: 'CPU utilisation, mean',
      value: percent(summary.cpuUtilisationMeanPercent),
      detail: `p95 ${percent(summary.cpuUtilisationP95Percent)}, peak ${percent(summary.cpuUtilisationPeakPercent)}`,
    },
    {
      name: 'Best effort, share of CPU',
      value: percent(summary.bestEffortUtilisationMeanPercent),
      detail: `online ${percent(summary.onlineUtilisationMeanPercent)}${sellsBatch(facts) ? `, sold ${percent(summary.batchSoldMeanPercent)}` : ''}`,
    },
    {
      name: 'P(violation) per service-hour',
      value: percent(violation.percent),
      detail: `95 % interval ${percent(violation.lowPercent)} to ${percent(violation.highPercent)}, over service-hours`,
    },
    {
      name: 'Late requests',
      value: percent(summary.lateRequestPercent),
      detail: `from co-location ${percent(summary.lateRequestFromColocationPercent)}`,
    },
    {
      name: 'Work finished',
      value: `${fixed(summary.doneCoreHours)} core-h`,
      detail: `${fixed(summary.tasksFinished)} tasks; ${fixed(summary.tasksSubmitted)} submitted, ${percent(summary.wastedPercent)} wasted`,
    },
    {
      name: 'Evictions',
      value: fixed(summary.evictionsMemory + summary.evictionsCpu),
      detail:
        `memory ${fixed(summary.evictionsMemory)}, CPU ${fixed(summary.evictionsCpu)}` +
        `${summary.oomKills > 0 ? `; ${fixed(summary.oomKills)} killed out of memory` : ''}`,
    },
    {
      name: 'Queueing time, p95',
      value: duration(summary.waitMsP95),
      detail: `p50 ${duration(summary.waitMsP50)}, ${fixed(summary.pendingPeak)} pending at most`,
    },
    {
      name: 'Cost',
      value: money(summary.cost, settings.currency),
      detail: `${money(summary.costPerUsefulCoreHour, settings.currency)} per useful core-hour, ${fixed(summary.energyKwh)} kWh`,
    },
    ...(summary.gpuAllocatedPeakPercent > 0
      ? [
          {
            name: 'GPUs allocated',
            value: percent(summary.gpuAllocatedMeanPercent),
            detail: `peak ${percent(summary.gpuAllocatedPeakPercent)}; fragmented ${percent(summary.gpuFragmentedMeanPercent)}: free, and too little for the pods here`,
          },
        ]
      : []),
  ];
}

function restsOn(facts: RunFacts, options: ReportOptions): string {
  const notes = facts.results.notes.map((note) => `<li>${proseHtml(note)}</li>`);
  const list = notes.length > 0 ? `<ul>${notes.join('')}</ul>` : '<p>No notes were left by the run.</p>';
  const table = parameterTable(facts, options.parameters ?? []);
  const parameters =
    table.rows.length > 0
      ? tableHtml(table)
      : '<p>No coefficient differs from the parameter table of this version.</p>';
  return `<section><h2>What this answer rests on</h2>${list}${parameters}</section>`;
}

/** How to repeat what was run, as a list of names and values. */
export function repeatHtml(entries: readonly (readonly [name: string, value: string])[]): string {
  const rows = entries.map(
    ([name, value]) =>
      `<tr><th scope="row" class="text">${escapeHtml(name)}</th><td class="text wrap"><code>${escapeHtml(value)}</code></td></tr>`,
  );
  return (
    `<section><h2>How to repeat it</h2><div class="scroll"><table><caption>The same plan and seed give the same digest ` +
    `on any machine.</caption><tbody>${rows.join('\n')}</tbody></table></div></section>`
  );
}

/** The plan as JSON, folded away. */
export function planHtml(plan: unknown): string {
  return `<details><summary>The whole plan</summary><pre>${escapeHtml(JSON.stringify(plan, null, 2))}</pre></details>`;
}
