/**
 * SWIM: `job, submit s, gap s, map input bytes, shuffle bytes, reduce output bytes`, tab-separated.
 *
 * The format has no run time. A job becomes one map instance for each 128 MiB of input and, when it shuffles, a reduce stage of one
 * instance for each GiB shuffled; an instance is one core and 1 GiB and moves `--scale bytesPerSecond` (50 MB/s unless given). Hours
 * of the samples are an hour of the source each: they are not hours of a day.
 */
import { MS_PER_SECOND } from '../../policies/base/units.ts';
import { type RowPlace, readNumber, rejectRow } from '../readers/rows.ts';
import { countedNote, hostColumns, type ImportedTrace, type TaskRow, taskColumns } from './canonical.ts';
import { type ImportContext, scaleOf } from './context.ts';
import { takeRows } from './headerless-rows.ts';

const SPLIT_BYTES = 134_217_728;
const REDUCE_BYTES = 1_073_741_824;
const BYTES_PER_SECOND = 50_000_000;

/** Reads one sample. Throws TraceError with file and row. */
export async function importSwim(path: string, context: ImportContext): Promise<ImportedTrace> {
  const rate = scaleOf(context, 'bytesPerSecond', BYTES_PER_SECOND);
  const rows: TaskRow[] = [];
  const seen = new Set<string>();
  let empty = 0;
  await takeRows({ name: 'a SWIM job', fields: 6, separator: '\t' }, [path], context, (fields, place) => {
    const [submit, , input, shuffle, output] = fields.slice(1).map((field, at) => size(place, field, at + 2));
    if (seen.has(fields[0])) rejectRow(place, `job ${fields[0]} appears a second time`);
    seen.add(fields[0]);
    if (input + shuffle + output === 0) empty += 1;
    const stage = (name: string, instances: number, bytes: number, parents: readonly string[]): TaskRow => ({
      id: `${fields[0]}/${name}`,
      group: fields[0],
      submitMs: submit * MS_PER_SECOND,
      durationMs: Math.max(1, Math.round(bytes / instances / rate)) * MS_PER_SECOND,
      instances,
      requestMilliCpu: 1000 * instances,
      requestMemMib: 1024 * instances,
      parents,
    });
    rows.push(stage('map', Math.max(1, Math.ceil(input / SPLIT_BYTES)), input, []));
    if (shuffle > 0)
      rows.push(stage('reduce', Math.ceil(shuffle / REDUCE_BYTES), shuffle + output, [`${fields[0]}/map`]));
  });
  return {
    format: 'swim',
    startUnixMs: null,
    hosts: hostColumns([]),
    tasks: taskColumns(rows).tasks,
    use: null,
    columns: {
      'tasks.durationMs': { kind: 'assumed', from: 'bytes of an instance over a rate in bytes/s', scale: rate },
      'tasks.requestMilliCpu': {
        kind: 'assumed',
        from: 'one core an instance: 128 MiB of input or 1 GiB of shuffle',
        scale: 1000,
      },
      'tasks.requestMemMib': { kind: 'assumed', from: '1 GiB an instance', scale: 1024 },
    },
    notes: [
      'run times are not in the format; they are bytes over an assumed rate (--scale bytesPerSecond=N)',
      ...countedNote(empty, 'jobs move no bytes; they count as one map of one second'),
    ],
  };
}

function size(place: RowPlace, field: string, position: number): number {
  const value = readNumber(place, field, `field ${position}`);
  if (value < 0) rejectRow(place, `field ${position} is ${value}; 0 or more is expected`);
  return value;
}
