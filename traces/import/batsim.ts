/**
 * Batsim workload JSON: `{nb_res, jobs: [{id, subtime, res, walltime, profile}], profiles: {name: {type: "delay", delay}}}`.
 *
 * Jobs are in no order of time. Ids are numbers or strings (`w0!7`). Walltime may be missing or -1. Only delay profiles have a duration
 * of their own; parallel ones need the speed of the platform and get NaN with a note. One resource is one host of one core.
 */
import { TraceError } from '../../policies/base/assert.ts';
import { MILLI_PER_CPU, MS_PER_SECOND } from '../../policies/base/units.ts';
import { countedNote, hostColumns, type ImportedTrace, type TaskRow, taskColumns } from './canonical.ts';
import { asId, asList, asNumber, asText, type Located, member, readJson } from './json-access.ts';

/** Reads one workload file. Throws TraceError with file and JSON path. */
export async function importBatsim(path: string): Promise<ImportedTrace> {
  const root = await readJson(path);
  const profiles = member(root, 'profiles');
  const seen = new Set<string>();
  let withoutDuration = 0;
  let outOfOrder = 0;
  let last = -Infinity;
  const rows = asList(member(root, 'jobs')).map((job): TaskRow => {
    const id = asId(member(job, 'id'));
    if (seen.has(id)) throw new TraceError(`${job.where} repeats job ${id}`);
    seen.add(id);
    const submitSeconds = asNumber(member(job, 'subtime'));
    if (submitSeconds < last) outOfOrder += 1;
    last = submitSeconds;
    const procs = asNumber(member(job, 'res'));
    if (!(procs >= 1)) throw new TraceError(`${job.where}.res is ${procs}; at least one resource is needed`);
    const wall = member(job, 'walltime');
    const wallSeconds = wall.value === undefined || wall.value === null ? -1 : asNumber(wall);
    const delaySeconds = delayOf(profiles, asText(member(job, 'profile')), job);
    if (Number.isNaN(delaySeconds)) withoutDuration += 1;
    return {
      id,
      submitMs: Math.round(submitSeconds * MS_PER_SECOND),
      durationMs: Math.round(delaySeconds * MS_PER_SECOND),
      wallTimeMs: wallSeconds < 0 ? Number.NaN : Math.round(wallSeconds * MS_PER_SECOND),
      requestMilliCpu: procs * MILLI_PER_CPU,
      requestMemMib: Number.NaN,
    };
  });
  if (rows.length === 0) throw new TraceError(`${path}: no job`);
  const resources = member(root, 'nb_res');
  const hosts = resources.value === undefined ? 0 : asNumber(resources);
  return {
    format: 'batsim',
    startUnixMs: null,
    hosts: hostColumns(
      Array.from({ length: hosts }, (_, index) => ({ id: String(index), milliCpu: MILLI_PER_CPU, memMib: Number.NaN })),
    ),
    tasks: taskColumns(rows).tasks,
    use: null,
    columns: {
      'tasks.requestMilliCpu': { kind: 'absolute', from: 'res', scale: MILLI_PER_CPU },
      'tasks.durationMs': { kind: 'absolute', from: 's (delay of the profile)', scale: MS_PER_SECOND },
      'hosts.milliCpu': { kind: 'assumed', from: 'one core for each of nb_res', scale: MILLI_PER_CPU },
    },
    notes: [
      ...countedNote(outOfOrder, 'jobs stand after one that is submitted later; tasks are sorted by submit time'),
      ...countedNote(withoutDuration, 'jobs have a profile without a delay: their duration depends on the platform'),
    ],
  };
}

/** Seconds of a delay profile, NaN for other types. */
function delayOf(profiles: Located, name: string, job: Located): number {
  const profile = member(profiles, name);
  if (profile.value === undefined) throw new TraceError(`${job.where}.profile is "${name}"; no such profile`);
  return asText(member(profile, 'type')) === 'delay' ? asNumber(member(profile, 'delay')) : Number.NaN;
}
