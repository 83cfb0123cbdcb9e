/** State and configuration of a Marathon framework, as plain data. */
import { ConfigError } from '../base/assert.ts';
import { createLedger, type Ledger } from '../framework-work.ts';
import { type BackoffStrategy, checkBackoff, DEFAULT_BACKOFF } from './backoff.ts';
import type { GroupBySemantics } from './constraints.ts';
import { checkHealthCheck, DEFAULT_HEALTH_CHECK, type HealthCheck } from './health-check.ts';
import { createReviveStream, type LaunchItem, type ReviveStream } from './launch-queue.ts';
import { createTokens, type LaunchTokens, OFFER_MATCHING } from './offer-matching.ts';
import type { KillSelection } from './scaling.ts';
import { checkUnreachable, DEFAULT_UNREACHABLE, type UnreachableStrategy } from './unreachable.ts';
import { checkUpgrade, DEFAULT_UPGRADE, type RollingUpgrade, type UpgradeStrategy } from './upgrade.ts';

/** Settings of one Marathon; apps share the strategies. Units: ms. */
export interface MarathonConfig {
  readonly groupBy: GroupBySemantics;
  readonly maxInstancesPerOffer: number;
  readonly maxParallelOffers: number;
  readonly maxQueuedOffers: number;
  readonly declineOfferMs: number;
  readonly suppressOffers: boolean;
  readonly minReviveIntervalMs: number;
  readonly killsInFlight: number;
  readonly killRetryMs: number;
  readonly launchTimeoutMs: number;
  readonly reconciliationStartMs: number;
  readonly reconciliationIntervalMs: number;
  /** Apps are compared with what runs: first after, then each. */
  readonly scaleCheckStartMs: number;
  readonly scaleCheckIntervalMs: number;
  readonly killSelection: KillSelection;
  readonly backoff: BackoffStrategy;
  readonly upgrade: UpgradeStrategy;
  readonly resident: boolean;
  readonly unreachable: UnreachableStrategy;
  /** What differs from the default check; null = no health checks. */
  readonly healthCheck: Partial<HealthCheck> | null;
}

/** Marathon 1.11 without flags, on a machine with 8 cores or more. */
export const MARATHON_DEFAULTS: MarathonConfig = {
  groupBy: 'v1.11',
  maxInstancesPerOffer: OFFER_MATCHING.maxInstancesPerOffer,
  maxParallelOffers: 8,
  maxQueuedOffers: OFFER_MATCHING.maxQueuedOffers,
  declineOfferMs: OFFER_MATCHING.declineOfferMs,
  suppressOffers: true,
  minReviveIntervalMs: 5_000,
  killsInFlight: 100,
  killRetryMs: 30_000,
  launchTimeoutMs: 300_000,
  reconciliationStartMs: 15_000,
  reconciliationIntervalMs: 600_000,
  scaleCheckStartMs: 15_000,
  scaleCheckIntervalMs: 300_000,
  killSelection: 'YOUNGEST_FIRST',
  backoff: DEFAULT_BACKOFF,
  upgrade: DEFAULT_UPGRADE,
  resident: false,
  unreachable: DEFAULT_UNREACHABLE,
  healthCheck: null,
};

/** The health check of every app, or null. */
export function healthCheckOf({ healthCheck }: MarathonConfig): HealthCheck | null {
  return healthCheck === null ? null : { ...DEFAULT_HEALTH_CHECK, ...healthCheck };
}

/** Marathon 0.8 to 0.9, as deployed in 2015: one task per offer, declines of 5 s, no suppress, old GROUP_BY. */
export const MARATHON_2015: MarathonConfig = {
  ...MARATHON_DEFAULTS,
  groupBy: 'legacy',
  maxInstancesPerOffer: 1,
  declineOfferMs: 5_000,
  suppressOffers: false,
};

/** One app. `workRow` is its present version; tasks of other rows are old. */
export interface App extends LaunchItem {
  readonly name: string;
  workRow: number;
  instances: number;
  /** Numbers of the app's live tasks, oldest first. */
  tasks: number[];
  upgrade: RollingUpgrade | null;
  /** Kills of old instances made of those that the upgrade wants. */
  upgradeKills: number;
  /** Launches that the revive stream was told of. */
  signalled: number;
}

/** What Marathon remembers of one live task beyond the ledger. Units: ms; null when not so. */
export interface Instance {
  activeSinceMs: number | null;
  unreachableSinceMs: number | null;
  /** Counted as gone although it may come back. */
  inactive: boolean;
  /** It is to be killed; `killSentMs` is null while the kill waits for its turn. */
  killing: boolean;
  /** It is killed for its health: it counts until its end is heard, and only then another takes its place. */
  unhealthy: boolean;
  killSentMs: number | null;
}

/** Everything a Marathon framework remembers. */
export interface MarathonState {
  readonly config: MarathonConfig;
  readonly ledger: Ledger;
  readonly apps: Map<string, App>;
  readonly instances: Map<number, Instance>;
  /** Tasks that the clock may change: not running yet, being killed, or unreachable; more may stand here, never fewer. */
  readonly watched: Set<number>;
  readonly revive: ReviveStream;
  readonly tokens: LaunchTokens;
  /** Tasks to kill that found all kills in flight taken, in order. */
  killQueue: number[];
  killsInFlight: number;
  /** How many apps want offers now. */
  appsWanting: number;
  /** No app's delay ends before this time. */
  nextDelayEndMs: number;
  startMs: number;
  subscribed: boolean;
  nextReconciliationMs: number;
  nextScaleCheckMs: number;
  nextExpungeMs: number;
  nextHousekeepingMs: number;
}

/** A fresh state. Errors: ConfigError for settings out of range. */
export function createMarathonState(config: MarathonConfig): MarathonState {
  checkBackoff(config.backoff);
  checkUpgrade(config.upgrade);
  checkUnreachable(config.unreachable);
  const health = healthCheckOf(config);
  if (health !== null) checkHealthCheck(health);
  for (const [name, value] of Object.entries(config))
    if (typeof value === 'number' && !(value >= 0)) throw new ConfigError(`marathon: ${name} is ${value}; 0 or more`);
  const atLeastOne = [
    'maxInstancesPerOffer',
    'maxParallelOffers',
    'killsInFlight',
    'reconciliationIntervalMs',
    'scaleCheckIntervalMs',
  ] as const;
  for (const name of atLeastOne)
    if (config[name] < 1) throw new ConfigError(`marathon: ${name} is ${config[name]}; it must be 1 or more`);
  return {
    config,
    ledger: createLedger(),
    apps: new Map(),
    instances: new Map(),
    watched: new Set(),
    revive: createReviveStream(),
    tokens: createTokens(0),
    killQueue: [],
    killsInFlight: 0,
    appsWanting: 0,
    nextDelayEndMs: Number.POSITIVE_INFINITY,
    startMs: 0,
    subscribed: false,
    nextReconciliationMs: Number.POSITIVE_INFINITY,
    nextScaleCheckMs: Number.POSITIVE_INFINITY,
    nextExpungeMs: Number.POSITIVE_INFINITY,
    nextHousekeepingMs: Number.POSITIVE_INFINITY,
  };
}
