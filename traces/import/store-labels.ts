/** Labels of a row as text in a column: a JSON object, empty where there are none. */
import { TraceError } from '../../policies/base/assert.ts';
import type { Labels } from './canonical.ts';
import { type ParquetColumns, texts } from './parquet-columns.ts';

const NONE = '{}';

export function labelTexts(rows: readonly Labels[]): string[] {
  return rows.map((labels) => JSON.stringify(labels));
}

/** The column `labels`; a file without it has none. Throws TraceError. */
export function labelsOf(file: ParquetColumns): Labels[] {
  if (!file.has('labels')) return Array.from({ length: file.count }, () => ({}));
  return texts(file, 'labels').map((text, row) => parseLabels(text, file.path, row + 1));
}

/** The labels of a row, which counts from 1. Throws TraceError. */
export function parseLabels(text: string, path: string, row: number): Labels {
  if (text === NONE) return {};
  try {
    return JSON.parse(text) as Labels;
  } catch {
    throw new TraceError(`${path}:${row} labels are "${text}"; a JSON object is expected`);
  }
}
