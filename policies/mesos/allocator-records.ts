/** What the allocator is told about agents and frameworks, and the records it makes of that. */
import type { AgentRecord, FrameworkRecord } from './allocator-state.ts';
import { AGENT_CAPABILITIES, capabilityBits, strippedFlags } from './capabilities.ts';
import type { ResourceBag } from './resource-bag.ts';
import { EMPTY_BAG } from './resource-bag.ts';
import type { Quantities } from './resource-quantities.ts';

/** Bags by framework (or agent) and role. */
export type UsedBags = ReadonlyMap<string, ReadonlyMap<string, ResourceBag>>;

export const NOTHING_USED: UsedBags = new Map();

export interface FrameworkInfo {
  readonly id: string;
  readonly roles: readonly string[];
  readonly suppressedRoles: readonly string[];
  readonly capabilities: readonly string[];
  /** Own minimum sets by role; an empty list accepts anything. */
  readonly minAllocatable: ReadonlyMap<string, readonly Quantities[]>;
  readonly checkpoint: boolean;
  readonly active: boolean;
}

export interface AgentInfo {
  readonly id: string;
  /** Number by which the caller knows the agent, kept in its record. Absent = -1. */
  readonly tag?: number;
  readonly hostname: string;
  readonly region: string | null;
  /** Canonical text: equal attributes have equal text. */
  readonly attributes: string;
  /** Null means those of a current agent. */
  readonly capabilities: readonly string[] | null;
  readonly checkpoint: boolean;
  readonly total: ResourceBag;
  /** Start of a maintenance window, if one is known. */
  readonly unavailableFromMs: number | null;
}

export interface AgentUpdate {
  readonly hostname?: string;
  readonly region?: string | null;
  readonly attributes?: string;
  readonly capabilities?: readonly string[];
  readonly total?: ResourceBag;
}

export function createAgent(info: AgentInfo, row: number): AgentRecord {
  return {
    row,
    id: info.id,
    tag: info.tag ?? -1,
    hostname: info.hostname,
    region: info.region,
    attributes: info.attributes,
    capabilities: info.capabilities === null ? AGENT_CAPABILITIES : capabilityBits(info.capabilities),
    checkpoint: info.checkpoint,
    activated: true,
    total: info.total,
    overcommitted: false,
    available: EMPTY_BAG,
    lastWhole: EMPTY_BAG,
    hasGpu: false,
    plain: true,
    held: new Map(),
    heldByStrangers: new Map(),
    maintenance:
      info.unavailableFromMs === null
        ? null
        : { startMs: info.unavailableFromMs, outstanding: new Set(), statuses: new Map() },
    candidate: false,
    offeredShared: EMPTY_BAG,
    runGrants: [],
  };
}

export function createFramework(info: FrameworkInfo, sequence: number): FrameworkRecord {
  return {
    id: info.id,
    sequence,
    roles: new Set(info.roles),
    suppressed: new Set(info.suppressedRoles),
    capabilities: capabilityBits(info.capabilities),
    strippedFlags: strippedFlags(capabilityBits(info.capabilities)),
    minAllocatable: info.minAllocatable,
    checkpoint: info.checkpoint,
    active: true,
    slots: new Map(),
    inverseFilters: new Map(),
    runGrants: [],
  };
}

/** Takes over what a framework says of itself, except its roles. */
export function describeFramework(framework: FrameworkRecord, info: FrameworkInfo): void {
  framework.capabilities = capabilityBits(info.capabilities);
  framework.strippedFlags = strippedFlags(framework.capabilities);
  framework.minAllocatable = info.minAllocatable;
  framework.checkpoint = info.checkpoint;
}
