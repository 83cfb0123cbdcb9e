/** Use of the services, or of the hosts, of an imported trace hour by hour: what a run is held against. */
import { ConfigError } from '../policies/base/assert.ts';
import { MS_PER_HOUR } from '../policies/base/units.ts';
import type { ImportedServices } from './import/canonical.ts';
import { readImportHead } from './import/store.ts';
import { readServices, readUsage } from './import/store-services.ts';

/** Series of hours; row-major series x hours. */
export interface HourlyUse {
  readonly of: 'services' | 'hosts';
  readonly names: readonly string[];
  readonly hours: number;
  /** Mean CPU use in the hour, milli-CPU; NaN where nothing was measured. */
  readonly usedMilliCpu: Float64Array;
  /** What the series may use: the request of all replicas, or the capacity of the host. */
  readonly sizeMilliCpu: Float64Array;
}

/**
 * Hours [fromHour, toHour) of the trace in `folder`: of its services, or, where it has none with samples, of its hosts.
 *
 * A service that does not say its request has the largest sample in these hours as its size. Throws ConfigError when there is no sample; TraceError.
 */
export async function measuredHours(folder: string, fromHour: number, toHour: number): Promise<HourlyUse> {
  if (!(await readImportHead(folder)).hasServices)
    throw new ConfigError(`${folder}: the trace has no use over time to compare with`);
  const services = await readServices(folder);
  for (const of of ['services', 'hosts'] as const) {
    const found = await hoursOf(folder, services, of, fromHour, toHour);
    if (found !== null) return found;
  }
  throw new ConfigError(`${folder}: no sample lies between hour ${fromHour} and hour ${toHour} of the trace`);
}

async function hoursOf(
  folder: string,
  services: ImportedServices,
  of: HourlyUse['of'],
  fromHour: number,
  toHour: number,
): Promise<HourlyUse | null> {
  const isWanted = (kind: string) => (of === 'hosts' ? kind === 'host' : kind !== 'host' && kind !== 'system');
  const rowOfId = new Map<string, number>();
  const listed: number[] = [];
  for (let service = 0; service < services.count; service++) {
    if (!isWanted(services.kinds[service])) continue;
    rowOfId.set(services.ids[service], listed.length);
    listed.push(service);
  }
  const hours = toHour - fromHour;
  const sums = new Float64Array(listed.length * hours);
  const counts = new Int32Array(listed.length * hours);
  const most = new Float64Array(listed.length);
  for await (const batch of readUsage(folder))
    for (let at = 0; at < batch.count; at++) {
      const hour = Math.floor(batch.timeMs[at] / MS_PER_HOUR) - fromHour;
      const row = rowOfId.get(batch.ids[at]);
      const value = batch.milliCpu[at];
      if (row === undefined || hour < 0 || hour >= hours || Number.isNaN(value)) continue;
      sums[row * hours + hour] += value;
      counts[row * hours + hour] += 1;
      if (value > most[row]) most[row] = value;
    }
  const kept = listed.flatMap((_, row) =>
    counts.subarray(row * hours, (row + 1) * hours).some((n) => n > 0) ? [row] : [],
  );
  if (kept.length === 0) return null;
  const usedMilliCpu = new Float64Array(kept.length * hours);
  kept.forEach((row, at) => {
    for (let hour = 0; hour < hours; hour++)
      usedMilliCpu[at * hours + hour] = sums[row * hours + hour] / counts[row * hours + hour];
  });
  return {
    of,
    names: kept.map((row) => services.ids[listed[row]]),
    hours,
    usedMilliCpu,
    sizeMilliCpu: Float64Array.from(kept, (row) => {
      const service = listed[row];
      const size = services.requestMilliCpu[service] * Math.max(1, services.replicas[service]);
      return size > 0 ? size : most[row];
    }),
  };
}
