/**
 * How many pods of a workload, a node or the cluster may be on the move at once.
 *
 * The descheduler only names victims; these limits decide which of them become migrations now.
 */

/** A count or a percentage of the replicas ("10%" is `{ percent: 10 }`). */
export type CountOrPercent = number | { readonly percent: number };

/** Limits of the migration controller, with production's defaults. */
export interface MigrationLimits {
  readonly maxMigratingPerNode: number;
  /** Infinity: none, production's default. */
  readonly maxMigratingPerNamespace: number;
  /** Window over which a workload's migrations are counted. */
  readonly workloadWindowMs: number;
  readonly evictionsPerSecond: number;
  readonly evictionBurst: number;
  readonly jobTimeToLiveMs: number;
  readonly arbitrationPeriodMs: number;
}

export const DEFAULT_MIGRATION_LIMITS: MigrationLimits = {
  maxMigratingPerNode: 2,
  maxMigratingPerNamespace: Number.POSITIVE_INFINITY,
  workloadWindowMs: 300_000,
  evictionsPerSecond: 10,
  evictionBurst: 1,
  jobTimeToLiveMs: 300_000,
  arbitrationPeriodMs: 500,
};

/** Eviction cost at which a pod is never evicted (largest int32). */
export const NEVER_EVICT_COST = 2_147_483_647;

/**
 * Pods of one workload that may migrate, or be unavailable, at once.
 *
 *   unset: replicas > 10 -> floor(10 %), at least 1 ; 4..10 -> 2 ; else 1
 *   percent: floor(percent x replicas / 100), at least 1 ; never more than replicas
 *
 * Source: Koordinator descheduler, controllers/migration.
 */
export function maxMigratingOfWorkload(replicas: number, configured?: CountOrPercent): number {
  let allowed: number;
  if (configured === undefined) allowed = replicas > 10 ? Math.floor(replicas / 10) : replicas >= 4 ? 2 : 1;
  else if (typeof configured === 'number') allowed = configured;
  else allowed = Math.max(1, Math.floor((configured.percent * replicas) / 100));
  return Math.min(allowed, replicas);
}

/** What is on the move around one pod. */
export interface MigrationCandidate {
  readonly evictionCost: number;
  readonly replicas: number;
  readonly maxMigrating?: CountOrPercent;
  readonly maxUnavailable?: CountOrPercent;
  /** Counts without this pod. */
  readonly migratingOnNode: number;
  readonly migratingInNamespace: number;
  readonly migratingInWorkload: number;
  readonly unavailableInWorkload: number;
}

/** Why a pod may not migrate now. */
export type MigrationRefusal =
  | 'never'
  | 'single-replica'
  | 'unlimited-budget'
  | 'node'
  | 'namespace'
  | 'workload'
  | 'unavailable';

/**
 * Decides whether one pod may migrate now: undefined when it may, else the first reason against it.
 *
 * Workloads with one replica, and those whose budget equals their replicas, are not migrated at all.
 * Source: Koordinator descheduler, controllers/migration/arbitrator filter.
 */
export function refuseMigration(candidate: MigrationCandidate, limits: MigrationLimits): MigrationRefusal | undefined {
  if (candidate.evictionCost >= NEVER_EVICT_COST) return 'never';
  if (candidate.replicas <= 1) return 'single-replica';
  const maxMigrating = maxMigratingOfWorkload(candidate.replicas, candidate.maxMigrating);
  const maxUnavailable = maxMigratingOfWorkload(candidate.replicas, candidate.maxUnavailable);
  if (maxMigrating === candidate.replicas || maxUnavailable === candidate.replicas) return 'unlimited-budget';
  if (candidate.migratingOnNode >= limits.maxMigratingPerNode) return 'node';
  if (candidate.migratingInNamespace >= limits.maxMigratingPerNamespace) return 'namespace';
  if (candidate.migratingInWorkload >= maxMigrating) return 'workload';
  if (candidate.unavailableInWorkload + candidate.migratingInWorkload >= maxUnavailable) return 'unavailable';
  return undefined;
}

/** A bucket of eviction permits; `permits` may be fractional between refills. */
export interface EvictionBucket {
  permits: number;
  refilledAtMs: number;
}

/** Takes one permit: permits grow at `evictionsPerSecond` up to `evictionBurst`. */
export function takeEvictionPermit(bucket: EvictionBucket, nowMs: number, limits: MigrationLimits): boolean {
  const grown = ((nowMs - bucket.refilledAtMs) * limits.evictionsPerSecond) / 1000;
  bucket.permits = Math.min(limits.evictionBurst, bucket.permits + grown);
  bucket.refilledAtMs = nowMs;
  if (bucket.permits < 1) return false;
  bucket.permits -= 1;
  return true;
}
