/** Runs Chronos' upstream cases: schedules, job graphs, and the framework's callbacks. Translation only. */
import { ConfigError } from '../base/assert.ts';
import { type CaseVerdict, type ConformanceAdapter, firstDifference, isRecord, runCases } from '../conformance.ts';
import { checkFrameworkCase, checkRetry } from './conformance-framework.ts';
import { parseInstantMs, parseSchedule, printDateTime, printSchedule, type Schedule } from './iso8601.ts';
import { addDependency, addJob, childStarted, createDag, removeJob, succeed } from './job-dag.ts';
import { dueJobs, untilNextJobMs } from './job-selection.ts';
import { parsePeriod, printPeriod } from './period.ts';
import { register, tail, unroll } from './schedule-stream.ts';
import { skipForward } from './skip-forward.ts';

type Case = Readonly<Record<string, unknown>>;

/** Adapters by the `schema` of the file. */
export const adapters: Readonly<Record<string, ConformanceAdapter>> = {
  'chronos-schedule/1': runSections({
    iso8601: checkIso8601,
    stream_2_4: checkStream,
    skipForward_3_0: checkSkipForward,
    selection_3_0: checkSelection,
  }),
  'chronos-dag/1': runSections({ cases: checkDag }),
  'chronos-framework/1': runSections({ cases: checkFrameworkCase, retry: checkRetry }),
};

/** Runs each list of cases with the check of its name; a list without a check fails case by case. */
function runSections(checks: Readonly<Record<string, (entry: Case) => string>>): ConformanceAdapter {
  return (file) => {
    if (!isRecord(file)) return [{ name: 'file', outcome: 'failed', detail: 'the file is not an object' }];
    const verdicts: CaseVerdict[] = [];
    for (const [section, cases] of Object.entries(file)) {
      if (!Array.isArray(cases)) continue;
      const check = checks[section] ?? (() => `unknown list of cases "${section}"`);
      verdicts.push(...runCases(cases, section, check));
    }
    return verdicts;
  };
}

function text(entry: Case, field: string, absent?: string): string {
  const value = entry[field];
  if (typeof value === 'string') return value;
  if (absent !== undefined && (value === undefined || value === null)) return absent;
  throw new Error(`field ${field} is not a text`);
}

function number(entry: Case, field: string): number {
  const value = entry[field];
  if (typeof value === 'number') return value;
  throw new Error(`field ${field} is not a number`);
}

function list(entry: Case, field: string): readonly unknown[] {
  const value = entry[field];
  return Array.isArray(value) ? value : [];
}

function checkIso8601(entry: Case): string {
  const nowMs = entry.now === undefined ? 0 : parseInstantMs(text(entry, 'now'));
  let schedule: Schedule;
  try {
    schedule = parseSchedule(text(entry, 'expr'), nowMs, text(entry, 'tz', ''), true);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return entry.expect === null ? '' : `refused: ${error.message}`;
  }
  if (!isRecord(entry.expect)) return `expected a refusal, got ${printSchedule(schedule)}`;
  const expected: Record<string, unknown> = { ...entry.expect };
  const got: Record<string, unknown> = {
    repeat: schedule.repeat,
    start: printDateTime(schedule.startMs),
    period: printPeriod(schedule.period),
  };
  if (typeof expected.period === 'string') expected.period = printPeriod(parsePeriod(expected.period));
  if (expected.start === 'now-1s') expected.start = printDateTime(nowMs - 1000);
  else if (typeof expected.start === 'string') expected.start = printDateTime(parseInstantMs(expected.start));
  for (const field of Object.keys(got)) if (!(field in expected)) delete got[field];
  return firstDifference(expected, got, 0, 'expect');
}

function checkStream(entry: Case): string {
  const op = text(entry, 'op');
  const schedule = parseSchedule(text(entry, 'schedule'), 0, text(entry, 'tz', ''), true);
  if (op === 'tail') {
    const printed: (string | null)[] = [];
    let stream: Schedule | null = schedule;
    for (let i = 0; i < list(entry, 'expect').length; i++) {
      stream = stream === null ? null : tail(stream);
      printed.push(stream === null ? null : printSchedule(stream));
    }
    return firstDifference(entry.expect, printed, 0, 'expect');
  }
  if (op !== 'iteration') return `unknown op "${op}"`;
  const nowMs = parseInstantMs(text(entry, 'now'));
  const epsilonMs = number(entry, 'epsilonSec') * 1000;
  const stream = entry.registerFirst === true ? register(schedule, nowMs, epsilonMs) : schedule;
  const pass = stream === null ? null : unroll(stream, nowMs, epsilonMs, number(entry, 'horizonSec') * 1000);
  const expected = isRecord(entry.expect) ? entry.expect : {};
  const due = (pass?.dueMs ?? []).map((ms) => printDateTime(ms));
  const remaining = pass?.remaining ?? null;
  const got: Record<string, unknown> = {};
  if ('scheduled' in expected) got.scheduled = typeof expected.scheduled === 'number' ? due.length : due;
  if ('remaining' in expected) got.remaining = remaining === null ? null : printSchedule(remaining);
  return firstDifference(expected, got, 0, 'expect');
}

function checkSkipForward(entry: Case): string {
  const nowMs = parseInstantMs(text(entry, 'now'));
  const skipped = skipForward(parseSchedule(text(entry, 'schedule'), nowMs, text(entry, 'tz', ''), true), nowMs);
  return firstDifference(entry.expect, { repeat: skipped.repeat, start: printDateTime(skipped.startMs) }, 0, 'expect');
}

function checkSelection(entry: Case): string {
  const nowMs = parseInstantMs(text(entry, 'now'));
  const jobs = list(entry, 'jobs')
    .filter(isRecord)
    .map((job) => ({
      name: text(job, 'name'),
      schedule: parseSchedule(text(job, 'schedule'), nowMs, text(job, 'tz', ''), true),
      disabled: job.disabled === true,
    }));
  const due = dueJobs(jobs, nowMs);
  const named = [...list(entry, 'expectRun'), ...list(entry, 'expectNotRun')].map(String);
  const stranger = named.find((name) => !jobs.some((job) => job.name === name));
  if (stranger !== undefined) return `expected "${stranger}" is none of the jobs`;
  let asserted = false;
  if (entry.expectRun !== undefined) {
    asserted = true;
    const missing = list(entry, 'expectRun').filter((name) => !due.includes(String(name)));
    if (missing.length > 0) return `expectRun: ${missing.join(', ')} did not run; ran ${due.join(', ')}`;
  }
  if (entry.expectNotRun !== undefined) {
    asserted = true;
    const wrong = list(entry, 'expectNotRun').filter((name) => due.includes(String(name)));
    if (wrong.length > 0) return `expectNotRun: ${wrong.join(', ')} ran`;
  }
  if (entry.expectSleepSec !== undefined) {
    asserted = true;
    const difference = firstDifference(entry.expectSleepSec, untilNextJobMs(jobs, nowMs) / 1000, 0, 'expectSleepSec');
    if (difference !== '') return difference;
  }
  return asserted ? '' : 'the case expects nothing that is known';
}

function checkDag(entry: Case): string {
  const dag = createDag();
  const edges = list(entry, 'edges').map((edge) => {
    if (!Array.isArray(edge) || edge.length !== 2) throw new Error('an edge is not a pair of names');
    return [String(edge[0]), String(edge[1])] as const;
  });
  const disabled = new Set(list(entry, 'disabled').map(String));
  for (const name of list(entry, 'jobs')) addJob(dag, isRecord(name) ? text(name, 'name') : String(name));
  for (const edge of edges) for (const job of edge) addJob(dag, job);
  try {
    for (const [parent, child] of edges) addDependency(dag, parent, child);
  } catch (error) {
    if (error instanceof ConfigError && (entry.expect === 'cycle' || entry.expectError !== undefined)) return '';
    throw error;
  }
  const steps = list(entry, 'steps');
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i];
    if (!isRecord(step)) return `steps[${i}] is not an object`;
    const job = text(step, 'job');
    let ready: string[] = [];
    switch (step.op) {
      case 'finished':
        ready = succeed(dag, job);
        break;
      case 'failedFinal':
        if (step.softError === true) ready = succeed(dag, job);
        break;
      case 'started':
      case 'starting':
      case 'running':
        childStarted(dag, job);
        break;
      case 'disable':
        disabled.add(job);
        break;
      case 'enable':
        disabled.delete(job);
        break;
      case 'remove':
        removeJob(dag, job);
        break;
      default:
        return `steps[${i}]: unknown op "${String(step.op)}"`;
    }
    if (step.expectReady === undefined) continue;
    const got = ready.filter((name) => !disabled.has(name)).sort();
    const difference = firstDifference(list(step, 'expectReady').map(String).sort(), got, 0, `steps[${i}].expectReady`);
    if (difference !== '') return difference;
  }
  return '';
}
