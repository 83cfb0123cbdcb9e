/** The first page of `tidemark view`: what lies in the folder, what is running, and a form to compare two. Its script asks again every two seconds. */
import { escapeHtml } from '../format.ts';
import { pageHtml } from '../html-parts.ts';

/** Headline figures of a list: percent, core-hours, money. */
export interface ListFigures {
  readonly cpuPercent: number;
  readonly violationPercent: number;
  readonly doneCoreHours: number;
  readonly wastedPercent: number;
  readonly costPerCoreHour: number;
}

export interface SweepProgress {
  readonly done: number;
  readonly cells: number;
  /** Since a result came last; null before the first. */
  readonly secondsSinceLast: number | null;
  /** Means of every point over the runs that are there. */
  readonly rows: readonly { readonly name: string; readonly runs: number; readonly figures: ListFigures | null }[];
}

export interface ListEntry {
  /** From the folder that is viewed, with slashes; `.` is the folder itself. */
  readonly path: string;
  readonly kind: 'run' | 'replications' | 'sweep' | 'plan' | 'comparison';
  readonly text: string;
  readonly report: boolean;
  readonly changedMs: number;
  readonly figures: ListFigures | null;
  readonly progress: SweepProgress | null;
  /** Names of the points of a sweep. */
  readonly points: readonly string[];
}

interface Element {
  textContent: string;
  className: string;
  href: string;
  value: string;
  max: number;
  readonly options: { readonly length: number };
  appendChild(child: Element): void;
}
interface Page {
  getElementById(id: string): Element;
  createElement(name: string): Element;
}

/** Runs in the browser as the text of one function: uses nothing from outside of it but what it is given. */
export function listPage(
  page: Page,
  ask: () => Promise<readonly ListEntry[]>,
  later: (work: () => void, ms: number) => unknown,
): void {
  const POLL_MS = 2000;
  const words = (value: number): string => {
    if (value === 0) return '0';
    const size = Math.abs(value);
    const text = value.toFixed(size >= 100 ? 0 : size >= 1 ? 2 : 4);
    return size >= 1000 ? text.replace(/\B(?=(\d{3})+$)/g, ',') : text;
  };
  const make = (name: string, text: string, into: Element): Element => {
    const own = page.createElement(name);
    own.textContent = text;
    into.appendChild(own);
    return own;
  };
  const figureCells = (figures: ListFigures | null, row: Element): void => {
    const shown =
      figures === null
        ? ['', '', '', '', '']
        : [
            `${words(figures.cpuPercent)} %`,
            `${words(figures.violationPercent)} %`,
            words(figures.doneCoreHours),
            `${words(figures.wastedPercent)} %`,
            words(figures.costPerCoreHour),
          ];
    for (const text of shown) make('td', text, row);
  };
  const link = (path: string, file: string): string =>
    `files/${path === '.' ? '' : `${path.split('/').map(encodeURIComponent).join('/')}/`}${file}`;

  const drawList = (entries: readonly ListEntry[]): void => {
    const body = page.getElementById('entries');
    body.textContent = '';
    for (const entry of entries) {
      const row = make('tr', '', body);
      const name = make('td', '', row);
      name.className = 'text';
      if (entry.report) make('a', entry.path, name).href = link(entry.path, 'report.html');
      else name.textContent = entry.path;
      make('td', entry.kind === 'replications' ? 'seeds' : entry.kind, row).className = 'text';
      make('td', entry.text, row).className = 'text wrap';
      figureCells(entry.figures, row);
    }
  };
  const drawRunning = (entries: readonly ListEntry[]): void => {
    const box = page.getElementById('running');
    box.textContent = '';
    for (const { path, text, progress } of entries) {
      if (progress === null || progress.done >= progress.cells) continue;
      make('h3', path, box);
      const last =
        progress.secondsSinceLast === null ? 'no result yet' : `last result ${progress.secondsSinceLast} s ago`;
      make('p', `${text}: ${progress.done} of ${progress.cells} runs, ${last}`, box).className = 'soft';
      const bar = make('progress', '', box);
      bar.max = progress.cells;
      bar.value = String(progress.done);
      const table = make('table', '', box);
      const head = make('tr', '', table);
      for (const heading of ['point', 'runs', 'CPU', 'P(violation)', 'core-hours done', 'wasted', 'cost per core-hour'])
        make('th', heading, head);
      for (const { name, runs, figures } of progress.rows) {
        const row = make('tr', '', table);
        make('td', name, row).className = 'text';
        make('td', String(runs), row);
        figureCells(figures, row);
      }
    }
  };
  // Options change only when the list does: a choice in hand must not be lost every two seconds.
  let offered = '';
  const drawForm = (entries: readonly ListEntry[]): void => {
    const choices = entries.flatMap((entry) => {
      if (entry.kind === 'run' || entry.kind === 'replications') return [entry.path];
      const whole = entry.kind === 'sweep' && entry.progress !== null && entry.progress.done >= entry.progress.cells;
      return whole ? entry.points.map((point) => `${entry.path}#${point}`) : [];
    });
    const text = choices.join('\n');
    if (text === offered) return;
    offered = text;
    for (const id of ['a', 'b']) {
      const select = page.getElementById(id);
      const chosen = select.value;
      select.textContent = '';
      for (const choice of choices) make('option', choice, select).value = choice;
      if (choices.includes(chosen)) select.value = chosen;
      else if (id === 'b' && choices.length > 1) select.value = choices[1];
    }
  };

  const poll = async (): Promise<void> => {
    const state = page.getElementById('state');
    try {
      const entries = await ask();
      drawList(entries);
      drawRunning(entries);
      drawForm(entries);
      state.textContent = `${entries.length} entries, looked at again every ${POLL_MS / 1000} s`;
    } catch {
      state.textContent = 'tidemark view has ended; start it again and reload this page';
    }
    later(() => void poll(), POLL_MS);
  };
  void poll();
}

/** The page for `folder`, the name shown. */
export function listPageHtml(folder: string): string {
  const headings = ['folder', 'kind', 'what', 'CPU', 'P(violation)', 'core-hours done', 'wasted', 'cost per core-hour'];
  const body = [
    `<header><h1>${escapeHtml(folder)}</h1><p class="soft" id="state">looking</p></header>`,
    '<section><h2>Compare two</h2><form action="compare" class="controls"><label>baseline <select id="a" name="a"></select></label>' +
      '<label>other <select id="b" name="b"></select></label><button>Compare</button></form></section>',
    '<section><h2>Running</h2><div id="running" class="scroll"></div></section>',
    '<section><h2>Results</h2><div class="scroll"><table><caption>Newest first; a name that is a link has a report.</caption><thead><tr>' +
      headings.map((heading, at) => `<th scope="col"${at < 3 ? ' class="text"' : ''}>${heading}</th>`).join('') +
      '</tr></thead><tbody id="entries"></tbody></table></div></section>',
    `<script>(${listPage.toString()})(document, () => fetch('api/list').then((answer) => answer.json()), setTimeout);</script>`,
  ].join('\n');
  return pageHtml(`${folder} - tidemark view`, body, 'live');
}
