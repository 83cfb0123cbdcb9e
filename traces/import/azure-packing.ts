/**
 * Azure packing trace 2020: an SQLite file with the tables vm and vmType, read through DuckDB's sqlite extension.
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
import { type ImportContext, scaleOf } from './context.ts';
import { openDuckdb, sqlText } from './usage-duckdb.ts';

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

const QUERY = `SELECT v.vmId::VARCHAR, v.tenantId::VARCHAR, v.vmTypeId::VARCHAR, v.priority::DOUBLE, v.starttime::DOUBLE, v.endtime::DOUBLE,
  t.core::DOUBLE, t.memory::DOUBLE
  FROM source.vm v LEFT JOIN (SELECT vmTypeId, arg_min(core, machineId) AS core, arg_min(memory, machineId) AS memory
    FROM source.vmType GROUP BY vmTypeId) t ON t.vmTypeId = v.vmTypeId ORDER BY v.starttime, v.vmId`;

/** Reads the file. Throws TraceError; also when DuckDB or its sqlite extension is not installed: nothing is fetched for it. */
export async function importAzurePacking(path: string, context: ImportContext): Promise<ImportedTrace> {
  const connection = await openDuckdb(`${path}.tmp`);
  if (connection === null) throw new TraceError(`${path}: SQLite is read through DuckDB; install @duckdb/node-api`);
  try {
    await connection.run('LOAD sqlite');
  } catch {
    connection.closeSync();
    throw new TraceError(
      `${path}: DuckDB's sqlite extension is not installed; run INSTALL sqlite in DuckDB once, with a network`,
    );
  }
  try {
    await connection.run(`ATTACH ${sqlText(path)} AS source (TYPE sqlite, READ_ONLY)`);
    const rows = (await connection.runAndReadAll(QUERY)).getRows() as unknown as PackingRow[];
    return packingTrace(rows, context);
  } catch (error) {
    if (error instanceof TraceError) throw error;
    throw new TraceError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    connection.closeSync();
  }
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
