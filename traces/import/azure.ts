/**
 * Azure Public Dataset V1 and V2: vmtable.csv and vm_cpu_readings-file-N-of-M.csv.gz, neither with a header.
 *
 * VM table: `vm, subscription, deployment, created s, deleted s, max CPU, avg CPU, p95 of 5-min max CPU, category, cores, memory GB`. V1
 * has counts, V2 has buckets (`2 4 8 24 >24` cores, `2 4 8 32 64 >64` GB). Readings: `timestamp s, vm, min, max, avg CPU %`. Created 0 and
 * deleted 2591400 are the ends of the trace, not of the VM: such ends are unknown. Ids contain `/`, `+` and `=`.
 */
import { MILLI_PER_CPU, MS_PER_SECOND } from '../../policies/base/units.ts';
import { type RowPlace, readLines, readNumber, rejectRow } from '../readers/rows.ts';
import {
  countedNote,
  hostColumns,
  type ImportedTrace,
  type ServiceRow,
  serviceColumns,
  storedOf,
  taskColumns,
} from './canonical.ts';
import { dropRow, type ImportContext, scaleOf } from './context.ts';
import { listServices, storeServices } from './service-sink.ts';
import { tableFiles } from './table-files.ts';
import { readUsageCsv, type UsageCsv, type UsageScale } from './usage-csv.ts';

const END_S = 2_591_400;
const MIB_PER_GB = 1024;
const FIELDS = 11;
/** A bucket `>24` or `>64` stands for at least this; the true sizes are not published. */
const OPEN_CORES = 32;
const OPEN_GB = 128;

const READINGS: UsageCsv = {
  name: 'vm_cpu_readings',
  separator: ',',
  fields: 5,
  id: [1],
  time: 0,
  timeScaleMs: MS_PER_SECOND,
  timeOffsetMs: 0,
  cpu: 4,
  peak: 3,
  mem: -1,
  invalid: [],
  mostCpu: 100,
  manyIds: true,
};

/** Reads the VM table and any readings. Throws ConfigError, TraceError with file and row. */
export async function importAzure(paths: readonly string[], context: ImportContext): Promise<ImportedTrace> {
  const files = await tableFiles(
    'azure',
    paths,
    { vmtable: { pattern: /vmtable/i }, readings: { pattern: /readings/i } },
    context,
  );
  const counts = { open: 0, bornBefore: 0, aliveAfter: 0 };
  const rows: ServiceRow[] = [];
  const scales = new Map<string, UsageScale>();
  const listed = context.bulk === null ? null : listServices(context.bulk);
  for (const path of files.vmtable) {
    let row = 0;
    for await (const line of readLines(path, context.reading)) {
      row += 1;
      if (line === '') continue;
      try {
        const vm = readVm({ path, row }, line, counts);
        if (listed !== null) {
          listed.add(vm, `${path}:${row} VM`);
          continue;
        }
        if (scales.has(vm.id)) rejectRow({ path, row }, `VM ${vm.id} appears a second time`);
        rows.push(vm);
        scales.set(vm.id, { milliCpu: vm.requestMilliCpu / 100, memMib: 1 });
      } catch (error) {
        dropRow(context, error);
      }
    }
  }
  await listed?.finish(context);
  const assumed = scaleOf(context, 'cpu', 1) * MILLI_PER_CPU;
  const other = { milliCpu: assumed / 100, memMib: 1 };
  const read = await readUsageCsv(READINGS, files.readings, listed?.scales(1) ?? scales, other, context);
  const measured = { usage: READINGS.name, kind: 'vm', requestMilliCpu: assumed };
  const stored = context.bulk === null ? null : await storeServices(context.bulk, listed, measured);
  let unlisted = stored?.unlisted ?? 0;
  for (const id of read.ids) {
    if (scales.has(id)) continue;
    unlisted += 1;
    rows.push({ id, kind: 'vm', requestMilliCpu: assumed, requestMemMib: Number.NaN });
  }
  return {
    format: 'azure',
    startUnixMs: null,
    hosts: hostColumns([]),
    tasks: taskColumns([]).tasks,
    use: null,
    services: serviceColumns(rows),
    ...storedOf(undefined, stored?.count),
    columns: {
      'services.requestMilliCpu': { kind: 'absolute', from: 'core count (V1) or bucket (V2)', scale: MILLI_PER_CPU },
      'services.requestMemMib': { kind: 'absolute', from: 'GB or bucket', scale: MIB_PER_GB },
      'usage.milliCpu': { kind: 'normalised', from: 'avg CPU, % of the VM', scale: 0.01 },
      'usage.peakMilliCpu': { kind: 'normalised', from: 'max CPU, % of the VM', scale: 0.01 },
    },
    notes: [
      ...countedNote(
        counts.open,
        `VMs are in an open bucket (>24 cores or >64 GB); ${OPEN_CORES} cores and ${OPEN_GB} GB are assumed`,
      ),
      ...countedNote(counts.bornBefore, 'VMs were alive when the trace began: their start is unknown'),
      ...countedNote(counts.aliveAfter, 'VMs were alive when the trace ended: their end is unknown'),
      ...countedNote(
        unlisted,
        `VMs with readings are not in the VM table: ${assumed / MILLI_PER_CPU} cores are assumed (--scale cpu=N)`,
      ),
    ],
  };
}

function readVm(
  place: RowPlace,
  line: string,
  counts: { open: number; bornBefore: number; aliveAfter: number },
): ServiceRow {
  const fields = line.split(',');
  if (fields.length !== FIELDS) rejectRow(place, `has ${fields.length} fields; the VM table has ${FIELDS}`);
  const created = readNumber(place, fields[3], 'created');
  const deleted = readNumber(place, fields[4], 'deleted');
  if (deleted < created) rejectRow(place, `VM ${fields[0]} is deleted ${created - deleted} s before it is created`);
  const cores = bucket(place, fields[9], 'cores', OPEN_CORES);
  const gb = bucket(place, fields[10], 'memory', OPEN_GB);
  if (fields[9].startsWith('>') || fields[10].startsWith('>')) counts.open += 1;
  if (created === 0) counts.bornBefore += 1;
  if (deleted >= END_S) counts.aliveAfter += 1;
  return {
    id: fields[0],
    kind: 'vm',
    group: fields[2],
    requestMilliCpu: cores * MILLI_PER_CPU,
    requestMemMib: gb * MIB_PER_GB,
    startMs: created === 0 ? Number.NaN : created * MS_PER_SECOND,
    endMs: deleted >= END_S ? Number.NaN : deleted * MS_PER_SECOND,
    qos: fields[8],
  };
}

function bucket(place: RowPlace, field: string, name: string, open: number): number {
  if (field.startsWith('>')) return open;
  const value = readNumber(place, field, name);
  if (!(value > 0)) rejectRow(place, `${name} is ${value}; above 0 is expected`);
  return value;
}
