/** Records of the master: schedulers, and what its timers wait for. */
import type { FrameworkInfo } from './allocator-records.ts';
import type { Offer } from './master-messages.ts';

/** A scheduler as the master sees it. */
export interface FrameworkState {
  info: FrameworkInfo;
  failoverTimeoutMs: number;
  connected: boolean;
  active: boolean;
  /** Changes with every subscription, so that an old failover timer finds nothing. */
  session: number;
}

/** What a timer ends: an offer that nobody answered, or the wait for the scheduler of an old session. Plain data. */
export type Deadline = { readonly offer: Offer } | { readonly framework: string; readonly session: number };
