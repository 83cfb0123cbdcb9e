/**
 * Admission by elastic quota: may this pod start now, given what its quota runs and what its runtime share is?
 *
 * The tree and its arithmetic live in quota-tree.ts; this file decides, and names the dimension that refuses.
 */

import { type KoordinatorQuirks, PRODUCTION_QUIRKS } from './quirks.ts';
import { propagateRequests, type QuotaTree, refreshAllQuotas, refreshQuota } from './quota-tree.ts';

/** The quirks of production that quotas follow: K17 and K20. */
export type ElasticQuotaQuirks = Pick<KoordinatorQuirks, 'quotaScaledMinLazy' | 'quotaComparesUnrequested'>;

/** Configuration of the plugin, with production's defaults. */
export interface ElasticQuotaConfig {
  /** Compare with runtime; off: compare with max. */
  readonly usesRuntimeQuota: boolean;
  readonly scalesMinQuota: boolean;
  readonly checksParentQuota: boolean;
  /** How long a quota may stay above its runtime before pods are revoked. */
  readonly delayEvictMs: number;
  /** Revoking runs only while all quotas are monitored. */
  readonly monitorsAllQuotas: boolean;
  readonly revokePeriodMs: number;
  readonly quirks: ElasticQuotaQuirks;
}

export const DEFAULT_ELASTIC_QUOTA_CONFIG: ElasticQuotaConfig = {
  usesRuntimeQuota: true,
  scalesMinQuota: true,
  checksParentQuota: false,
  delayEvictMs: 120_000,
  monitorsAllQuotas: false,
  revokePeriodMs: 1_000,
  quirks: PRODUCTION_QUIRKS,
};

/** Brings requests and the runtime of `row` up to date, the way production or the intended alternative does. */
export function updateQuota(tree: QuotaTree, row: number, totals: readonly number[], config: ElasticQuotaConfig): void {
  propagateRequests(tree);
  if (config.quirks.quotaScaledMinLazy) refreshQuota(tree, row, totals, config.scalesMinQuota);
  else refreshAllQuotas(tree, totals, config.scalesMinQuota);
}

/** Limit of one quota in one dimension; Infinity where max does not name the dimension. */
export function quotaLimit(tree: QuotaTree, row: number, dimension: number, config: ElasticQuotaConfig): number {
  const d = tree.dimensions[dimension];
  if (d.max[row] === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  return config.usesRuntimeQuota ? d.runtime[row] : d.max[row];
}

/** A pod that asks for admission. `request` is indexed by dimension, 0 where it asks for nothing. */
export interface QuotaPod {
  readonly request: readonly number[];
  readonly preemptible: boolean;
}

/** Why a pod was refused. */
export interface QuotaRefusal {
  readonly quota: string;
  readonly dimension: string;
  readonly rule: 'runtime' | 'min' | 'parent';
}

/**
 * Decides on one pod: undefined when admitted, else the first rule that refuses.
 *
 *   used + request <= runtime in every dimension of max (quirk K20: also in those the pod does not request)
 *   not preemptible: nonPreemptibleUsed + request <= min
 *   with checksParentQuota the first rule for every ancestor
 *
 * Call updateQuota first. Source: Koordinator scheduler, elasticquota PreFilter.
 */
export function admitPod(
  tree: QuotaTree,
  row: number,
  pod: QuotaPod,
  config: ElasticQuotaConfig,
): QuotaRefusal | undefined {
  const exceeded = exceededDimension(tree, row, pod.request, config);
  if (exceeded >= 0) return refusal(tree, row, exceeded, 'runtime');
  if (!pod.preemptible) {
    for (let index = 0; index < tree.dimensions.length; index++) {
      const d = tree.dimensions[index];
      if (d.max[row] === Number.POSITIVE_INFINITY || pod.request[index] === 0) continue;
      if (d.nonPreemptibleUsed[row] + pod.request[index] > d.min[row]) return refusal(tree, row, index, 'min');
    }
  }
  if (!config.checksParentQuota) return undefined;
  for (let at = tree.parent[row]; at >= 0; at = tree.parent[at]) {
    const dimension = exceededDimension(tree, at, pod.request, config);
    if (dimension >= 0) return refusal(tree, at, dimension, 'parent');
  }
  return undefined;
}

function exceededDimension(
  tree: QuotaTree,
  row: number,
  request: readonly number[],
  config: ElasticQuotaConfig,
): number {
  for (let index = 0; index < tree.dimensions.length; index++) {
    if (request[index] === 0 && !config.quirks.quotaComparesUnrequested) continue;
    if (tree.dimensions[index].used[row] + request[index] > quotaLimit(tree, row, index, config)) return index;
  }
  return -1;
}

function refusal(tree: QuotaTree, row: number, dimension: number, rule: QuotaRefusal['rule']): QuotaRefusal {
  return { quota: tree.names[row], dimension: tree.dimensions[dimension].name, rule };
}

/** Adds (`sign` 1) or removes (`sign` -1) a running pod in its quota and in every ancestor. */
export function accountPod(tree: QuotaTree, row: number, pod: QuotaPod, sign: 1 | -1): void {
  for (let at = row; at >= 0; at = tree.parent[at]) {
    for (let index = 0; index < tree.dimensions.length; index++) {
      const d = tree.dimensions[index];
      d.used[at] += sign * pod.request[index];
      if (!pod.preemptible) d.nonPreemptibleUsed[at] += sign * pod.request[index];
    }
  }
}
