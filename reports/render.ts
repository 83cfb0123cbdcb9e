/** vega-lite to SVG (and PNG where the optional resvg is installed), without a browser; the same bytes on every call. */
import { ConfigError, fail } from '../policies/base/assert.ts';
import type { Chart, Piece } from './charts/theme.ts';
import { CONFIG } from './charts/theme.ts';
import { escapeHtml } from './format.ts';

type VegaSpec = ReturnType<typeof import('vega-lite')['compile']>['spec'];

/** Reads the modules that drawing needs (0.3 s), so that the first chart does not wait for them. */
export async function loadRenderer(): Promise<void> {
  await Promise.all([import('vega'), import('vega-lite')]);
}

/**
 * SVG text of a chart: scales with its box, ink is `currentColor`, ids start with the id of the chart. `titled` writes
 * title and subtitle into the drawing, for charts that stand alone.
 */
export async function renderSvg(chart: Chart, titled = false): Promise<string> {
  const vega = await import('vega');
  const spec = await compiledSpec({ ...chart, spec: { ...chart.spec, ...(titled ? titleOf(chart) : {}) } });
  const view = new vega.View(vega.parse(spec), { renderer: 'none', logLevel: vega.Error });
  try {
    return tidySvg(await view.toSVG(), chart);
  } finally {
    view.finalize();
  }
}

/** The Vega specification of a chart: what a page with Vega alone can draw. */
export async function compiledSpec(chart: Pick<Chart, 'spec'>): Promise<VegaSpec> {
  const vegaLite = await import('vega-lite');
  const spec: Piece = { config: CONFIG, autosize: { type: 'pad', contains: 'content' }, ...chart.spec };
  return vegaLite.compile(spec as unknown as Parameters<typeof vegaLite.compile>[0], { logger: quietLogger() }).spec;
}

function titleOf(chart: Chart): Piece {
  return {
    title: {
      text: chart.title,
      subtitle: chart.subtitle,
      anchor: 'start',
      color: 'currentColor',
      subtitleColor: 'currentColor',
      fontSize: 14,
      subtitleFontSize: 11,
      offset: 10,
    },
  };
}

/** Warnings of vega-lite are of no use to a reader of reports; errors are thrown by compile itself. */
function quietLogger() {
  const logger = {
    level: () => logger,
    error: (...messages: readonly unknown[]) => {
      return fail(`chart: ${messages.map(String).join(' ')}`);
    },
    warn: () => logger,
    info: () => logger,
    debug: () => logger,
  };
  return logger as unknown as NonNullable<NonNullable<Parameters<typeof import('vega-lite')['compile']>[1]>['logger']>;
}

/** Shorter numbers, ids of its own, a role and a name for readers of screens. */
function tidySvg(svg: string, chart: Chart): string {
  const ids = new Map<string, string>();
  const idOf = (id: string): string => {
    let own = ids.get(id);
    if (own === undefined) {
      own = `${chart.id}-${ids.size + 1}`;
      ids.set(id, own);
    }
    return own;
  };
  return svg
    .replace(/-?\d+\.\d{3,}(?:e-?\d+)?/g, (number) => String(Math.round(Number(number) * 100) / 100))
    .replace(/ id="([^"]+)"/g, (_, id: string) => ` id="${idOf(id)}"`)
    .replace(/url\(#([^)]+)\)/g, (_, id: string) => `url(#${idOf(id)})`)
    .replace(/^<svg[^>]*>/, (open) => {
      const [, width = '0', height = '0'] = /width="([\d.]+)" height="([\d.]+)"/.exec(open) ?? [];
      const box = /viewBox="([^"]+)"/.exec(open)?.[1] ?? `0 0 ${width} ${height}`;
      return (
        `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img" ${chart.crisp === true ? 'shape-rendering="crispEdges" ' : ''}` +
        `aria-label="${escapeHtml(`${chart.title}. ${chart.sentence}`)}" width="${width}" height="${height}" viewBox="${box}">`
      );
    });
}

/** PNG of an SVG on white, `scale` pixels a unit. Throws ConfigError where @resvg/resvg-js is not installed. */
export async function renderPng(svg: string, scale = 2): Promise<Uint8Array> {
  let resvg: typeof import('@resvg/resvg-js');
  try {
    resvg = await import('@resvg/resvg-js');
  } catch {
    throw new ConfigError('PNG charts need the optional package @resvg/resvg-js: npm install @resvg/resvg-js');
  }
  return new resvg.Resvg(svg, {
    background: 'white',
    font: { defaultFontFamily: 'DejaVu Sans' },
    fitTo: { mode: 'zoom', value: scale },
  })
    .render()
    .asPng();
}
