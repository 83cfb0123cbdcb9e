/**
 * Cgroup values of pods that run on batch resources.
 *
 * Source: pkg/koordlet/runtimehooks/hooks/batchresource/batch_resource.go.
 */
import { divTrunc } from '../base/int-math.ts';

const SHARES_PER_CPU = 1024;
const SHARES_MIN = 2;
const SHARES_MAX = 262_144;
const CFS_PERIOD_US = 100_000;
const QUOTA_MIN_US = 1000;

/** Batch resources of one container; `undefined` = not set. */
export interface BatchContainer {
  readonly requestMilliCpu?: number | undefined;
  readonly limitMilliCpu?: number | undefined;
  readonly limitMemBytes?: number | undefined;
}

export interface CgroupValues {
  readonly cpuShares: number;
  /** Microseconds of cpu per 100 000 us; -1 = unlimited. */
  readonly cfsQuotaUs: number;
  /** Bytes; -1 = unlimited. */
  readonly memoryLimitBytes: number;
}

export interface CgroupRule {
  /** False while cpu suppress uses the cfsQuota policy: the quota of the whole tree is then set at its root. */
  readonly cfsQuotaEnabled: boolean;
  /** Above 1 on nodes whose cpus count for more than a standard one. */
  readonly cpuNormalizationRatio: number;
}

/**
 * Cgroup values of a BE pod; a container is a pod of one container.
 *
 *   cpu.shares   = clamp(request * 1024 / 1000, 2, 262144)
 *   cfs_quota_us = limit * 100, at least 1000; -1 when any container is unlimited or quota is switched off
 *                  ceil(quota / ratio) when ratio > 1
 *   memory.limit = limit, -1 when any container is unlimited
 *
 * Units: milli-CPU, bytes, microseconds. Rounding: integer divisions cut; the normalized quota rounds up. A pod without
 * containers has quota -1 and memory limit 0, as upstream's sums start.
 */
export function beCgroup(containers: readonly BatchContainer[], rule: CgroupRule): CgroupValues {
  let requestMilliCpu = 0;
  let limitMilliCpu = 0;
  let limitMemBytes = 0;
  for (const container of containers) {
    requestMilliCpu += Math.max(0, container.requestMilliCpu ?? 0);
    limitMilliCpu = addLimit(limitMilliCpu, container.limitMilliCpu);
    limitMemBytes = addLimit(limitMemBytes, container.limitMemBytes);
  }
  const shares = divTrunc(requestMilliCpu * SHARES_PER_CPU, 1000);
  return {
    cpuShares: Math.min(SHARES_MAX, Math.max(SHARES_MIN, shares)),
    cfsQuotaUs: beQuotaUs(limitMilliCpu, rule),
    memoryLimitBytes: limitMemBytes,
  };
}

function addLimit(sum: number, limit: number | undefined): number {
  return sum === -1 || limit === undefined || limit <= 0 ? -1 : sum + limit;
}

function beQuotaUs(limitMilliCpu: number, rule: CgroupRule): number {
  if (!rule.cfsQuotaEnabled || limitMilliCpu <= 0) return -1;
  const quotaUs = Math.max(QUOTA_MIN_US, divTrunc(limitMilliCpu * CFS_PERIOD_US, 1000));
  return rule.cpuNormalizationRatio > 1 ? Math.ceil(quotaUs / rule.cpuNormalizationRatio) : quotaUs;
}
