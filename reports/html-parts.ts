/** The pieces of a page: cards, tables, figures. Every text is escaped here and nowhere else. */
import type { Chart } from './charts/theme.ts';
import { escapeHtml } from './format.ts';
import { PAGE_STYLE } from './page-style.ts';

export interface Card {
  readonly name: string;
  readonly value: string;
  readonly detail: string;
}

export interface PageTable {
  readonly caption: string;
  /** Headings; `text` columns stand left, the others right. */
  readonly columns: readonly { readonly heading: string; readonly kind: 'text' | 'wrap' | 'number' }[];
  /** Cells as text; the first of each row is its heading. */
  readonly rows: readonly (readonly string[])[];
}

/** List of headline figures. */
export function cardsHtml(cards: readonly Card[]): string {
  const items = cards.map(
    (card) =>
      `<li><span class="name">${escapeHtml(card.name)}</span><span class="value">${proseHtml(card.value)}</span>` +
      `<span class="detail">${proseHtml(card.detail)}</span></li>`,
  );
  return `<ul class="cards">${items.join('\n')}</ul>`;
}

/** Table with a caption; scrolls on its own where the screen is narrow. */
export function tableHtml(table: PageTable): string {
  const textual = (at: number): boolean => table.columns[at].kind !== 'number';
  const head = table.columns
    .map((column, at) => `<th scope="col"${textual(at) ? ' class="text"' : ''}>${escapeHtml(column.heading)}</th>`)
    .join('');
  const body = table.rows
    .map((cells) => {
      const row = cells.map((cell, at) => {
        const kind = table.columns[at].kind;
        const style = kind === 'number' ? '' : ` class="text${kind === 'wrap' ? ' wrap' : at === 0 ? ' name' : ''}"`;
        return at === 0
          ? `<td${style} title="${escapeHtml(cell)}">${escapeHtml(cell)}</td>`
          : `<td${style}>${escapeHtml(cell)}</td>`;
      });
      return `<tr>${row.join('')}</tr>`;
    })
    .join('\n');
  return (
    `<div class="scroll"><table><caption>${escapeHtml(table.caption)}</caption>` +
    `<thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table></div>`
  );
}

/** Figure of a chart that is already drawn. */
export function figureHtml(chart: Chart, svg: string): string {
  return (
    `<figure class="${chart.width}" id="chart-${chart.id}"><h3>${escapeHtml(chart.title)}</h3>` +
    `<div class="soft">${proseHtml(chart.subtitle)}</div><div class="draw">${svg}</div>` +
    `<figcaption><span class="shows">${proseHtml(chart.sentence)}</span></figcaption></figure>`
  );
}

/** Escaped prose in which no number is parted from its unit at the end of a line. */
export function proseHtml(text: string): string {
  return escapeHtml(text).replace(/(\d) (?=%|ms\b|s\b|min\b|h\b|days\b|GiB\b|TiB\b|cores\b|kWh\b)/g, '$1&nbsp;');
}

/** Paragraphs of plain text. */
export function paragraphsHtml(texts: readonly string[]): string {
  return texts.map((text) => `<p>${proseHtml(text)}</p>`).join('\n');
}

/** What a page may do: nothing but show itself, run the scripts that stand in it, or also ask the server it came from. */
const POLICIES = {
  still: "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
  // Vega makes functions of the expressions of a chart.
  scripted: "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'unsafe-inline' 'unsafe-eval'",
  // Pages of a local server that ask it again.
  live: "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'unsafe-inline'; connect-src 'self'; form-action 'self'",
} as const;

/** The whole page; `body` is markup, `title` plain text. Loads nothing: the policy in its head forbids it. */
export function pageHtml(title: string, body: string, policy: keyof typeof POLICIES = 'still'): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICIES[policy]}">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
}
