/**
 * Bitbrains GWA-T-12: one file for each VM, with a header; fields are parted by `;` and a tab.
 *
 * `Timestamp [ms]` holds **seconds**. CPU use is in MHz of the provisioned MHz, memory in KB ("active" memory). Series have gaps of up to
 * days: they stay gaps.
 */
import { basename } from 'node:path';
import { MS_PER_SECOND } from '../../policies/base/units.ts';
import { readLines, readNumber, rejectRow } from '../readers/rows.ts';
import {
  countedNote,
  hostColumns,
  type ImportedTrace,
  type ServiceRow,
  serviceColumns,
  taskColumns,
} from './canonical.ts';
import { dropRow, type ImportContext } from './context.ts';
import { tableFiles } from './table-files.ts';

const FIELDS = 11;
const KIB_PER_MIB = 1024;
const SLOT_S = 300;

/** Reads the files of VMs. Throws TraceError with file and row. */
export async function importGwaT12(paths: readonly string[], context: ImportContext): Promise<ImportedTrace> {
  const { vms } = await tableFiles('gwa-t-12', paths, { vms: { pattern: /\.csv(\.gz)?$/, required: true } }, context);
  const services: ServiceRow[] = [];
  const counts = { gaps: 0, backwards: 0, resized: 0 };
  const firstS = await earliest(vms, context);
  const table = context.usage.open('vms');
  for (const path of vms) services.push(await readVm(path, firstS, table, counts, context));
  table.finish();
  return {
    format: 'gwa-t-12',
    startUnixMs: Number.isFinite(firstS) ? firstS * MS_PER_SECOND : null,
    hosts: hostColumns([]),
    tasks: taskColumns([]).tasks,
    use: null,
    services: serviceColumns(services),
    columns: {
      'services.requestMilliCpu': { kind: 'absolute', from: 'CPU cores', scale: 1000 },
      'services.requestMemMib': { kind: 'absolute', from: 'memory provisioned KB', scale: 1 / KIB_PER_MIB },
      'usage.milliCpu': { kind: 'normalised', from: 'CPU usage MHz over provisioned MHz, times cores', scale: 1 },
      'usage.memMib': { kind: 'absolute', from: 'memory usage KB (active)', scale: 1 / KIB_PER_MIB },
    },
    notes: [
      'timestamps are seconds, whatever the header says',
      ...countedNote(counts.gaps, 'gaps of more than ten minutes lie between samples'),
      ...countedNote(counts.backwards, 'rows stand before the row above them in time and are left out'),
      ...countedNote(counts.resized, 'times a VM was resized; its largest size counts'),
    ],
  };
}

/** Time of the first row of all files. */
async function earliest(paths: readonly string[], context: ImportContext): Promise<number> {
  let firstS = Infinity;
  for (const path of paths) {
    let row = 0;
    for await (const line of readLines(path, context.reading)) {
      row += 1;
      if (row === 1 || line === '') continue;
      firstS = Math.min(firstS, Number(line.split(/;\s*/)[0]) || Infinity);
      break;
    }
  }
  return firstS;
}

async function readVm(
  path: string,
  firstS: number,
  table: ReturnType<ImportContext['usage']['open']>,
  counts: { gaps: number; backwards: number; resized: number },
  context: ImportContext,
): Promise<ServiceRow> {
  const id = basename(path).replace(/\.csv(\.gz)?$/, '');
  let row = 0;
  let cores = 0;
  let memKib = 0;
  let lastS = -Infinity;
  for await (const line of readLines(path, { ...context.reading })) {
    row += 1;
    const place = { path, row };
    if (row === 1) {
      if (!line.startsWith('Timestamp')) rejectRow(place, 'is not the header `Timestamp [ms];\\tCPU cores;...`');
      continue;
    }
    if (line === '') continue;
    try {
      const fields = line.split(/;\s*/);
      if (fields.length < FIELDS) rejectRow(place, `has ${fields.length} fields; a VM has ${FIELDS}`);
      const second = readNumber(place, fields[0], 'timestamp');
      const vmCores = readNumber(place, fields[1], 'CPU cores');
      const capacityMhz = readNumber(place, fields[2], 'CPU capacity');
      const usedMhz = readNumber(place, fields[3], 'CPU usage');
      const provisionedKib = readNumber(place, fields[5], 'memory capacity');
      const usedKib = readNumber(place, fields[6], 'memory usage');
      if (second <= lastS) {
        counts.backwards += 1;
        continue;
      }
      if (second - lastS > 2 * SLOT_S && lastS > 0) counts.gaps += 1;
      if (cores > 0 && vmCores !== cores) counts.resized += 1;
      lastS = second;
      cores = Math.max(cores, vmCores);
      memKib = Math.max(memKib, provisionedKib);
      const milliCpu = capacityMhz > 0 ? (usedMhz / capacityMhz) * vmCores * 1000 : Number.NaN;
      table.add(
        id,
        (second - firstS) * MS_PER_SECOND,
        milliCpu,
        Number.NaN,
        usedKib / KIB_PER_MIB,
        () => `${path}:${row}`,
      );
    } catch (error) {
      dropRow(context, error);
    }
  }
  return { id, kind: 'vm', requestMilliCpu: cores * 1000, requestMemMib: memKib / KIB_PER_MIB };
}
