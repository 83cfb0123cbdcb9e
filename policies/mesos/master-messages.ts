/** What the master says: to schedulers and to agents, in the order in which it says it. */
import type { PingRules } from './agent-observer.ts';
import type { Conversion } from './allocation-ledger.ts';
import type { BulkOffers } from './bulk-offers.ts';
import type { ResourceBag } from './resource-bag.ts';

export interface Offer {
  readonly id: number;
  readonly framework: string;
  readonly role: string;
  readonly agent: string;
  readonly bag: ResourceBag;
}

/** Frameworks choose the ids of their tasks; a number, given out in rising order, is one that needs no text. */
export type TaskId = string | number;

export interface TaskStatus {
  readonly task: TaskId;
  readonly state: string;
  readonly reason: string | null;
  readonly source: 'SOURCE_MASTER' | 'SOURCE_SLAVE' | 'SOURCE_EXECUTOR';
}

export type MasterMessage =
  | { readonly type: 'offers'; readonly framework: string; readonly offers: readonly Offer[] }
  | { readonly type: 'bulkOffers'; readonly bulk: BulkOffers }
  | { readonly type: 'rescind'; readonly framework: string; readonly offerId: number }
  | { readonly type: 'inverseOffer'; readonly framework: string; readonly agent: string }
  | { readonly type: 'status'; readonly framework: string; readonly status: TaskStatus }
  | { readonly type: 'error'; readonly framework: string; readonly message: string }
  | { readonly type: 'agentLost'; readonly framework: string; readonly agent: string }
  | { readonly type: 'agentUnreachable'; readonly agent: string }
  | { readonly type: 'runTask'; readonly agent: string; readonly task: TaskId }
  /** `maxGraceMs`: the task is stopped that long after it was asked to end, at the latest; absent, it takes its own time. */
  | { readonly type: 'killTask'; readonly agent: string; readonly task: TaskId; readonly maxGraceMs?: number }
  | { readonly type: 'shutdownFramework'; readonly agent: string; readonly framework: string };

export interface ExecutorInfo {
  readonly id: string;
  readonly bag: ResourceBag;
}

export interface TaskInfo {
  readonly id: TaskId;
  readonly bag: ResourceBag;
  /** Null for a command task. */
  readonly executor: ExecutorInfo | null;
}

/** A task at its master. The master uses the records of tasks that it has dropped anew. */
export interface RunningTask {
  id: TaskId;
  bag: ResourceBag;
  executor: ExecutorInfo | null;
  framework: string;
  role: string;
  agent: string;
  latestState: string;
  /** Whether its resources are still booked. */
  holds: boolean;
  /** Place among the tasks of its master; given when the task is taken in. */
  order: number;
}

export interface RunningExecutor {
  readonly info: ExecutorInfo;
  readonly framework: string;
  readonly role: string;
  readonly agent: string;
}

export type AcceptOperation =
  | { readonly type: 'launch'; readonly tasks: readonly TaskInfo[] }
  | { readonly type: 'convert'; readonly conversions: readonly Conversion[] };

export interface MasterOptions {
  /** Null lets offers live until answered. */
  readonly offerTimeoutMs: number | null;
  /** Offers of whole agents come as `bulkOffers`, which must be answered or kept before the next call of the master. */
  readonly bulkOffers?: boolean;
  /** How the master finds agents that are away; absent: its caller does. */
  readonly watch?: WatchRules;
}

/** How the master finds agents that are away, and when it gives them up. Units: ms. */
export interface WatchRules {
  readonly pings: PingRules;
  /** How long an agent may take to register again after its socket broke, or with a new master. */
  readonly reregisterTimeoutMs: number;
  /** At most so many agents are given up in `perMs` (agent_removal_rate_limit); null = any number. */
  readonly removals: { readonly agents: number; readonly perMs: number } | null;
}
