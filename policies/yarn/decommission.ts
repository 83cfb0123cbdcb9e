/**
 * Taking a node out: its states, and when a graceful decommission is over.
 *
 * The node waits for its containers, then for every application that ran on it (their shuffle may lie there), until the
 * timeout. Meanwhile its capability is what is allocated, so that nothing new fits; recommissioning gives it back.
 * Source: Hadoop, RMNodeImpl, DecommissioningNodesWatcher.
 */

export type NodeState =
  | 'RUNNING'
  | 'UNHEALTHY'
  | 'DECOMMISSIONING'
  | 'DECOMMISSIONED'
  | 'LOST'
  | 'SHUTDOWN'
  | 'REBOOTED';

/** What a heartbeat says that matters to the state. */
export interface NodeReport {
  readonly healthy: boolean;
  /** Applications with containers or kept alive on the node, or whose master is about to start there. */
  readonly hasApplications: boolean;
}

export type NodeEvent =
  | 'GRACEFUL_DECOMMISSION'
  | 'DECOMMISSION'
  | 'RECOMMISSION'
  | 'EXPIRE'
  | 'SHUTDOWN'
  | 'REBOOTING'
  | NodeReport;

/** The state after the event, or null when the state does not know it. */
export function nextNodeState(state: NodeState, event: NodeEvent): NodeState | null {
  if (state !== 'RUNNING' && state !== 'UNHEALTHY' && state !== 'DECOMMISSIONING') return null;
  switch (event) {
    case 'GRACEFUL_DECOMMISSION':
      return 'DECOMMISSIONING';
    case 'DECOMMISSION':
      return 'DECOMMISSIONED';
    case 'RECOMMISSION':
      return state === 'DECOMMISSIONING' ? 'RUNNING' : null;
    case 'EXPIRE':
      return 'LOST';
    case 'SHUTDOWN':
      return 'SHUTDOWN';
    case 'REBOOTING':
      return 'REBOOTED';
    default:
      break;
  }
  if (state !== 'DECOMMISSIONING') return event.healthy ? 'RUNNING' : 'UNHEALTHY';
  // An unhealthy node is not taken out before its time.
  return event.healthy && !event.hasApplications ? 'DECOMMISSIONED' : 'DECOMMISSIONING';
}

/** What the scheduler may count with on the node. */
export function schedulableCapability(state: NodeState, total: number, allocated: number): number {
  if (state === 'DECOMMISSIONING') return allocated;
  return state === 'RUNNING' ? total : 0;
}

export type DecommissionStatus = 'NONE' | 'WAIT_CONTAINER' | 'WAIT_APP' | 'READY' | 'TIMEOUT' | 'DECOMMISSIONED';

/** Why a node is still there. A negative timeout waits for ever. */
export function decommissionStatus(
  state: NodeState,
  containers: number,
  applications: number,
  timeoutMs: number,
  elapsedMs: number,
): DecommissionStatus {
  if (state === 'DECOMMISSIONED') return 'DECOMMISSIONED';
  if (state !== 'DECOMMISSIONING') return 'NONE';
  if (containers === 0 && applications === 0) return 'READY';
  if (timeoutMs >= 0 && elapsedMs >= timeoutMs) return 'TIMEOUT';
  return containers > 0 ? 'WAIT_CONTAINER' : 'WAIT_APP';
}

/** Whether the watcher takes the node out now. */
export function isDecommissionDue(status: DecommissionStatus): boolean {
  return status === 'READY' || status === 'TIMEOUT';
}

/** The timeout of a node: its own in the exclude file, else that of the command, else the configured one. */
export function decommissionTimeoutMs(
  ofHostMs: number | null,
  ofCommandMs: number | null,
  configuredMs: number,
): number {
  return ofHostMs ?? ofCommandMs ?? configuredMs;
}
