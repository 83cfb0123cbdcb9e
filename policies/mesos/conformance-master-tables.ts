/** Runs the tables of master vectors: reconciliation, pings, agent loss and driver-local answers. */
import type { CaseVerdict } from '../conformance.ts';
import { isRecord, runCases } from '../conformance.ts';
import { AgentLossTracker, agentReregistersOnPing } from './agent-loss.ts';
import { AGENT_REREGISTER_TIMEOUT_MS, AgentObserver, agentGivesUpMs, DEFAULT_PING_RULES } from './agent-observer.ts';
import { capabilityBits } from './capabilities.ts';
import type { Step } from './conformance-steps.ts';
import { expectEqual, recordList, text } from './conformance-steps.ts';
import type { AgentStanding } from './reconciliation.ts';
import {
  AGENT_REMOVED_REASON,
  driverOnError,
  launchWithoutMaster,
  RECONCILIATION_REASON,
  reconciledState,
  unreachableState,
} from './reconciliation.ts';

const MS_PER_SECOND = 1_000;
const LATEST_STATE = 'latest state';
const PARTITION_AWARE = capabilityBits(['PARTITION_AWARE']);

/** Every row of every table; an unknown table fails. */
export function runMasterTables(tables: unknown): readonly CaseVerdict[] {
  if (!isRecord(tables)) return [];
  return Object.entries(tables).flatMap(([table, content]) => {
    const rows = isRecord(content) && Array.isArray(content.rows) ? content.rows : [];
    const named = rows.map((row, index) => (isRecord(row) ? { name: `${table}-${index}`, ...row } : row));
    let previous: Step = {};
    return runCases(named, `tables.${table}.rows`, (row) => {
      const difference = checkRow(table, row, previous);
      previous = row;
      return difference;
    });
  });
}

function checkRow(table: string, row: Step, previous: Step): string {
  switch (table) {
    case 'reconcile':
      return checkReconcile(row);
    case 'ping':
      return 'agentSeesPings' in row ? checkAgentWatch(row) : checkPings(row);
    case 'agentLoss':
      return checkAgentLoss(row, previous);
    case 'driverLocal':
      return checkDriver(row);
    default:
      return `unknown table "${table}"`;
  }
}

function checkReconcile(row: Step): string {
  const named = text(row, 'agent');
  const someRecovered = named.includes('recovered') && !/\b(no|none|without)\b/.test(named);
  const standing = named.startsWith('not given') ? (someRecovered ? 'unnamed' : 'unknown') : named;
  const latest = row.taskKnown === true ? LATEST_STATE : null;
  const state = reconciledState(latest, standing as AgentStanding, row.partitionAware === true);
  return (
    expectEqual('state', row.expect, state) ||
    (row.reason === undefined ? '' : expectEqual('reason', row.reason, state === null ? null : RECONCILIATION_REASON))
  );
}

/** Rules of a row in ms. */
function rulesOf(row: Step): { pingTimeoutMs: number; maxTimeouts: number } {
  return {
    pingTimeoutMs:
      typeof row.pingTimeout === 'number' ? row.pingTimeout * MS_PER_SECOND : DEFAULT_PING_RULES.pingTimeoutMs,
    maxTimeouts: typeof row.maxTimeouts === 'number' ? row.maxTimeouts : DEFAULT_PING_RULES.maxTimeouts,
  };
}

function checkPings(row: Step): string {
  const rules = rulesOf(row);
  const writeMs = writeMsOf(row.registryWriteTakes);
  const firstMs = typeof row.firstPingAt === 'number' ? row.firstPingAt * MS_PER_SECOND : 0;
  const observer = new AgentObserver(rules, null, firstMs);
  let markedMs = -1;
  let pingsBefore = 0;
  let markings = 0;
  for (let nowMs = firstMs; markedMs < 0 || nowMs < markedMs + writeMs; nowMs = observer.nextTickMs) {
    const sent = observer.pingsSent;
    if (observer.tick(nowMs)) {
      markings++;
      if (markedMs < 0) {
        markedMs = nowMs;
        pingsBefore = sent;
      }
    }
    if (writeMs === 0 && markedMs >= 0) break;
  }
  const metrics = isRecord(row.metrics) ? row.metrics : {};
  const got: Record<string, unknown> = {
    pingsSentBeforeRemoval: pingsBefore,
    markUnreachableAt: markedMs / MS_PER_SECOND,
    markUnreachableDispatches: markings,
    registryWrites: 1,
  };
  for (const [field, value] of Object.entries(got)) {
    if (row[field] !== undefined && row[field] !== value) return expectEqual(field, row[field], value);
  }
  const scheduled = metrics.slave_unreachable_scheduled ?? observer.scheduled;
  return (
    expectEqual('scheduled', scheduled, observer.scheduled) || expectEqual('removals', metrics.slave_removals ?? 1, 1)
  );
}

/** ">15 s" is read as one millisecond more, a number as seconds. */
function writeMsOf(value: unknown): number {
  if (typeof value === 'number') return value * MS_PER_SECOND;
  const found = typeof value === 'string' ? /([0-9.]+)/.exec(value) : null;
  return found === null ? 0 : Number(found[1]) * MS_PER_SECOND + 1;
}

function checkAgentWatch(row: Step): string {
  const givesUp = agentGivesUpMs(rulesOf(row), 0) / MS_PER_SECOND;
  return expectEqual('agentReregistersAfter', row.agentReregistersAfter, givesUp);
}

interface LossEntry {
  readonly at: number | null;
  readonly action: string;
}

function checkAgentLoss(row: Step, previous: Step): string {
  const event = text(row, 'event');
  const told = event.startsWith('same') ? `${text(previous, 'event')}; ${event}` : event;
  const got = playLoss(told);
  for (const entry of recordList(row.expect)) {
    const wanted = actionOf(entry);
    const match = got.find((one) => one.action === wanted && (entry.at === undefined || entry.at === one.at));
    if (match === undefined) return `expected ${JSON.stringify(entry)}, got ${JSON.stringify(got)}`;
    const state = entry.partitionAwareTask ?? entry.task;
    if (state !== undefined && state !== unreachableState(PARTITION_AWARE)) return `state ${String(state)}`;
    if (entry.otherTask !== undefined && entry.otherTask !== unreachableState(0))
      return `state ${String(entry.otherTask)}`;
    if (entry.reason !== undefined && entry.reason !== AGENT_REMOVED_REASON) return `reason ${String(entry.reason)}`;
  }
  return '';
}

function actionOf(entry: Step): string {
  const words = typeof entry.do === 'string' ? entry.do : '';
  if (words.includes('no removal')) return 'nothing';
  if (words.includes('limiter')) return 'askPermit';
  if (words.includes('deactivate')) return 'deactivate';
  if (words.includes('re-registers')) return 'reregister';
  return 'markUnreachable';
}

/** Plays an event told in words: what happens, and when in seconds. */
function playLoss(told: string): LossEntry[] {
  if (told.includes('connected=false'))
    return agentReregistersOnPing(false) ? [{ at: null, action: 'reregister' }] : [];
  if (told.includes('ping failure')) {
    const observer = new AgentObserver(DEFAULT_PING_RULES, null, 0);
    let nowMs = 0;
    while (!observer.tick(nowMs)) nowMs = observer.nextTickMs;
    return [{ at: nowMs / MS_PER_SECOND, action: 'markUnreachable' }];
  }
  if (!told.includes('socket breaks') && !told.includes('master restarts')) return [];
  const limited = told.includes('permit') || told.includes('limiter');
  const noPermit = { acquire: () => Number.POSITIVE_INFINITY, giveBack: () => {} };
  const tracker = new AgentLossTracker(AGENT_REREGISTER_TIMEOUT_MS, limited ? noPermit : null);
  tracker.missing('agent', 0);
  const entries: LossEntry[] = told.includes('socket breaks') ? [{ at: 0, action: 'deactivate' }] : [];
  const note = (nowMs: number): void => {
    for (const { atMs, action } of tracker.advanceTo(nowMs)) entries.push({ at: atMs / MS_PER_SECOND, action });
  };
  note(AGENT_REREGISTER_TIMEOUT_MS - 1);
  note(AGENT_REREGISTER_TIMEOUT_MS);
  // A limiter is optional where the words say no more: then asking and marking fall together.
  if (told.includes('master restarts') && !limited)
    entries.push({ at: AGENT_REREGISTER_TIMEOUT_MS / MS_PER_SECOND, action: 'askPermit' });
  if (!told.includes('re-registers while waiting')) return entries;
  tracker.reregistered('agent');
  tracker.grantPermit('agent', AGENT_REREGISTER_TIMEOUT_MS + 1);
  const after = tracker.advanceTo(AGENT_REREGISTER_TIMEOUT_MS + 1);
  entries.push({ at: null, action: after.length === 0 ? 'nothing' : 'markUnreachable' });
  return entries;
}

function checkDriver(row: Step): string {
  if (typeof row.task === 'string') {
    const got = launchWithoutMaster(row.partitionAware === true ? PARTITION_AWARE : 0);
    return (
      expectEqual('state', row.task, got.state) ||
      expectEqual('reason', row.reason, got.reason) ||
      expectEqual('source', row.origin, got.source)
    );
  }
  const words = text(row, 'expect');
  const { aborted } = driverOnError('Framework disconnected');
  return expectEqual('driver aborts', words.includes('aborts'), aborted);
}
