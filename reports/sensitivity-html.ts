/** The page about a sensitivity sweep: the tornado, and every assumption that moves the answer with what it rests on. */
import type { TornadoFacts } from './charts/tornado.ts';
import { tornadoChart } from './charts/tornado.ts';
import { escapeHtml, figures } from './format.ts';
import { figureHtml, pageHtml, paragraphsHtml, tableHtml } from './html-parts.ts';
import { renderSvg } from './render.ts';

/** What the table says beside the chart; same order as its bars. */
export interface AssumptionText {
  readonly name: string;
  readonly value: string;
  readonly range: string;
  readonly basis: string;
  readonly atLow: string;
  readonly atHigh: string;
  readonly flips: string;
}

export interface SensitivityPage {
  readonly title: string;
  readonly sentences: readonly string[];
  readonly facts: TornadoFacts;
  readonly rows: readonly AssumptionText[];
  /** Coefficients that changed nothing. */
  readonly without: readonly string[];
  readonly command: string;
}

/** The page. Same input, same bytes. */
export async function sensitivityHtml(page: SensitivityPage): Promise<string> {
  const chart = tornadoChart(page.facts);
  const { base, words, unit } = page.facts;
  const figure = unit === '' ? words : `${words}, ${unit}`;
  const body = [
    `<header><h1>${escapeHtml(page.title)}</h1><p class="soft">which assumptions the answer rests on</p></header>`,
    `<section class="answer" aria-label="Answer">${paragraphsHtml(page.sentences)}</section>`,
    `<section class="charts">${figureHtml(chart, await renderSvg(chart))}</section>`,
    `<section><h2>Assumptions that move it</h2>${tableHtml({
      caption: `${figure}; the plan has ${figures(base)}. Means over the seeds; all runs meet the same seeds.`,
      columns: [
        { heading: 'coefficient', kind: 'text' },
        { heading: 'in the plan', kind: 'number' },
        { heading: 'range', kind: 'text' },
        { heading: 'at the low end', kind: 'number' },
        { heading: 'at the high end', kind: 'number' },
        { heading: 'objective', kind: 'wrap' },
        { heading: 'rests on', kind: 'wrap' },
      ],
      rows: page.rows.map((row) => [row.name, row.value, row.range, row.atLow, row.atHigh, row.flips, row.basis]),
    })}</section>`,
    page.without.length === 0
      ? ''
      : `<section><h2>Without effect</h2>${paragraphsHtml([`${page.without.join(', ')}.`])}</section>`,
    `<section><h2>Repeat</h2><pre>${escapeHtml(page.command)}</pre></section>`,
  ];
  return pageHtml(page.title, body.join('\n'));
}
