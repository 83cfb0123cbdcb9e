/**
 * What all charts share: colours that work on light and dark paper, the axis of simulated time, marks of warm-up and
 * water-lines. Text, axes and grid are drawn in `currentColor`, so the page decides what ink is.
 */

/** A piece of a vega-lite specification; vega-lite itself checks it when it compiles. */
export type Piece = Readonly<Record<string, unknown>>;

/** A chart with the words that belong to it. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  /** What is drawn: quantity, grouping, units. */
  readonly subtitle: string;
  readonly spec: Piece;
  /** What it shows in this run, with numbers. */
  readonly sentence: string;
  readonly width: 'full' | 'half';
  /** Edges of marks snap to pixels: no seams between the cells of a heat map. */
  readonly crisp?: boolean;
}

/** Told apart by people with any colour vision (after Okabe and Ito). */
export const COLOURS = {
  online: '#3b82c4',
  bestEffort: '#e69f00',
  system: '#8b929a',
  line: '#d14d46',
  second: '#9b74c9',
  third: '#009e73',
} as const;

export const FULL_WIDTH = 820;
export const HALF_WIDTH = 385;
export const HEIGHT = 220;

/** Padding of full charts without names in the right margin: their time axes stand below those of charts with names. */
export const EMPTY_MARGIN: Piece = { left: 5, top: 5, bottom: 5, right: 92 };

export const CONFIG: Piece = {
  aria: false,
  background: null,
  font: 'system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif',
  view: { stroke: null },
  axis: {
    labelColor: 'currentColor',
    titleColor: 'currentColor',
    domainColor: 'currentColor',
    tickColor: 'currentColor',
    gridColor: 'currentColor',
    gridOpacity: 0.12,
    domainOpacity: 0.4,
    tickOpacity: 0.4,
    labelFontSize: 11,
    titleFontSize: 11,
    titleFontWeight: 'normal',
    labelOpacity: 0.85,
    titleOpacity: 0.85,
  },
  axisXQuantitative: { labelFlush: false },
  axisY: { minExtent: 36 },
  legend: {
    labelColor: 'currentColor',
    titleColor: 'currentColor',
    labelFontSize: 11,
    titleFontSize: 11,
    titleFontWeight: 'normal',
    orient: 'top',
    labelLimit: 300,
    titleLimit: 300,
    symbolStrokeWidth: 2,
    symbolBaseFillColor: 'currentColor',
    symbolBaseStrokeColor: 'currentColor',
  },
  text: { color: 'currentColor', fontSize: 11 },
};

/**
 * Horizontal axis of simulated time in hours from the start of the run, labelled "day n" at midnight. The axis holds
 * plain hours and no dates: no time zone of the machine can move it. `width`: of the chart, in its units.
 */
export function timeAxis(hours: number, width: number): Piece {
  const days = Math.max(1, hours / 24);
  const step = [1, 3, 6, 12, 24, 48, 168, 336, 672].find((candidate) => (hours / candidate) * 44 <= width) ?? 1344;
  const values: number[] = [];
  for (let hour = 0; hour < hours; hour += step) values.push(hour);
  return {
    type: 'quantitative',
    scale: { domain: [0, hours], nice: false, zero: false },
    title: days > 1 ? 'time from the start of the run (UTC day, hour)' : 'hour of day 1 (UTC)',
    axis: {
      values,
      labelExpr:
        "datum.value % 24 === 0 ? 'day ' + (datum.value / 24 + 1) : (datum.value % 24 < 10 ? '0' : '') + datum.value % 24 + ':00'",
      labelFlush: true,
      labelOverlap: true,
      grid: true,
    },
  };
}

/** Grey ground over the warm-up with its name; no layers without warm-up. */
export function warmUpLayers(warmUpMs: number, hoursShown: number, width: number): readonly Piece[] {
  if (!(warmUpMs > 0)) return [];
  const hours = Math.min(hoursShown, warmUpMs / 3_600_000);
  const text = (hours / hoursShown) * width >= 130 ? 'warm-up, not counted' : 'warm-up';
  return [
    {
      data: { values: [{ from: 0, to: hours }] },
      mark: { type: 'rect', color: 'currentColor', opacity: 0.07 },
      encoding: { x: { field: 'from', type: 'quantitative' }, x2: { field: 'to' } },
    },
    {
      data: { values: [{ from: 0 }] },
      mark: { type: 'text', align: 'left', baseline: 'top', dx: 4, y: 3, text, opacity: 0.7 },
      encoding: { x: { field: 'from', type: 'quantitative' } },
    },
  ];
}

/** A line of the plan: `words` stand in front of its value, as in `squeezed at 65 %`. Null: the plan has none. */
export interface WaterLine {
  readonly percent: number | null;
  readonly words: string;
  readonly colour: string;
}

/** Water-lines with their names; lines at the same height are one line with both names, so that no name hides another. */
export function waterLineLayers(lines: readonly WaterLine[]): readonly Piece[] {
  const heights = [...new Set(lines.map((line) => line.percent))].filter((percent) => percent !== null);
  return heights.flatMap((percent) => {
    const own = lines.filter((line) => line.percent === percent);
    const words = [...new Set(own.map((line) => line.words))];
    return ruleLayers(percent, `${words.join(', ')} ${Math.round(percent * 100) / 100} %`, own[0].colour);
  });
}

/**
 * An axis from 0 to at least `top` even where all values are 0; nothing is drawn. Layers share their vertical axis, and one without
 * length would have no labels.
 */
export function leastAxisLayer(top: number): Piece {
  return {
    data: { values: [{}] },
    mark: { type: 'point', opacity: 0 },
    encoding: { y: { datum: top, type: 'quantitative' } },
  };
}

/** Dashed line across the chart at `value`, its name in the margin to the right; no layers without a value. */
export function ruleLayers(value: number | null, label: string, colour: string): readonly Piece[] {
  if (value === null) return [];
  const data = { values: [{ value, label }] };
  const y = { field: 'value', type: 'quantitative' };
  return [
    { data, mark: { type: 'rule', color: colour, strokeDash: [6, 4], strokeWidth: 1.5 }, encoding: { y } },
    {
      data,
      mark: { type: 'text', align: 'left', baseline: 'middle', dx: 5, color: colour, fontWeight: 'bold' },
      encoding: { x: { value: { expr: 'width' } }, y, text: { field: 'label' } },
    },
  ];
}

/** Scale that gives each name its colour, in the order of the legend. */
export function colourScale(entries: readonly (readonly [name: string, colour: string])[]): Piece {
  return { domain: entries.map(([name]) => name), range: entries.map(([, colour]) => colour) };
}
