/** Records of the allocator: agents, frameworks, roles, and the slot where a framework meets a role. */
import type { Refusals } from './refusals.ts';
import type { ResourceBag } from './resource-bag.ts';
import type { Quantities } from './resource-quantities.ts';
import type { Role } from './role-tree.ts';
import type { ScalarTotals } from './scalar-totals.ts';
import type { Sorter } from './sorter.ts';
import type { Timer } from './timer-queue.ts';

export const DEFAULT_REFUSE_MS = 5_000;
export const MAX_REFUSE_MS = 31_536_000_000; // 365 days

export type SorterName = 'drf' | 'random';

export interface AllocatorOptions {
  readonly allocationIntervalMs: number;
  /** An offer must cover one of these; empty allows everything. */
  readonly minAllocatable: readonly Quantities[];
  /** Resource names left out of shares. */
  readonly fairnessExcludedNames: readonly string[];
  /** Keeps agents with gpus for frameworks with GPU_RESOURCES. */
  readonly filterGpuResources: boolean;
  /** Region of the master; null makes every agent local. */
  readonly masterRegion: string | null;
  readonly roleSorter: SorterName;
  readonly frameworkSorter: SorterName;
  /** What a run takes; absent: no time. */
  readonly runCost?: RunCost;
}

/** Time that a run takes: agents it looks at x (perAgentUs + frameworks x perAgentFrameworkUs). Units: microseconds. */
export interface RunCost {
  readonly perAgentUs: number;
  readonly perAgentFrameworkUs: number;
}

/** What a slot refused on some agents at one moment: blocks what is contained in it until the timer fires. */
export interface OfferFilter extends Timer {
  readonly kind: 'filter';
  readonly slot: Slot;
  /** Rows of the agents, in order of refusal. */
  rows: number[];
}

export interface InverseOfferFilter extends Timer {
  readonly kind: 'inverseFilter';
  readonly framework: FrameworkRecord;
  readonly agent: AgentRecord;
}

export interface Maintenance {
  readonly startMs: number;
  /** Frameworks with an unanswered inverse offer. */
  readonly outstanding: Set<string>;
  /** Last answers. */
  readonly statuses: Map<string, 'ACCEPT' | 'DECLINE'>;
}

export interface AgentRecord {
  readonly row: number;
  readonly id: string;
  /** Number by which the caller knows the agent. */
  readonly tag: number;
  hostname: string;
  region: string | null;
  /** Canonical text of the attributes. */
  attributes: string;
  capabilities: number;
  /** A checkpointing agent keeps tasks over its restart; only 0.2x looks at it. */
  checkpoint: boolean;
  activated: boolean;
  total: ResourceBag;
  /** Whether more is held than the total has of some kind: what comes back is then not simply available. */
  overcommitted: boolean;
  /** (total - used) of what is not shared, and all that is shared. */
  available: ResourceBag;
  /** What was last granted whole: the same bag comes back as the same object, so that filters recognise it at a glance. */
  lastWhole: ResourceBag;
  hasGpu: boolean;
  /** Nothing on it is reserved, shared or revocable: whoever may take any of it may take all of it. */
  plain: boolean;
  readonly held: Map<Slot, ResourceBag>;
  /** Held by frameworks not added yet: framework, role, bag. */
  readonly heldByStrangers: Map<string, Map<string, ResourceBag>>;
  maintenance: Maintenance | null;
  candidate: boolean;
  /** Shared resources offered in this run. */
  offeredShared: ResourceBag;
  /** Grants of this run on this agent. */
  runGrants: RunGrant[];
}

export interface FrameworkRecord {
  readonly id: string;
  readonly sequence: number;
  roles: ReadonlySet<string>;
  readonly suppressed: Set<string>;
  capabilities: number;
  /** Resource flags it must not be offered. */
  strippedFlags: number;
  minAllocatable: ReadonlyMap<string, readonly Quantities[]>;
  checkpoint: boolean;
  active: boolean;
  readonly slots: Map<string, Slot>;
  readonly inverseFilters: Map<AgentRecord, InverseOfferFilter[]>;
  readonly runGrants: RunGrant[];
}

export interface RoleState {
  readonly path: string;
  /** Client number in the role sorter. */
  readonly client: number;
  readonly sorter: Sorter;
  /** What framework shares are measured against: the cluster, or in 0.2x what the role holds. */
  readonly totals: ScalarTotals;
  readonly slotByClient: Slot[];
  readonly node: Role;
}

export interface Slot {
  readonly framework: FrameworkRecord;
  readonly rolePath: string;
  /** Null while the framework is not tracked under the role. */
  role: RoleState | null;
  client: number;
  /** Agents on which the framework holds something in this role. */
  heldAgents: number;
  readonly refusals: Refusals;
}

/** What one run gives one framework in one role on one agent. */
export interface RunGrant {
  readonly slot: Slot;
  readonly agent: AgentRecord;
  bag: ResourceBag;
}

/** A grant as the master sees it. */
export interface Grant {
  readonly framework: string;
  readonly role: string;
  readonly agent: string;
  readonly bag: ResourceBag;
}
