/** Formats by name, for the command line. */
import { ConfigError } from '../../policies/base/assert.ts';
import { importBatsim } from './batsim.ts';
import type { ImportedTrace } from './canonical.ts';
import { importKubectl } from './kubectl.ts';
import { importOpenb } from './openb.ts';
import { importOpendc } from './opendc.ts';
import { importSwf } from './swf.ts';

export const IMPORT_FORMATS = {
  swf: 'Standard Workload Format: one file',
  batsim: 'Batsim workload JSON: one file',
  openb: 'Alibaba GPU v2023: a pod list and, if wanted, a node list (CSV)',
  kubectl: '`kubectl get nodes,pods -A -o json`: one file',
  opendc: 'OpenDC workload: a folder with tasks.parquet and fragments.parquet',
} as const;
export type ImportFormat = keyof typeof IMPORT_FORMATS;

/** What the user knows and the file does not say. */
export interface ImportOptions {
  /** MiB that one unit of OpenDC's mem_capacity is worth; 1 unless given. */
  readonly memMibPerUnit?: number;
}

/** Reads `paths` as `format`. Throws ConfigError for an unknown format or a wrong number of paths, TraceError for bad data. */
export async function importTrace(
  format: string,
  paths: readonly string[],
  options: ImportOptions = {},
): Promise<ImportedTrace> {
  if (!Object.hasOwn(IMPORT_FORMATS, format))
    throw new ConfigError(`trace format is "${format}"; known: ${Object.keys(IMPORT_FORMATS).join(', ')}`);
  const most = format === 'openb' ? 2 : 1;
  if (paths.length < 1 || paths.length > most)
    throw new ConfigError(
      `${paths.length} paths were given; ${format} reads ${IMPORT_FORMATS[format as ImportFormat]}`,
    );
  switch (format as ImportFormat) {
    case 'swf':
      return importSwf(paths[0]);
    case 'batsim':
      return importBatsim(paths[0]);
    case 'openb':
      return importOpenb(paths[0], paths[1]);
    case 'kubectl':
      return importKubectl(paths[0]);
    case 'opendc':
      return importOpendc(paths[0], options.memMibPerUnit);
  }
}

/** What was read, in sentences with numbers. */
export function describeImport(trace: ImportedTrace): string[] {
  const { tasks, hosts } = trace;
  const known = tasks.durationMs.reduce((count, ms) => count + (Number.isNaN(ms) ? 0 : 1), 0);
  const lastHour = tasks.count === 0 ? 0 : tasks.submitMs[tasks.count - 1] / 3_600_000;
  const milliCpu = hosts.milliCpu.reduce((sum, milli) => sum + milli, 0);
  const lines = [
    `${trace.format}: ${tasks.count} tasks over ${lastHour.toFixed(1)} h, ${known} of them with a duration.`,
    hosts.ids.length === 0 ? 'No hosts.' : `${hosts.ids.length} hosts with ${milliCpu / 1000} cores.`,
  ];
  for (const [name, source] of Object.entries(trace.columns))
    lines.push(`${name}: ${source.kind}, from ${source.from} x ${source.scale}.`);
  for (const note of trace.notes) lines.push(`${note}.`);
  return lines;
}
