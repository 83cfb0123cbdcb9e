/** Runs the cases of node sizes and decommissioning. Translation only. */
import { firstDifference } from '../conformance.ts';
import type { Fields } from './conformance-fields.ts';
import {
  compareExpected,
  fieldsAt,
  flagAt,
  flagOr,
  listAt,
  numberAt,
  recordsAt,
  textAt,
} from './conformance-fields.ts';
import type { NodeEvent, NodeState } from './decommission.ts';
import {
  decommissionStatus,
  decommissionTimeoutMs,
  isDecommissionDue,
  nextNodeState,
  schedulableCapability,
} from './decommission.ts';
import { ResizableNode, type ResizeOutcome } from './node-resize.ts';

const MS_PER_SECOND = 1_000;

const NODE_STATES: readonly string[] = [
  'RUNNING',
  'UNHEALTHY',
  'DECOMMISSIONING',
  'DECOMMISSIONED',
  'LOST',
  'SHUTDOWN',
  'REBOOTED',
] satisfies readonly NodeState[];

function nodeState(name: unknown): NodeState {
  if (typeof name !== 'string' || !NODE_STATES.includes(name)) throw new Error(`unknown node state ${String(name)}`);
  return name as NodeState;
}

export function checkResize(entry: Fields): string {
  const containers = recordsAt(entry, 'containers').map((container) => ({
    id: textAt(container, 'id'),
    size: numberAt(container, 'gb'),
    isAm: flagAt(container, 'am'),
    isOpportunistic: flagOr(container, 'opportunistic', false),
    created: numberAt(container, 'created'),
  }));
  const node = new ResizableNode(numberAt(entry, 'node_gb'), containers);
  for (const [index, step] of recordsAt(entry, 'steps').entries()) {
    const atMs = numberAt(step, 'at');
    let outcome: ResizeOutcome = { killed: [], noticed: [] };
    if (step.resize !== undefined) outcome = node.resize(atMs, numberAt(step, 'resize'), numberAt(step, 'timeout_ms'));
    else if (step.complete !== undefined) node.complete(textAt(step, 'complete'));
    else if (step.hb === true) outcome = node.heartbeat(atMs);
    else throw new Error(`steps[${index}] does nothing`);
    const difference = compareExpected(step, {
      used: node.used,
      avail: node.available,
      killed: outcome.killed,
      preempt_msgs: outcome.noticed.length > 0 ? 1 : 0,
    });
    if (difference !== '') return `steps[${index}]: ${difference}`;
  }
  return '';
}

export function checkWatch(entry: Fields): string {
  const input = fieldsAt(entry, 'input');
  const timeoutMs = numberAt(input, 'timeout_s') * MS_PER_SECOND;
  const got = recordsAt(input, 'events').map((event) => {
    if (event.op === 'graceful') return null;
    if (event.op !== undefined) throw new Error(`unknown op ${String(event.op)}`);
    const elapsedMs = event.elapsed_s === undefined ? 0 : numberAt(event, 'elapsed_s') * MS_PER_SECOND;
    const applications = textAt(event, 'app') === 'RUNNING' ? 1 : 0;
    return decommissionStatus(
      nodeState(event.state),
      numberAt(event, 'containers'),
      applications,
      timeoutMs,
      elapsedMs,
    );
  });
  return compareExpected(entry, { status: got });
}

export function checkStatus(entry: Fields): string {
  const input = fieldsAt(entry, 'input');
  const status = decommissionStatus(
    nodeState(input.node_state),
    numberAt(input, 'containers'),
    numberAt(input, 'apps'),
    numberAt(input, 'timeout_s') * MS_PER_SECOND,
    numberAt(input, 'elapsed_s') * MS_PER_SECOND,
  );
  return compareExpected(entry, { status, decommission_now: isDecommissionDue(status) });
}

const PLAIN_EVENTS: readonly string[] = [
  'GRACEFUL_DECOMMISSION',
  'DECOMMISSION',
  'RECOMMISSION',
  'EXPIRE',
  'SHUTDOWN',
  'REBOOTING',
] satisfies readonly NodeEvent[];

/** An event by its name, or a heartbeat told as STATUS_UPDATE(unhealthy, apps running). */
function eventOf(told: string): NodeEvent {
  if (PLAIN_EVENTS.includes(told)) return told as NodeEvent;
  const report = /^STATUS_UPDATE(?:\(([^)]*)\))?$/.exec(told);
  if (report === null) throw new Error(`unknown event "${told}"`);
  const words = (report[1] ?? '').split(',').map((word) => word.trim());
  const isTold = (what: string): boolean => words.includes(what);
  return {
    healthy: !isTold('unhealthy'),
    hasApplications: isTold('apps running') || isTold('AM pending') || !isTold('no apps'),
  };
}

const TOTAL = 10;
const ALLOCATED = 4;

export function checkTransitions(entry: Fields): string {
  for (const transition of listAt(entry, 'transitions')) {
    const [from, told, to] = Array.isArray(transition) ? transition : [];
    const got = nextNodeState(nodeState(from), eventOf(String(told)));
    if (got !== to) return `${String(from)} --${String(told)}--> expected ${String(to)}, got ${String(got)}`;
  }
  const phraseOf = (capability: number): string =>
    capability === ALLOCATED ? '= allocated (no new containers)' : capability === TOTAL ? 'original total' : 'none';
  return compareExpected(entry, {
    capability_while_decommissioning: phraseOf(schedulableCapability('DECOMMISSIONING', TOTAL, ALLOCATED)),
    capability_after_recommission: phraseOf(
      schedulableCapability(nextNodeState('DECOMMISSIONING', 'RECOMMISSION') ?? 'LOST', TOTAL, ALLOCATED),
    ),
  });
}

export function checkTimeout(entry: Fields): string {
  const input = fieldsAt(entry, 'input');
  const secondsOrNull = (name: string): number | null =>
    input[name] === null || input[name] === undefined ? null : numberAt(input, name) * MS_PER_SECOND;
  const configuredMs = numberAt(input, 'conf_default_s') * MS_PER_SECOND;
  const timeoutMs = decommissionTimeoutMs(secondsOrNull('host_xml_s'), secondsOrNull('cli_g_s'), configuredMs);
  const expect = fieldsAt(entry, 'expect');
  // A case may leave the seconds of an endless wait out as null.
  const seconds = timeoutMs < 0 && expect.timeout_s === null ? null : timeoutMs / MS_PER_SECOND;
  const difference = firstDifference(expect.infinite, timeoutMs < 0);
  return difference === '' ? compareExpected(entry, { timeout_s: seconds, infinite: timeoutMs < 0 }) : difference;
}
