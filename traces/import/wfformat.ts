/**
 * WfCommons WfFormat: one workflow, schema 1.0 to 1.4 (workflow.tasks or .jobs with runtime) or 1.5 (specification and execution apart).
 *
 * Parents are named by name or id. Run times are in seconds, memory in KB before 1.5 and bytes in it. All tasks are submitted at 0.
 */
import { TraceError } from '../../policies/base/assert.ts';
import { MS_PER_SECOND } from '../../policies/base/units.ts';
import { countedNote, type HostRow, hostColumns, type ImportedTrace, type TaskRow, taskColumns } from './canonical.ts';
import { asId, asList, asNumber, asText, type Located, member, memberAt, readJson, textOr } from './json-access.ts';

const KIB_PER_MIB = 1024;
const BYTES_PER_MIB = 1_048_576;

/** Reads one instance. Throws TraceError with file and JSON path. */
export async function importWfformat(path: string): Promise<ImportedTrace> {
  const root = await readJson(path);
  const workflow = member(root, 'workflow');
  const split = memberAt(workflow, 'specification', 'tasks').value !== undefined;
  const name = textOr(member(root, 'name'), 'workflow');
  const entries = split
    ? asList(memberAt(workflow, 'specification', 'tasks'))
    : asList(member(workflow, member(workflow, 'tasks').value === undefined ? 'jobs' : 'tasks'));
  const executions = new Map<string, Located>();
  for (const task of split ? asList(memberAt(workflow, 'execution', 'tasks'), true) : [])
    executions.set(asId(member(task, 'id')), task);
  const idOf = new Map<string, string>();
  for (const entry of entries) {
    const id = member(entry, 'id').value === undefined ? asText(member(entry, 'name')) : asId(member(entry, 'id'));
    for (const key of [id, textOr(member(entry, 'name'), id)]) if (!idOf.has(key)) idOf.set(key, id);
  }
  let timeless = 0;
  const rows = entries.map((entry): TaskRow => {
    const id = idOf.get(textOr(member(entry, 'id'), asText(member(entry, 'name')))) ?? asText(member(entry, 'name'));
    const run = split ? executions.get(id) : entry;
    const seconds = optional(run, split ? 'runtimeInSeconds' : 'runtime');
    if (Number.isNaN(seconds)) timeless += 1;
    const cores = optional(run, split ? 'coreCount' : 'cores');
    const memory = optional(run, split ? 'memoryInBytes' : 'memory') / (split ? BYTES_PER_MIB : KIB_PER_MIB);
    const averageCpu = optional(run, 'avgCPU');
    return {
      id,
      group: name,
      submitMs: 0,
      durationMs: Math.round(seconds * MS_PER_SECOND),
      requestMilliCpu: (cores > 0 ? cores : 1) * 1000,
      requestMemMib: memory,
      usedMilliCpu: averageCpu * 10,
      status: textOr(member(entry, 'type'), ''),
      parents: asList(member(entry, 'parents'), true).map((parent) => idOf.get(asId(parent)) ?? asId(parent)),
    };
  });
  if (rows.length === 0) throw new TraceError(`${path}: no task`);
  if (new Set(rows.map((row) => row.id)).size < rows.length)
    throw new TraceError(`${path}: two tasks have the same id`);
  const { tasks, lostParents } = taskColumns(rows);
  const machines = split ? memberAt(workflow, 'execution', 'machines') : member(workflow, 'machines');
  return {
    format: 'wfformat',
    startUnixMs: null,
    hosts: hostColumns(asList(machines, true).map(machineRow)),
    tasks,
    use: null,
    columns: {
      'tasks.durationMs': { kind: 'absolute', from: split ? 'runtimeInSeconds' : 'runtime s', scale: MS_PER_SECOND },
      'tasks.requestMilliCpu': { kind: 'absolute', from: 'cores, one when not said', scale: 1000 },
      'tasks.requestMemMib': {
        kind: 'absolute',
        from: split ? 'memoryInBytes' : 'memory KB',
        scale: split ? 1 / BYTES_PER_MIB : 1 / KIB_PER_MIB,
      },
    },
    notes: [
      ...countedNote(timeless, 'tasks have no run time'),
      ...countedNote(lostParents, 'parents are not in the workflow and are left out'),
    ],
  };
}

function optional(located: Located | undefined, key: string): number {
  if (located === undefined) return Number.NaN;
  const value = member(located, key);
  return value.value === undefined || value.value === null ? Number.NaN : asNumber(value);
}

function machineRow(machine: Located): HostRow {
  const cpu = memberAt(machine, 'cpu');
  const cores =
    cpu.value === undefined
      ? Number.NaN
      : optional(cpu, member(cpu, 'count').value === undefined ? 'coreCount' : 'count');
  const bytes = optional(machine, 'memoryInBytes');
  const memMib = Number.isNaN(bytes) ? optional(machine, 'memory') / KIB_PER_MIB : bytes / BYTES_PER_MIB;
  return { id: asText(member(machine, 'nodeName')), milliCpu: cores * 1000, memMib };
}
