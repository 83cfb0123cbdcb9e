/**
 * What the master answers when asked about a task, and what drivers and masters say of tasks that cannot be launched.
 *
 * Frameworks with PARTITION_AWARE hear the precise state; to the others every such task is lost.
 * Source: Mesos src/master/master.cpp, _reconcileTasks and accept; src/sched/sched.cpp, launchTasks.
 */
import { Capability } from './capabilities.ts';

/** Where the agent named in a question stands; `unnamed` when the question names none and some agents are not back yet. */
export type AgentStanding = 'registered' | 'recovered' | 'unreachable' | 'gone' | 'unknown' | 'unnamed';

const PRECISE_STATE: Readonly<Record<AgentStanding, string | null>> = {
  registered: 'TASK_GONE',
  recovered: null,
  unnamed: null,
  unreachable: 'TASK_UNREACHABLE',
  gone: 'TASK_GONE_BY_OPERATOR',
  unknown: 'TASK_UNKNOWN',
};

/** Why the master says something of a task that it was asked about. */
export const RECONCILIATION_REASON = 'REASON_RECONCILIATION';

/** Why the tasks of an agent that was given up changed their state. */
export const AGENT_REMOVED_REASON = 'REASON_SLAVE_REMOVED';

/** Why the master tells the state of a task whose agent was given up and is back. */
export const AGENT_BACK_REASON = 'REASON_SLAVE_REREGISTERED';

/** State to report, or null for silence; `latestState` is null when the master does not know the task. */
export function reconciledState(
  latestState: string | null,
  agent: AgentStanding,
  partitionAware: boolean,
): string | null {
  if (latestState !== null) return latestState;
  const precise = PRECISE_STATE[agent];
  return precise === null || partitionAware ? precise : 'TASK_LOST';
}

/** State of a task that never reached an agent. */
export function droppedState(capabilities: number): 'TASK_DROPPED' | 'TASK_LOST' {
  return (capabilities & Capability.PARTITION_AWARE) !== 0 ? 'TASK_DROPPED' : 'TASK_LOST';
}

/** State of a task on an agent that is marked unreachable. */
export function unreachableState(capabilities: number): 'TASK_UNREACHABLE' | 'TASK_LOST' {
  return (capabilities & Capability.PARTITION_AWARE) !== 0 ? 'TASK_UNREACHABLE' : 'TASK_LOST';
}

export interface LocalStatus {
  readonly state: string;
  readonly reason: string;
  readonly source: string;
}

/** What a driver without a master tells its scheduler about a launch, in the master's name. */
export function launchWithoutMaster(capabilities: number): LocalStatus {
  return { state: droppedState(capabilities), reason: 'REASON_MASTER_DISCONNECTED', source: 'SOURCE_MASTER' };
}

/** What a v0 driver does with an error from the master: it reports it and aborts, whatever the error. */
export function driverOnError(message: string): { readonly reported: string; readonly aborted: boolean } {
  return { reported: message, aborted: true };
}

const TERMINAL_STATES: ReadonlySet<string> = new Set([
  'TASK_FINISHED',
  'TASK_FAILED',
  'TASK_KILLED',
  'TASK_LOST',
  'TASK_ERROR',
  'TASK_DROPPED',
  'TASK_GONE',
  'TASK_GONE_BY_OPERATOR',
]);

/** Whether a task in this state has given its resources back; UNREACHABLE and UNKNOWN have not. */
export function isTerminalState(state: string): boolean {
  return TERMINAL_STATES.has(state);
}
