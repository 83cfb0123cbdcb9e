/**
 * OpenDC's micro scenarios: one host and a few tasks, small enough to be worked out by hand.
 *
 * A case names cores, tasks (submission, fragments [seconds, MHz], cores, parents by position), optionally `progress` and `failures`
 * ([interval s, duration s, share of hosts]), and what it expects. Another file of the same form runs too.
 */
import { TraceError } from '../../policies/base/assert.ts';
import { MS_PER_HOUR, MS_PER_SECOND } from '../../policies/base/units.ts';
import { POWER_MODEL_NAMES } from '../../sim/host/power-models.ts';
import {
  asList,
  asNumber,
  asObject,
  asText,
  type Located,
  member,
  readJson,
  textOr,
} from '../../traces/import/json-access.ts';
import builtIn from './expected/opendc-micro.json' with { type: 'json' };
import { type FragmentWorkload, type HostFailure, type ReplayResult, replayFragments } from './fragment-replay.ts';
import type { Table, TableRow } from './table.ts';

/** Runs the built-in cases, or those of a file. Throws TraceError with the JSON path. */
export async function microTable(casesPath?: string): Promise<Table> {
  const root: Located =
    casesPath === undefined ? { value: builtIn, where: 'opendc-micro:' } : await readJson(casesPath);
  const host = member(root, 'host');
  const cases = asList(member(root, 'cases'));
  return {
    name: 'opendc-micro',
    about: `${cases.length} small cases on one host, worked out by hand and asserted by OpenDC's tests`,
    rows: cases.flatMap((one) => caseRows(host, one)),
    notes: [],
  };
}

function caseRows(host: Located, one: Located): TableRow[] {
  const expected = member(one, 'expected');
  const supplied = member(expected, 'suppliedMhz');
  const probesS = supplied.value === undefined ? [] : Object.keys(asObject(supplied)).map(Number);
  const result = runCase(host, one, probesS);
  const name = asText(member(one, 'name'));
  const row = (what: string, field: string, got: number): TableRow[] => {
    const want = member(expected, field);
    return want.value === undefined
      ? []
      : [{ name: `${name}: ${what}`, expected: asNumber(want), got: Math.round(got * 1e6) / 1e6, tolerance: 1e-6 }];
  };
  return [
    ...row('makespan s', 'makespanS', result.makespanMs / MS_PER_SECOND),
    ...row('energy J', 'energyJ', result.energyJ),
    ...row('active s', 'activeS', result.activeMs / MS_PER_SECOND),
    ...row('idle s', 'idleS', (result.makespanMs - result.activeMs) / MS_PER_SECOND),
    ...probesS.map((second, probe) => ({
      name: `${name}: MHz at ${second} s`,
      expected: asList(member(supplied, String(second)))
        .map(asNumber)
        .join(' '),
      got: result.probes[probe].join(' '),
      tolerance: 0,
    })),
  ];
}

function runCase(host: Located, one: Located, probesS: readonly number[]): ReplayResult {
  const progress = textOr(member(one, 'progress'), 'no-delay');
  if (progress !== 'no-delay' && progress !== 'perfect')
    throw new TraceError(`${one.where}.progress is "${progress}"; known: no-delay, perfect`);
  const model = (POWER_MODEL_NAMES as readonly string[]).indexOf(asText(member(host, 'powerModel')));
  if (model < 0) throw new TraceError(`${host.where}.powerModel: known are ${POWER_MODEL_NAMES.join(', ')}`);
  const failures = asList(member(one, 'failures'), true).map((failure): HostFailure => {
    const [interval, duration, intensity] = asList(failure).map(asNumber);
    return { intervalMs: interval * MS_PER_SECOND, durationMs: duration * MS_PER_SECOND, intensity };
  });
  return replayFragments(
    workloadOf(asList(member(one, 'tasks'))),
    {
      count: 1,
      cores: Int32Array.of(asNumber(member(one, 'cores'))),
      coreMhz: Float64Array.of(asNumber(member(host, 'coreMhz'))),
      memBytes: Float64Array.of(0),
      powerModel: Uint8Array.of(model),
      idleWatts: Float64Array.of(asNumber(member(host, 'idleWatts'))),
      maxWatts: Float64Array.of(asNumber(member(host, 'maxWatts'))),
    },
    {
      progress,
      failures,
      carbon: null,
      sampleMs: MS_PER_HOUR,
      probesMs: probesS.map((second) => second * MS_PER_SECOND),
    },
  );
}

function workloadOf(tasks: readonly Located[]): FragmentWorkload {
  const fragments = tasks.map((task) => asList(member(task, 'fragments')).map((one) => asList(one).map(asNumber)));
  const parents = tasks.map((task) => asList(member(task, 'parents'), true).map(asNumber));
  const cores = tasks.map((task) => member(task, 'cores'));
  const starts = (lists: readonly (readonly unknown[])[]) => {
    const start = new Int32Array(lists.length + 1);
    lists.forEach((list, at) => {
      start[at + 1] = start[at] + list.length;
    });
    return start;
  };
  return {
    count: tasks.length,
    startUnixMs: 0,
    submitMs: Float64Array.from(tasks, (task) => asNumber(member(task, 'submitS')) * MS_PER_SECOND),
    cores: Int32Array.from(cores, (own) => (own.value === undefined ? 1 : asNumber(own))),
    memBytes: new Float64Array(tasks.length),
    fragmentStart: starts(fragments),
    fragmentMs: Float64Array.from(fragments.flat(), ([seconds]) => seconds * MS_PER_SECOND),
    fragmentMhz: Float64Array.from(fragments.flat(), ([, mhz]) => mhz),
    parentStart: starts(parents),
    parents: Int32Array.from(parents.flat()),
  };
}
