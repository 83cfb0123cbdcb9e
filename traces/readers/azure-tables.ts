/** The VM table of the Azure Public Dataset and the region-wide sums of its first version. */
import { readLines, readNumber, rejectRow } from './rows.ts';

export interface AzureVm {
  readonly id: string;
  readonly createdSecond: number;
  readonly deletedSecond: number;
  readonly maxPercent: number;
  readonly avgPercent: number;
  readonly p95MaxPercent: number;
  readonly category: string;
  /** As written: a count, or a bucket such as `>24`. */
  readonly cores: string;
  readonly memGib: string;
}

/** vmtable.csv, no header, 11 columns. Throws TraceError with file and row. */
export async function readAzureVmTable(path: string): Promise<AzureVm[]> {
  const vms: AzureVm[] = [];
  let row = 0;
  for await (const line of readLines(path)) {
    row += 1;
    if (line === '') continue;
    const place = { path, row };
    const fields = line.split(',');
    if (fields.length !== 11) rejectRow(place, `has ${fields.length} fields; the VM table has 11`);
    vms.push({
      id: fields[0],
      createdSecond: readNumber(place, fields[3], 'created'),
      deletedSecond: readNumber(place, fields[4], 'deleted'),
      maxPercent: readNumber(place, fields[5], 'max CPU'),
      avgPercent: readNumber(place, fields[6], 'avg CPU'),
      p95MaxPercent: readNumber(place, fields[7], 'p95 of max CPU'),
      category: fields[8],
      cores: fields[9],
      memGib: fields[10],
    });
  }
  return vms;
}

/** Sums over all VMs per five minutes: header, then `time, min, max, avg`. Throws TraceError with file and row. */
export async function readAzureRegion(path: string): Promise<{ means: Float64Array; maxima: Float64Array }> {
  const means: number[] = [];
  const maxima: number[] = [];
  let row = 0;
  for await (const line of readLines(path)) {
    row += 1;
    if (row === 1 || line === '') continue;
    const place = { path, row };
    const fields = line.split(',');
    if (fields.length !== 4) rejectRow(place, `has ${fields.length} fields; time,min,max,avg are expected`);
    maxima.push(readNumber(place, fields[2], 'max CPU'));
    means.push(readNumber(place, fields[3], 'avg CPU'));
  }
  return { means: Float64Array.from(means), maxima: Float64Array.from(maxima) };
}
