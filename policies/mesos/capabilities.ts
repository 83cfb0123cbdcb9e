/** What frameworks and agents say they understand, as bits; offers are cut or withheld accordingly. */
import { ResourceFlag } from './resource-catalog.ts';

export const Capability = {
  REVOCABLE_RESOURCES: 1,
  GPU_RESOURCES: 2,
  SHARED_RESOURCES: 4,
  RESERVATION_REFINEMENT: 8,
  REGION_AWARE: 16,
  MULTI_ROLE: 32,
  PARTITION_AWARE: 64,
  HIERARCHICAL_ROLE: 128,
} as const;

/** Capabilities of every agent since Mesos 1.4. */
export const AGENT_CAPABILITIES =
  Capability.MULTI_ROLE | Capability.HIERARCHICAL_ROLE | Capability.RESERVATION_REFINEMENT;

/** Bits of the names that matter to allocation; others are ignored, as the master ignores what it does not know. */
export function capabilityBits(names: readonly string[]): number {
  let bits = 0;
  for (const name of names) {
    if (Object.hasOwn(Capability, name)) bits |= Capability[name as keyof typeof Capability];
  }
  return bits;
}

/** Resource flags a framework with these capabilities must not be offered. */
export function strippedFlags(capabilities: number): number {
  let flags = 0;
  if ((capabilities & Capability.SHARED_RESOURCES) === 0) flags |= ResourceFlag.shared;
  if ((capabilities & Capability.REVOCABLE_RESOURCES) === 0) flags |= ResourceFlag.revocable;
  if ((capabilities & Capability.RESERVATION_REFINEMENT) === 0) flags |= ResourceFlag.refined;
  return flags;
}
