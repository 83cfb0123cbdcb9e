/** The page about ways to sell idle CPU: gain against risk, and the table behind it. */
import { type FrontierFacts, sellingFrontier } from './charts/selling-frontier.ts';
import { escapeHtml } from './format.ts';
import { figureHtml, pageHtml, paragraphsHtml, tableHtml } from './html-parts.ts';
import { renderSvg } from './render.ts';

export interface SellingPage {
  readonly title: string;
  readonly subtitle: string;
  readonly sentences: readonly string[];
  readonly charts: readonly FrontierFacts[];
  readonly caption: string;
  readonly headings: readonly string[];
  /** Name and one text a heading. */
  readonly rows: readonly (readonly string[])[];
  readonly notes: readonly string[];
  readonly command: string;
}

/** The page. Same input, same bytes. */
export async function sellingHtml(page: SellingPage): Promise<string> {
  const charts = page.charts.map(sellingFrontier);
  const drawn: string[] = [];
  for (const chart of charts) drawn.push(figureHtml(chart, await renderSvg(chart)));
  const body = [
    `<header><h1>${escapeHtml(page.title)}</h1><p class="soft">${escapeHtml(page.subtitle)}</p></header>`,
    `<section class="answer" aria-label="Answer">${paragraphsHtml(page.sentences)}</section>`,
    `<section class="charts">${drawn.join('\n')}</section>`,
    `<section><h2>All of them</h2>${tableHtml({
      caption: page.caption,
      columns: [
        { heading: 'seller', kind: 'text' },
        ...page.headings.map((heading) => ({ heading, kind: 'number' as const })),
      ],
      rows: page.rows,
    })}</section>`,
    `<section><h2>What the columns mean</h2>${paragraphsHtml(page.notes)}</section>`,
    `<section><h2>Repeat</h2><pre>${escapeHtml(page.command)}</pre></section>`,
  ];
  return pageHtml(page.title, body.join('\n'));
}
