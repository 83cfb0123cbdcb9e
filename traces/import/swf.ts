/**
 * Standard Workload Format of the Parallel Workloads Archive.
 *
 * `;` starts a header line (`; MaxProcs: 128`); other lines have 18 blank-separated fields, some files more; -1 is unknown.
 * Processors: field 8 (requested), else 5 (used). Time asked for: field 9, else 4 (run). Memory: field 10, else 7, KB per processor.
 * One processor counts as one core.
 */
import { TraceError } from '../../policies/base/assert.ts';
import { MILLI_PER_CPU, MS_PER_SECOND } from '../../policies/base/units.ts';
import { type RowPlace, readLines, readNumber, rejectRow } from '../readers/rows.ts';
import { countedNote, type HostRow, hostColumns, type ImportedTrace, type TaskRow, taskColumns } from './canonical.ts';
import { dropRow, type RowContext, STRICT } from './context.ts';

const FIELDS = 18;
const KIB_PER_MIB = 1024;
const STATUS_WORDS: Readonly<Record<number, string>> = {
  0: 'failed',
  1: 'completed',
  2: 'partial',
  3: 'partial-last',
  4: 'partial-failed',
  5: 'cancelled',
};

/** Reads one .swf file, plain or gzipped. Throws TraceError with file and row. */
export async function importSwf(path: string, context: RowContext = STRICT): Promise<ImportedTrace> {
  const rows: TaskRow[] = [];
  const header = new Map<string, string>();
  const seen = new Set<string>();
  const counts = { neverRan: 0, guessedProcs: 0, extraFields: 0 };
  let row = 0;
  for await (const line of readLines(path, context.reading)) {
    row += 1;
    const text = line.trim();
    if (text === '') continue;
    if (text.startsWith(';')) {
      const match = /^;\s*([A-Za-z]\w*)\s*:\s*(.*)$/.exec(text);
      if (match !== null && !header.has(match[1])) header.set(match[1], match[2].trim());
      continue;
    }
    try {
      rows.push(readJob({ path, row }, text.split(/\s+/), seen, counts));
    } catch (error) {
      dropRow(context, error);
    }
  }
  if (rows.length === 0) throw new TraceError(`${path}: no job`);
  const { tasks } = taskColumns(rows);
  return {
    format: 'swf',
    startUnixMs: unixStartMs(header.get('UnixStartTime')),
    hosts: hostColumns(hostsOf(header)),
    tasks,
    use: null,
    columns: {
      'tasks.requestMilliCpu': { kind: 'absolute', from: 'processors (field 8, else 5)', scale: MILLI_PER_CPU },
      'tasks.requestMemMib': { kind: 'absolute', from: 'KB per processor (field 10, else 7)', scale: 1 / KIB_PER_MIB },
      'tasks.durationMs': { kind: 'absolute', from: 's (field 4)', scale: MS_PER_SECOND },
      'tasks.wallTimeMs': { kind: 'absolute', from: 's (field 9, else 4)', scale: MS_PER_SECOND },
    },
    notes: [
      ...countedNote(counts.neverRan, 'jobs have no run time or 0: cancelled or unknown'),
      ...countedNote(counts.guessedProcs, 'jobs have no requested processors; the used ones stand in'),
      ...countedNote(counts.extraFields, `rows have more than ${FIELDS} fields; the rest was not read`),
    ],
  };
}

/** Keeps nothing of a row that it refuses. */
function readJob(
  place: RowPlace,
  fields: readonly string[],
  seen: Set<string>,
  counts: { neverRan: number; guessedProcs: number; extraFields: number },
): TaskRow {
  if (fields.length < FIELDS) rejectRow(place, `has ${fields.length} fields; a job has ${FIELDS}`);
  const known = (index: number, name: string) => {
    const value = readNumber(place, fields[index - 1], `field ${index} (${name})`);
    return value < 0 ? Number.NaN : value;
  };
  const id = fields[0];
  if (seen.has(id)) rejectRow(place, `job ${id} appears a second time`);
  const submitSeconds = known(2, 'submit');
  if (Number.isNaN(submitSeconds)) rejectRow(place, `job ${id} has no submit time`);
  const runSeconds = known(4, 'run');
  const requestedProcs = known(8, 'requested processors');
  const procs = requestedProcs > 0 ? requestedProcs : known(5, 'used processors');
  const cpuSeconds = known(6, 'CPU time');
  const requestedKib = known(10, 'requested memory');
  const memKib = requestedKib >= 0 ? requestedKib : known(7, 'used memory');
  const wallSeconds = known(9, 'requested time');
  const user = known(12, 'user');
  const status = STATUS_WORDS[known(11, 'status')] ?? 'unknown';
  seen.add(id);
  if (fields.length > FIELDS) counts.extraFields += 1;
  if (!(runSeconds > 0)) counts.neverRan += 1;
  if (!(requestedProcs > 0)) counts.guessedProcs += 1;
  return {
    id,
    group: Number.isNaN(user) ? '' : `user-${user}`,
    submitMs: Math.round(submitSeconds * MS_PER_SECOND),
    durationMs: Math.round(runSeconds * MS_PER_SECOND),
    wallTimeMs: Math.round((wallSeconds >= 0 ? wallSeconds : runSeconds) * MS_PER_SECOND),
    requestMilliCpu: procs * MILLI_PER_CPU,
    requestMemMib: (memKib * procs) / KIB_PER_MIB,
    usedMilliCpu: runSeconds > 0 ? (cpuSeconds / runSeconds) * procs * MILLI_PER_CPU : Number.NaN,
    status,
  };
}

function unixStartMs(text: string | undefined): number | null {
  const seconds = Number(text);
  return text !== undefined && Number.isFinite(seconds) && seconds > 0 ? seconds * MS_PER_SECOND : null;
}

/** MaxNodes hosts that share MaxProcs processors evenly, or one host for each processor when nodes are not said. */
function hostsOf(header: ReadonlyMap<string, string>): HostRow[] {
  const procs = Number.parseInt(header.get('MaxProcs') ?? header.get('MaxNodes') ?? '0', 10);
  const nodes = Number.parseInt(header.get('MaxNodes') ?? header.get('MaxProcs') ?? '0', 10);
  if (!(procs > 0 && nodes > 0)) return [];
  const milliCpu = Math.floor((procs * MILLI_PER_CPU) / nodes);
  return Array.from({ length: nodes }, (_, index) => ({ id: `node-${index}`, milliCpu, memMib: Number.NaN }));
}
