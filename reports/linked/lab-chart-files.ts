/** The charts of an experiment as files of their own, for slides and documents; the arms are named in a legend of the drawing. */
import type { LabDocument } from '../../sim/results/lab-document.ts';
import type { Chart, Piece } from '../charts/theme.ts';
import { colourScale } from '../charts/theme.ts';
import { renderPng, renderSvg } from '../render.ts';
import { armColour } from './arm-colours.ts';
import { labCharts } from './lab-charts.ts';

/** File name (`cpu.svg`) to contents; PNG needs the optional @resvg/resvg-js, else ConfigError. */
export async function labChartFiles(
  document: LabDocument,
  format: 'svg' | 'png',
): Promise<Readonly<Record<string, string | Uint8Array>>> {
  const files: Record<string, string | Uint8Array> = {};
  const { choice, time } = labCharts(document);
  for (const chart of [...choice, ...time.filter((own) => own.kind !== 'overview')]) {
    const spec = withLegend(chart.specOf({ values: chart.points }), document);
    const svg = await renderSvg({ ...chart, spec } satisfies Chart, true);
    files[`${chart.id}.${format}`] = format === 'svg' ? svg : await renderPng(svg);
  }
  return files;
}

/** On the page the list of arms is the legend; alone a chart needs its own, drawn by a layer without rows. */
function withLegend(spec: Piece, document: LabDocument): Piece {
  const scale = colourScale(document.arms.map((arm, index) => [arm.name, armColour(index)] as const));
  const usesArms =
    JSON.stringify(spec).includes('"field":"arm"') && !JSON.stringify(spec).includes('"field":"verdict"');
  if (!usesArms && !document.differences.length) return spec;
  const named = (channel: Piece): Piece => ({
    ...channel,
    legend: { title: null, columns: 1, labelLimit: 900 },
    scale,
  });
  const withNames = (layer: Piece): Piece => {
    const { encoding } = layer as { readonly encoding?: Readonly<Record<string, Piece>> };
    const color = encoding?.color;
    return color?.field === 'arm' ? { ...layer, encoding: { ...encoding, color: named(color) } } : layer;
  };
  const { layer } = spec as { readonly layer?: readonly Piece[] };
  return layer === undefined ? withNames(spec) : { ...spec, layer: layer.map(withNames) };
}
