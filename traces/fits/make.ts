/**
 * Learns the committed facts from the public data: `TIDEMARK_DATA=<folder> node dist/traces/fits/make.js [out]`.
 *
 * The folder is laid out as fits/SOURCES.md says. Files are never copied into the project; each fit carries the origin,
 * commit, licence and sha256 of what it was learned from.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { ConfigError, TraceError } from '../../policies/base/assert.ts';
import { readAzureRegion, readAzureVmTable } from '../readers/azure-tables.ts';
import { readAzureV2, readGoogle2011 } from '../readers/usage-series.ts';
import { fitBatch, type Histogram } from './fit-batch.ts';
import { fitPeakOverMean, fitRegion, fitSeriesSet, fitUsage } from './fit-online.ts';
import { SOURCES, type SourceFile } from './sources.ts';

const COMMAND = 'TIDEMARK_DATA=<folder> node dist/traces/fits/make.js';

/** Where a fit comes from: everything needed to make it again. */
interface Provenance extends SourceFile {
  readonly sha256: string;
  readonly command: string;
}

async function readSource(folder: string, source: SourceFile): Promise<{ text: string; provenance: Provenance }> {
  const bytes = await readFile(join(folder, source.path));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const text = (source.path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return { text, provenance: { ...source, sha256, command: COMMAND } };
}

/** The committed files by name, made from the data in `folder`. */
export async function makeFits(folder: string): Promise<Record<string, unknown>> {
  const batch = await readSource(folder, SOURCES.alibabaBatch);
  const profiles = await readSource(folder, SOURCES.hourOfDay);
  const vms = await readAzureVmTable(join(folder, SOURCES.azureV2Vms.path));
  const readings = await readAzureV2(join(folder, SOURCES.azureV2Readings.path));
  const region = await readAzureRegion(join(folder, SOURCES.azureV1Region.path));
  const jobs = await readGoogle2011(join(folder, SOURCES.google2011Jobs.path));
  return {
    'online.json': {
      note: 'Facts that ONLINE_PARAMETERS starts from; quartiles are p25, median, p75 over the series.',
      usagePercent: {
        provenance: (await readSource(folder, SOURCES.azureV2Vms)).provenance,
        ...fitUsage(vms.map((vm) => vm.avgPercent)),
      },
      singlePod: {
        provenance: (await readSource(folder, SOURCES.azureV2Readings)).provenance,
        ...fitSeriesSet(readings),
        peakOverMeanP10P50P90: fitPeakOverMean(readings),
      },
      manyReplicaService: {
        provenance: (await readSource(folder, SOURCES.google2011Jobs)).provenance,
        ...fitSeriesSet(jobs),
      },
      region: {
        provenance: (await readSource(folder, SOURCES.azureV1Region)).provenance,
        ...fitRegion(region.means, region.maxima),
      },
    },
    'alibaba-2018-batch.json': {
      provenance: batch.provenance,
      ...fitBatch(parse<{ dist: Record<string, Histogram> }>(batch.text, SOURCES.alibabaBatch.path).dist),
    },
    'hour-of-day.json': {
      provenance: profiles.provenance,
      profiles: parse<{ profiles: Record<string, number[]> }>(profiles.text, SOURCES.hourOfDay.path).profiles,
    },
  };
}

function parse<T>(text: string, path: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new TraceError(`${path}: not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
}

/** JSON with one line for each leaf and each array of numbers, so that a changed fit reads as a changed line. */
export function formatFit(value: unknown, indent = ''): string {
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== 'object')) return JSON.stringify(value);
    return `[\n${value.map((item) => `${indent}  ${formatFit(item, `${indent}  `)}`).join(',\n')}\n${indent}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const lines = Object.entries(value).map(
      ([key, item]) => `${indent}  ${JSON.stringify(key)}: ${formatFit(item, `${indent}  `)}`,
    );
    return `{\n${lines.join(',\n')}\n${indent}}`;
  }
  return JSON.stringify(value);
}

async function main(): Promise<void> {
  const folder = process.env.TIDEMARK_DATA;
  if (folder === undefined || folder === '')
    throw new ConfigError(
      'set TIDEMARK_DATA to the folder of the public data; traces/fits/SOURCES.md says how to get it',
    );
  const out = process.argv[2] ?? 'traces/fits';
  await mkdir(out, { recursive: true });
  for (const [name, fit] of Object.entries(await makeFits(folder))) {
    await writeFile(join(out, name), `${formatFit(fit)}\n`);
    process.stdout.write(`${join(out, name)}\n`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
