/** The two allocators as strategies over the same books: `modern` (Mesos 1.9 and later) and `0.2x` (0.19 to 0.22). */
import { allocate02x, takesWhole02x } from './allocate-0-2x.ts';
import { allocateModern, takesWholeModern } from './allocate-modern.ts';
import type { LedgerVariant } from './allocation-ledger.ts';
import type { AllocationStrategy } from './allocation-round.ts';
import type { TakesWhole } from './bulk-run.ts';

export interface AllocatorVariant extends LedgerVariant {
  readonly name: 'modern' | '0.2x';
  /** Triggers merge into one pending run; otherwise each runs at once and alone. */
  readonly coalesces: boolean;
  /** Filters that end at the instant of a run do not count in it. */
  readonly filtersEndBeforeRun: boolean;
  /** Life of a filter, from what the framework asked and the allocation interval. */
  filterLifeMs(refuseMs: number, intervalMs: number): number;
  /** The master takes the tasks of an agent that it gave up back when the agent returns; otherwise it shuts them down. */
  readonly takesBackTasks: boolean;
  readonly allocate: AllocationStrategy;
  readonly takesWhole: TakesWhole;
}

/** Mesos 1.9 and later. */
export const MODERN_VARIANT: AllocatorVariant = {
  name: 'modern',
  coalesces: true,
  filtersEndBeforeRun: false,
  countsReservedInRoleShare: true,
  roleLocalFrameworkShares: false,
  forgetsGrantsWhenInactive: false,
  keepsRoles: false,
  takesBackTasks: true,
  filterLifeMs: (refuseMs, intervalMs) => Math.max(refuseMs, intervalMs),
  allocate: allocateModern,
  takesWhole: takesWholeModern,
};

/** Mesos 0.19 to 0.22: the era of the published deployments. */
export const VARIANT_0_2X: AllocatorVariant = {
  name: '0.2x',
  coalesces: false,
  filtersEndBeforeRun: true,
  countsReservedInRoleShare: false,
  roleLocalFrameworkShares: true,
  forgetsGrantsWhenInactive: true,
  keepsRoles: true,
  takesBackTasks: false,
  filterLifeMs: (refuseMs) => refuseMs,
  allocate: allocate02x,
  takesWhole: takesWhole02x,
};
