/**
 * Azure packing trace 2020: an SQLite file with the tables vm and vmType.
 *
 * `vm`: vmId, tenantId, vmTypeId, priority (0 high, 1 low), starttime and endtime in days; a negative start was alive before, a NULL end
 * after the 90 days. `vmType`: one row for each machine a type fits, core and memory as shares of that machine; the first machine
 * counts. `--scale cpu=CORES mem=MIB` is that machine.
 */
import { TraceError } from '../../policies/base/assert.ts';
import { MS_PER_DAY } from '../../policies/base/units.ts';
import {
  countedNote,
  hostColumns,
  type ImportedTrace,
  type ServiceRow,
  serviceColumns,
  taskColumns,
} from './canonical.ts';
import { dropRow, type ImportContext, scaleOf } from './context.ts';
import { eachSqliteRow, type SqliteRow, type SqliteValue } from './sqlite-rows.ts';

/** One row of the join of vm with the first machine of its type. */
export type PackingRow = readonly [
  vm: string,
  tenant: string,
  type: string,
  priority: number,
  startDay: number,
  endDay: number | null,
  core: number | null,
  memory: number | null,
];

/** In a query with min(), SQLite takes the other columns from the row that holds the minimum (lang_select, bare columns). */
const QUERY = `SELECT CAST(v.vmId AS TEXT) AS vm, CAST(v.tenantId AS TEXT) AS tenant, CAST(v.vmTypeId AS TEXT) AS type, v.priority AS priority,
  v.starttime AS startDay, v.endtime AS endDay, t.core AS core, t.memory AS memory
  FROM vm v LEFT JOIN (SELECT vmTypeId, core, memory, min(machineId) FROM vmType GROUP BY vmTypeId) t ON t.vmTypeId = v.vmTypeId
  ORDER BY v.starttime, v.vmId`;

/** Reads the file. Throws TraceError with file and, for a bad value, the VM; also when the package that reads SQLite is missing. */
export async function importAzurePacking(path: string, context: ImportContext): Promise<ImportedTrace> {
  const rows: PackingRow[] = [];
  await eachSqliteRow(path, QUERY, (row) => {
    try {
      rows.push(packingRow(path, row));
    } catch (error) {
      dropRow(context, error);
    }
  });
  return packingTrace(rows, context);
}

function packingRow(path: string, row: SqliteRow): PackingRow {
  const vm = row.vm;
  if (typeof vm !== 'string' || vm === '') throw new TraceError(`${path}: a row of vm has no vmId`);
  const number = (name: string, value: SqliteValue): number | null => {
    if (value === null) return null;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    if (typeof value === 'bigint') return Number(value);
    throw new TraceError(`${path}: VM ${vm} has ${name} ${JSON.stringify(String(value))}; a number is expected`);
  };
  const known = (name: string, value: SqliteValue): number => {
    const found = number(name, value);
    if (found === null) throw new TraceError(`${path}: VM ${vm} has no ${name}`);
    return found;
  };
  const text = (value: SqliteValue) => (value === null ? '' : String(value));
  const startDay = known('starttime', row.startDay);
  const endDay = number('endtime', row.endDay);
  if (endDay !== null && endDay < startDay)
    throw new TraceError(`${path}: VM ${vm} ends on day ${endDay}, before it starts on day ${startDay}`);
  return [
    vm,
    text(row.tenant),
    text(row.type),
    known('priority', row.priority),
    startDay,
    endDay,
    number('core', row.core),
    number('memory', row.memory),
  ];
}

/** The trace of joined rows. */
export function packingTrace(rows: readonly PackingRow[], context: ImportContext): ImportedTrace {
  const cores = scaleOf(context, 'cpu', 1);
  const mib = scaleOf(context, 'mem', 1);
  const counts = { before: 0, after: 0, typeless: 0 };
  const services = rows.map(([vm, tenant, type, priority, startDay, endDay, core, memory]): ServiceRow => {
    if (startDay < 0) counts.before += 1;
    if (endDay === null) counts.after += 1;
    if (core === null) counts.typeless += 1;
    return {
      id: vm,
      kind: 'vm',
      group: `${tenant}/${type}`,
      requestMilliCpu: (core ?? Number.NaN) * cores * 1000,
      requestMemMib: (memory ?? Number.NaN) * mib,
      startMs: startDay < 0 ? Number.NaN : Math.round(startDay * MS_PER_DAY),
      endMs: endDay === null ? Number.NaN : Math.round(endDay * MS_PER_DAY),
      qos: priority === 0 ? 'high' : 'low',
    };
  });
  return {
    format: 'azure-packing',
    startUnixMs: null,
    hosts: hostColumns([]),
    tasks: taskColumns([]).tasks,
    use: null,
    services: serviceColumns(services),
    columns: {
      'services.requestMilliCpu': {
        kind: 'normalised',
        from: 'core, share of the first machine the type fits',
        scale: cores * 1000,
      },
      'services.requestMemMib': { kind: 'normalised', from: 'memory, share of that machine', scale: mib },
    },
    notes: [
      ...countedNote(counts.before, 'VMs were alive before the trace: their start is unknown'),
      ...countedNote(counts.after, 'VMs were alive after 90 days: their end is unknown'),
      ...countedNote(counts.typeless, 'VMs have a type without a machine: their size is unknown'),
    ],
  };
}
