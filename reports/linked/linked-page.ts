/**
 * The script of a page with linked charts. It runs in the browser: its text is put into the page, so it uses nothing from outside of
 * itself but `vega` and the page. One state (hours, arms shown, service) is kept here, and every chart, legend and table is drawn from it.
 */

/** What a chart of the page draws and from what. */
export interface LinkedChartData {
  readonly id: string;
  /** `overview` carries the brush, `hours` and `service` follow it, `points` follow the arms alone. */
  readonly kind: 'overview' | 'hours' | 'service' | 'points';
  /** Column of the series, for `overview` and `hours`. */
  readonly column: string;
  /** Rows of a chart of points, each with its `arm`. */
  readonly points: readonly Readonly<Record<string, unknown>>[];
  /** Compiled Vega specification with an empty data set `live`. */
  readonly spec: unknown;
}

/** A figure over the chosen hours: scale x sum(top) / sum(bottom), the sum alone, or the mean over hours. */
export interface ChosenColumn {
  readonly top: string;
  readonly bottom: string | null;
  readonly fold: 'ratio' | 'sum' | 'mean' | 'min';
  readonly scale: number;
  readonly unit: string;
}

export interface LinkedPageData {
  readonly arms: readonly { readonly name: string; readonly shown: boolean }[];
  readonly from: number;
  readonly to: number;
  /** First hour after warm-up: hours before it are drawn and not counted. */
  readonly counted: number;
  readonly series: readonly {
    readonly arm: string;
    readonly fromHour: number;
    readonly columns: Readonly<Record<string, readonly number[]>>;
  }[];
  readonly services: readonly {
    readonly arm: string;
    readonly name: string;
    readonly latePercent: readonly number[];
  }[];
  readonly chosen: readonly ChosenColumn[];
  readonly charts: readonly LinkedChartData[];
}

interface VegaView {
  data(name: string, rows: readonly unknown[]): VegaView;
  signal(name: string, value: unknown): VegaView;
  addSignalListener(name: string, handler: (name: string, value: Record<string, number[]>) => void): VegaView;
  runAsync(): Promise<unknown>;
}
interface Vega {
  readonly View: new (runtime: unknown, options: unknown) => VegaView;
  parse(spec: unknown): unknown;
  readonly Warn: number;
}
interface Element {
  textContent: string;
  hidden: boolean;
  value: string;
  checked: boolean;
  readonly dataset: Record<string, string>;
  addEventListener(name: string, handler: () => void): void;
  querySelector(selector: string): Element | null;
  appendChild(child: Element): void;
  readonly tBodies: readonly Element[];
}
interface Page {
  readonly body: Element;
  querySelector(selector: string): Element | null;
  querySelectorAll(selector: string): Iterable<Element>;
  createElement(name: string): Element;
}

/** Brings the page to life. */
export function linkedPage(vega: Vega, page: Page, data: LinkedPageData): void {
  const state = {
    from: data.from,
    to: data.to,
    shown: new Set(data.arms.filter((arm) => arm.shown).map((arm) => arm.name)),
    service: data.services[0]?.name ?? '',
  };
  const range = page.querySelector('#range');
  const service = page.querySelector('#service');
  const views = data.charts.map((chart) => {
    const box = page.querySelector(`#chart-${chart.id} .draw`);
    if (box === null) throw new Error(`the page has no place for chart ${chart.id}`);
    box.textContent = '';
    const view = new vega.View(vega.parse(chart.spec), {
      renderer: 'svg',
      container: box,
      hover: true,
      logLevel: vega.Warn,
    });
    if (chart.kind === 'overview')
      view.addSignalListener('brush', (_, value) => {
        const hours = value.hour;
        // A click without a drag, or a double click, takes the choice back.
        const whole = hours === undefined || Math.abs(hours[1] - hours[0]) < 1;
        state.from = whole ? data.from : Math.max(data.from, Math.floor(Math.min(hours[0], hours[1])));
        state.to = whole ? data.to : Math.min(data.to, Math.ceil(Math.max(hours[0], hours[1])));
        if (range !== null) range.value = whole ? `${data.from}-${data.to}` : '';
        // The view that tells of the brush is still running.
        void Promise.resolve().then(draw);
      });
    return { chart, view };
  });

  const seriesRows = (column: string, from: number, to: number): unknown[] => {
    const rows: unknown[] = [];
    for (const series of data.series) {
      const values = series.columns[column];
      if (values === undefined || !state.shown.has(series.arm)) continue;
      // One hour beyond each end, so that lines run into the edge of the chart.
      for (let at = 0; at < values.length; at++) {
        const hour = series.fromHour + at;
        if (hour >= from - 1 && hour <= to) rows.push({ arm: series.arm, hour: hour + 0.5, value: values[at] });
      }
    }
    return rows;
  };
  const serviceRows = (): unknown[] => {
    const rows: unknown[] = [];
    for (const { arm, name, latePercent } of data.services) {
      if (name !== state.service || !state.shown.has(arm)) continue;
      for (let hour = 0; hour < latePercent.length; hour++)
        if (hour >= state.from - 1 && hour <= state.to) rows.push({ arm, hour: hour + 0.5, value: latePercent[hour] });
    }
    return rows;
  };
  const words = (value: number): string => {
    if (!Number.isFinite(value)) return 'n/a';
    const size = Math.abs(value);
    const digits = size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 4;
    const [whole, rest] = value.toFixed(digits).split('.');
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
    return rest === undefined ? grouped : `${grouped}.${rest}`;
  };
  const chosenValue = (series: LinkedPageData['series'][number], column: ChosenColumn): string => {
    const top = series.columns[column.top];
    if (top === undefined) return '-';
    let sum = 0;
    let weight = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let at = 0; at < top.length; at++) {
      const hour = series.fromHour + at;
      if (hour < Math.max(data.counted, state.from) || hour >= state.to) continue;
      sum += top[at];
      weight += column.bottom === null ? 1 : series.columns[column.bottom][at];
      least = Math.min(least, top[at]);
    }
    const value = column.fold === 'sum' ? sum : column.fold === 'min' ? least : weight > 0 ? sum / weight : Number.NaN;
    return `${words(column.scale * value)}${column.unit === '' ? '' : ` ${column.unit}`}`;
  };
  const hourWords = (hour: number): string =>
    `day ${Math.floor(hour / 24) + 1}, ${String(hour % 24).padStart(2, '0')}:00`;

  const drawChosen = (): void => {
    const table = page.querySelector('#chosen');
    if (table === null) return;
    const caption = table.querySelector('caption');
    if (caption !== null)
      caption.textContent = `${hourWords(Math.max(data.counted, state.from))} to ${hourWords(state.to)}, means over seeds; the warm-up is left out.`;
    const body = table.tBodies[0];
    body.textContent = '';
    for (const series of data.series) {
      if (!state.shown.has(series.arm)) continue;
      const row = page.createElement('tr');
      const cell = (text: string): void => {
        const own = page.createElement('td');
        own.textContent = text;
        row.appendChild(own);
      };
      cell(series.arm);
      for (const column of data.chosen) cell(chosenValue(series, column));
      body.appendChild(row);
    }
  };

  let updates = 0;
  function draw(): void {
    drawChosen();
    const done = views.map(({ chart, view }) => {
      if (chart.kind === 'points')
        view.data(
          'live',
          chart.points.filter((point) => state.shown.has(String(point.arm))),
        );
      else if (chart.kind === 'overview') view.data('live', seriesRows(chart.column, data.from, data.to));
      else if (chart.kind === 'service') view.data('live', serviceRows());
      else view.data('live', seriesRows(chart.column, state.from, state.to));
      if (chart.kind !== 'points') view.signal('fromHour', state.from).signal('toHour', state.to);
      return view.runAsync();
    });
    // Counted for whoever waits for the page: a number that changed says that everything is drawn.
    void Promise.all(done).then(() => {
      updates++;
      page.body.dataset.updates = String(updates);
    });
  }

  for (const box of page.querySelectorAll('input[data-arm]'))
    box.addEventListener('change', () => {
      if (box.checked) state.shown.add(box.dataset.arm);
      else state.shown.delete(box.dataset.arm);
      draw();
    });
  range?.addEventListener('change', () => {
    const [from, to] = range.value.split('-').map(Number);
    if (!(to > from)) return;
    state.from = from;
    state.to = to;
    draw();
  });
  service?.addEventListener('change', () => {
    state.service = service.value;
    draw();
  });
  for (const live of page.querySelectorAll('[data-live]')) live.hidden = false;
  draw();
}
