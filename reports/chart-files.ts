/** The charts of a run as files of their own, for slides and documents. */
import type { RunResults } from '../sim/results/schema.ts';
import { runCharts } from './charts/run-charts.ts';
import { factsOf } from './facts.ts';
import { renderPng, renderSvg } from './render.ts';

/** File name (`utilisation.svg`) to contents; PNG needs the optional @resvg/resvg-js, else ConfigError. */
export async function chartFiles(
  results: RunResults,
  format: 'svg' | 'png',
): Promise<Readonly<Record<string, string | Uint8Array>>> {
  const files: Record<string, string | Uint8Array> = {};
  for (const chart of runCharts(factsOf(results))) {
    const svg = await renderSvg(chart, true);
    files[`${chart.id}.${format}`] = format === 'svg' ? svg : await renderPng(svg);
  }
  return files;
}
