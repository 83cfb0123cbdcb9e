/** Runs Marathon's upstream cases: constraints, upgrades, back-off, scaling, offer matching. Translation only. */
import { type CaseVerdict, type ConformanceAdapter, firstDifference, isRecord, runCases } from '../conformance.ts';
import type { PlacementConstraint } from '../framework.ts';
import {
  advanced,
  type BackoffStrategy,
  checkBackoff,
  deadlineMs,
  delayChange,
  increased,
  isOverdue,
  type LaunchDelay,
} from './backoff.ts';
import { meetsConstraint, type Place } from './constraints.ts';
import { selectToKill } from './kill-selection.ts';
import { matchOffer, OFFER_MATCHING } from './offer-matching.ts';
import { type KillSelection, proposeScaling } from './scaling.ts';
import { launchAllowed, newBecameHealthy, newDied, oldDied, restartStrategy, startUpgrade } from './upgrade.ts';

type Case = Readonly<Record<string, unknown>>;
type Check = (entry: Case, file: Case) => string;

/** Adapters by the `schema` of the file. */
export const adapters: Readonly<Record<string, ConformanceAdapter>> = {
  'marathon-constraints/1': runSections({ cases: checkConstraintCase }),
  'marathon-upgrade/1': runSections({ strategy: checkStrategy, traces: checkTrace }),
  'marathon-backoff/1': runSections({ cases: checkBackoffCase, triggers: checkTrigger }),
  'marathon-scaling/1': runSections({ cases: checkScaling, groupByKillSelection: checkKillSelection }),
  'marathon-offer-matching/1': runSections({ cases: checkMatching }),
};

/** Relative difference allowed between delays printed with six decimals and ours. */
const PRINTED_TOLERANCE = 1e-8;

function runSections(checks: Readonly<Record<string, Check>>): ConformanceAdapter {
  return (file) => {
    if (!isRecord(file)) return [{ name: 'file', outcome: 'failed', detail: 'the file is not an object' }];
    const verdicts: CaseVerdict[] = [];
    for (const [section, cases] of Object.entries(file)) {
      if (!Array.isArray(cases)) continue;
      const check: Check = checks[section] ?? (() => `unknown list of cases "${section}"`);
      verdicts.push(...runCases(cases, section, (entry) => check(entry, file)));
    }
    return verdicts;
  };
}

function record(value: unknown, what: string): Case {
  if (isRecord(value)) return value;
  throw new Error(`${what} is not an object`);
}

function number(entry: Case, field: string): number {
  const value = entry[field];
  if (typeof value === 'number') return value;
  throw new Error(`field ${field} is not a number`);
}

function records(value: unknown): Case[] {
  return (Array.isArray(value) ? value : []).map((entry, i) => record(entry, `entry ${i}`));
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function readPlace(entry: Case): Place {
  const attributes: Record<string, string> = {};
  if (isRecord(entry.attributes))
    for (const [name, value] of Object.entries(entry.attributes)) attributes[name] = String(value);
  const optional = (field: string): string | undefined => (typeof entry[field] === 'string' ? entry[field] : undefined);
  return { hostname: String(entry.hostname ?? ''), region: optional('region'), zone: optional('zone'), attributes };
}

function checkConstraintCase(entry: Case): string {
  const written = record(entry.constraint, 'constraint');
  const constraint: PlacementConstraint = {
    field: String(written.field ?? ''),
    operator: String(written.operator ?? ''),
    value: written.value === undefined || written.value === null ? '' : String(written.value),
  };
  const { semantics = 'v1.11' } = entry;
  if (semantics !== 'legacy' && semantics !== 'v1.11') return `unknown semantics "${String(semantics)}"`;
  const placed = records(entry.placed).map(readPlace);
  const instances = typeof entry.appInstances === 'number' ? entry.appInstances : 1;
  const met = meetsConstraint(constraint, readPlace(record(entry.offer, 'offer')), placed, instances, semantics);
  return firstDifference(entry.expect, met, 0, 'expect');
}

function readUpgrade(entry: Case): { minimumHealthCapacity: number; maximumOverCapacity: number } {
  return {
    minimumHealthCapacity: number(entry, 'minimumHealthCapacity'),
    maximumOverCapacity: number(entry, 'maximumOverCapacity'),
  };
}

function checkStrategy(entry: Case): string {
  const { killAtOnce, maxCapacity } = restartStrategy(
    number(entry, 'instances'),
    number(entry, 'current'),
    number(entry, 'healthy'),
    readUpgrade(entry),
    entry.resident === true,
  );
  return firstDifference(entry.expect, { nrToKillImmediately: killAtOnce, maxCapacity }, 0, 'expect');
}

function checkTrace(entry: Case): string {
  const count = (field: string): number => (typeof entry[field] === 'number' ? entry[field] : 0);
  const upgrade = startUpgrade(
    number(entry, 'instances'),
    number(entry, 'oldHealthy') + count('oldUnhealthy'),
    number(entry, 'oldHealthy'),
    count('newAlreadyStarted'),
    count('newHealthy'),
    readUpgrade(entry),
    entry.resident === true,
  );
  let confirmed = 0;
  const steps = records(entry.trace);
  for (let i = 0; i < steps.length; i++) {
    switch (steps[i].event) {
      case 'start':
        break;
      case 'newHealthy':
        newBecameHealthy(upgrade);
        break;
      case 'newFailed':
      case 'newDied':
        newDied(upgrade, false);
        break;
      case 'oldFailed':
      case 'oldDied':
        oldDied(upgrade, false);
        break;
      default:
        return `trace[${i}]: unknown event "${String(steps[i].event)}"`;
    }
    for (; confirmed < upgrade.killsWanted; confirmed++) oldDied(upgrade);
    launchAllowed(upgrade);
    for (const [field, got] of [
      ['killsTotal', upgrade.killsWanted],
      ['queuedTotal', upgrade.launchesWanted],
    ] as const) {
      const expected = steps[i][field];
      if (expected === null || expected === undefined) continue;
      const difference = firstDifference(expected, got, 0, `trace[${i}].${field}`);
      if (difference !== '') return difference;
    }
  }
  return steps.length === 0 ? 'the case has no trace' : '';
}

function checkBackoffCase(entry: Case): string {
  const settings = record(entry.backoff, 'backoff');
  const strategy: BackoffStrategy = {
    backoffMs: number(settings, 'backoff') * 1000,
    factor: number(settings, 'factor'),
    maxLaunchDelayMs: number(settings, 'maxLaunchDelay') * 1000,
  };
  checkBackoff(strategy);
  let nowMs = 0;
  let delay: LaunchDelay | null = null;
  const steps = records(entry.steps);
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i];
    let difference = '';
    switch (step.op) {
      case 'fail':
        delay = increased(delay, strategy, nowMs);
        break;
      case 'failTimes':
        for (let n = number(step, 'n'); n > 0; n--) delay = increased(delay, strategy, nowMs);
        break;
      case 'taskProgress':
        delay = advanced(delay, nowMs);
        break;
      case 'advance':
        nowMs += number(step, 'seconds') * 1000;
        break;
      case 'cleanup':
        if (delay !== null && isOverdue(delay, strategy, nowMs)) delay = null;
        break;
      case 'reset':
      case 'configChange':
        delay = null;
        break;
      case 'expectNoDelay':
        if (delay !== null) difference = `expected no delay, got ${delay.delayNs / 1e9} s`;
        break;
      case 'expectDeadlineIn':
        if (delay === null) difference = 'expected a deadline, got no delay';
        else
          difference = firstDifference(
            step.seconds,
            (deadlineMs(delay, nowMs) - nowMs) / 1000,
            PRINTED_TOLERANCE,
            'seconds',
          );
        break;
      case 'expectDelay':
        if (delay === null) difference = 'expected a delay, got none';
        else difference = firstDifference(step.seconds, delay.delayNs / 1e9, PRINTED_TOLERANCE, 'seconds');
        break;
      default:
        difference = `unknown op "${String(step.op)}"`;
    }
    if (difference !== '') return `steps[${i}]: ${difference}`;
  }
  return steps.length === 0 ? 'the case has no steps' : '';
}

function checkTrigger(entry: Case): string {
  return firstDifference(entry.expect, delayChange(String(entry.condition), entry.agentDraining === true), 0, 'expect');
}

function readSelection(entry: Case, file: Case): KillSelection {
  const written = String(entry.killSelection ?? file.killSelection ?? 'YOUNGEST_FIRST').toUpperCase();
  return written.startsWith('OLDEST') ? 'OLDEST_FIRST' : 'YOUNGEST_FIRST';
}

function checkScaling(entry: Case, file: Case): string {
  const meantToRun = records(entry.instances).filter(({ goal = 'Running' }) => goal === 'Running');
  const instances = meantToRun.map((instance) => ({
    id: String(instance.id),
    condition: String(instance.condition ?? 'Running'),
    sinceMs: typeof instance.since === 'number' ? instance.since : null,
  }));
  const kills = texts(entry.constraintKills);
  const proposition = proposeScaling(
    instances,
    texts(entry.decommission),
    () => kills,
    number(entry, 'scaleTo'),
    readSelection(entry, file),
  );
  const expected = record(entry.expect, 'expect');
  const got: Record<string, unknown> = {};
  if ('decommission' in expected) got.decommission = proposition.decommission;
  if ('start' in expected) got.start = proposition.start;
  return firstDifference(expected, got, 0, 'expect');
}

function checkKillSelection(entry: Case): string {
  if (entry.groups === null || entry.groups === undefined) {
    const chosen = selectToKill([], Number(entry.instances ?? number(entry, 'kill') + 1), number(entry, 'kill'));
    return firstDifference(entry.expect, chosen.length === 0 ? null : chosen, 0, 'expect');
  }
  const groups = record(entry.groups, 'groups');
  const grouping = Object.entries(groups).flatMap(([group, size]) => Array<string>(Number(size)).fill(group));
  const killed: Record<string, number> = {};
  for (const group of Object.keys(groups)) killed[group] = 0;
  for (const row of selectToKill([grouping], grouping.length, number(entry, 'kill'))) killed[grouping[row]] += 1;
  return firstDifference(entry.expect, killed, 0, 'expect');
}

function checkMatching(entry: Case): string {
  let leftMilliCpu = Math.round(number(entry, 'offerCpus') * 1000);
  const matchers = records(entry.matchers);
  const taken = matchers.map(() => 0);
  const tryMatch = (index: number): boolean => {
    const matcher = matchers[index];
    if (typeof matcher.max === 'number' && taken[index] >= matcher.max) return false;
    if (matcher.always !== true) {
      const milliCpu = Math.round(number(matcher, 'cpus') * 1000);
      if (milliCpu > leftMilliCpu) return false;
      leftMilliCpu -= milliCpu;
    }
    taken[index] += 1;
    return true;
  };
  const limit = entry.maxInstancesPerOffer;
  const match = matchOffer(
    matchers.map((_, i) => i),
    tryMatch,
    number(entry, 'tokens'),
    typeof limit === 'number' ? limit : OFFER_MATCHING.maxInstancesPerOffer,
  );
  const difference = firstDifference(entry.expectOps, match.launches, 0, 'expectOps');
  if (difference !== '' || entry.expectPerMatcher === undefined) return difference;
  // Upstream shuffles the matchers, so equal ones may swap their shares.
  const equal = new Set(matchers.map((matcher) => JSON.stringify(matcher))).size <= 1;
  const ordered = (shares: unknown): unknown =>
    equal && Array.isArray(shares) ? [...shares].sort((a, b) => Number(b) - Number(a)) : shares;
  return firstDifference(ordered(entry.expectPerMatcher), ordered(match.perMatcher), 0, 'expectPerMatcher');
}
