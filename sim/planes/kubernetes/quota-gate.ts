/**
 * Elastic quotas at the door of the scheduler: a best-effort pod is placed only while its quota's share allows.
 *
 * The books are the sums of requests of pods that wait and of pods that are bound or run, by quota; the total to share is what hosts
 * sell to the batch class now. Quotas above their share for too long give pods back, if the plan says so.
 * Source: koordinator scheduler elasticquota plugin; the arithmetic is policies/koordinator/elastic-quota.ts.
 */
import { ConfigError } from '../../../policies/base/assert.ts';
import { BYTES_PER_MIB } from '../../../policies/base/units.ts';
import {
  accountPod,
  admitPod,
  DEFAULT_ELASTIC_QUOTA_CONFIG,
  type ElasticQuotaConfig,
  type ElasticQuotaQuirks,
  type QuotaPod,
  quotaLimit,
  updateQuota,
} from '../../../policies/koordinator/elastic-quota.ts';
import { isOverUsedTooLong, podsToRevoke, type RevocablePod } from '../../../policies/koordinator/quota-revoke.ts';
import { buildQuotaTree, type QuotaTree } from '../../../policies/koordinator/quota-tree.ts';
import type { Cluster } from '../../cluster/apply.ts';
import { TIER } from '../../cluster/hosts.ts';
import { TASK_KIND, TASK_STATE } from '../../cluster/tasks.ts';
import type { ElasticQuotaPlan, QuotaPluginPlan } from '../../plan/kubernetes.ts';

const DIMENSIONS = ['batch-cpu', 'batch-memory'];

export interface QuotaGate {
  readonly tree: QuotaTree;
  readonly config: ElasticQuotaConfig;
  /** Row of the quota of each population, -1 = none; and whether its pods may be pushed out, 1 = yes. */
  readonly quotaOf: Int32Array;
  readonly preemptible: Uint8Array;
  /** By population: some of its quota have lower priority and may be pushed out, 1 = yes. */
  readonly hasLower: Uint8Array;
  /** What there is to share: milli-CPU and bytes. */
  readonly totals: number[];
  readonly overUsedSinceMs: Float64Array;
  readonly revokes: boolean;
  /** Pods refused so far, by quota. */
  readonly refused: Float64Array;
}

/** What a quota knows of a population. */
export interface QuotaPopulation {
  readonly name: string;
  readonly priority: number;
  readonly preemptible?: boolean;
}

/** A gate for these quotas over populations in order; null without quotas. Throws ConfigError on a bad tree. */
export function createQuotaGate(
  quotas: readonly ElasticQuotaPlan[],
  revokes: boolean,
  populations: readonly QuotaPopulation[],
  quirks: ElasticQuotaQuirks = DEFAULT_ELASTIC_QUOTA_CONFIG.quirks,
  plugin?: QuotaPluginPlan,
): QuotaGate | null {
  if (quotas.length === 0) return null;
  const tree = buildQuotaTree(
    quotas.map((quota) => ({
      name: quota.name,
      parent: quota.parent,
      min: [quota.minMilliCpu, quota.minMemMib * BYTES_PER_MIB],
      max: [quota.maxMilliCpu ?? undefined, quota.maxMemMib === null ? undefined : quota.maxMemMib * BYTES_PER_MIB],
      // Where max names nothing a share has no weight of its own; the minimum stands for it.
      sharedWeight: [
        quota.sharedMilliCpu ?? quota.maxMilliCpu ?? quota.minMilliCpu,
        (quota.sharedMemMib ?? quota.maxMemMib ?? quota.minMemMib) * BYTES_PER_MIB,
      ],
      mayScaleMin: quota.mayScaleMin ?? true,
      allowLent: quota.allowLent,
    })),
    DIMENSIONS,
  );
  const named = quotas.flatMap((quota) => quota.populations.map((name) => [name, quota.name] as const));
  const owner = new Map(named);
  const names = populations.map(({ name }) => name);
  for (const [name, quota] of named) {
    if (!names.includes(name))
      throw new ConfigError(`quota "${quota}" names population "${name}"; known: ${names.join(', ')}`);
    if (owner.get(name) !== quota)
      throw new ConfigError(`population "${name}" stands in quotas "${quota}" and "${owner.get(name)}"; name it once`);
  }
  return {
    tree,
    config: {
      ...DEFAULT_ELASTIC_QUOTA_CONFIG,
      quirks,
      usesRuntimeQuota: plugin?.enableRuntimeQuota ?? DEFAULT_ELASTIC_QUOTA_CONFIG.usesRuntimeQuota,
      scalesMinQuota: plugin?.enableMinQuotaScale ?? DEFAULT_ELASTIC_QUOTA_CONFIG.scalesMinQuota,
      checksParentQuota: plugin?.enableCheckParentQuota ?? DEFAULT_ELASTIC_QUOTA_CONFIG.checksParentQuota,
      delayEvictMs: plugin?.delayEvictMs ?? DEFAULT_ELASTIC_QUOTA_CONFIG.delayEvictMs,
    },
    quotaOf: Int32Array.from(names, (name) => tree.names.indexOf(owner.get(name) ?? '')),
    preemptible: Uint8Array.from(populations, isPreemptible),
    hasLower: Uint8Array.from(populations, ({ name, priority }) =>
      populations.some(
        (other) =>
          owner.get(name) !== undefined &&
          owner.get(name) === owner.get(other.name) &&
          other.priority < priority &&
          isPreemptible(other) === 1,
      )
        ? 1
        : 0,
    ),
    totals: [0, 0],
    overUsedSinceMs: new Float64Array(quotas.length).fill(-1),
    revokes,
    refused: new Float64Array(quotas.length),
  };
}

function isPreemptible({ preemptible }: QuotaPopulation): 0 | 1 {
  return preemptible === false ? 0 : 1;
}

function podOf(gate: QuotaGate, cluster: Cluster, row: number): QuotaPod {
  const { tasks } = cluster;
  return {
    request: [tasks.requestMilliCpu[row], tasks.requestMemBytes[row]],
    preemptible: gate.preemptible[tasks.group[row]] === 1,
  };
}

/** Row of the quota that a task counts in, -1 = none. */
function quotaRow(gate: QuotaGate, cluster: Cluster, row: number): number {
  const { tasks } = cluster;
  return tasks.kind[row] === TASK_KIND.bestEffort ? gate.quotaOf[tasks.group[row]] : -1;
}

/** A pod asks for a place from now on (`sign` 1), or no longer (-1): pods that wait and pods that run both count. */
export function noteRequest(gate: QuotaGate, cluster: Cluster, row: number, sign: 1 | -1): void {
  const quota = quotaRow(gate, cluster, row);
  if (quota < 0) return;
  const [cpu, memory] = gate.tree.dimensions;
  cpu.podRequest[quota] += sign * cluster.tasks.requestMilliCpu[row];
  memory.podRequest[quota] += sign * cluster.tasks.requestMemBytes[row];
}

/** A pod was bound (`sign` 1), or left its host (-1). */
export function noteUse(gate: QuotaGate, cluster: Cluster, row: number, sign: 1 | -1): void {
  const quota = quotaRow(gate, cluster, row);
  if (quota >= 0) accountPod(gate.tree, quota, podOf(gate, cluster, row), sign);
}

/** Whether the quota of a pending pod lets it in now. */
export function mayStart(gate: QuotaGate, cluster: Cluster, row: number): boolean {
  const quota = quotaRow(gate, cluster, row);
  if (quota < 0) return true;
  updateQuota(gate.tree, quota, gate.totals, gate.config);
  const refusal = admitPod(gate.tree, quota, podOf(gate, cluster, row), gate.config);
  if (refusal !== undefined) gate.refused[quota]++;
  return refusal === undefined;
}

/** Whether a best-effort pod may look for pods of its quota to push out: there are some of lower priority. */
export function mayPreemptInQuota(gate: QuotaGate, { tasks }: Cluster, row: number): boolean {
  return tasks.kind[row] === TASK_KIND.bestEffort && gate.hasLower[tasks.group[row]] === 1;
}

/** Whether a placed pod may be pushed out for a pending one as far as quotas go: same quota, and preemptible. */
export function isInSameQuota(gate: QuotaGate, cluster: Cluster, row: number, other: number): boolean {
  const quota = quotaRow(gate, cluster, row);
  return quota >= 0 && quotaRow(gate, cluster, other) === quota && gate.preemptible[cluster.tasks.group[other]] === 1;
}

/** Whether the quota of a pending pod would admit it once these pods, which count in the same quota, are gone. */
export function admitsWithout(gate: QuotaGate, cluster: Cluster, row: number, gone: readonly number[]): boolean {
  const quota = quotaRow(gate, cluster, row);
  if (quota < 0) return true;
  const { tree, totals, config } = gate;
  updateQuota(tree, quota, totals, config);
  for (const other of gone) accountPod(tree, quota, podOf(gate, cluster, other), -1);
  const refusal = admitPod(tree, quota, podOf(gate, cluster, row), config);
  for (const other of gone) accountPod(tree, quota, podOf(gate, cluster, other), 1);
  return refusal === undefined;
}

/** Adds up what hosts that are up sell to the batch class. */
export function refreshTotals(gate: QuotaGate, cluster: Cluster): void {
  const { hosts } = cluster;
  gate.totals.fill(0);
  for (let host = 0; host < hosts.count; host++) {
    if (hosts.up[host] === 0) continue;
    gate.totals[0] += hosts.soldMilliCpu[TIER.batch * hosts.count + host];
    gate.totals[1] += hosts.soldMemBytes[TIER.batch * hosts.count + host];
  }
}

/** Rows of the pods that quotas above their share for longer than the delay give back now, most important first. */
export function rowsToRevoke(gate: QuotaGate, cluster: Cluster, nowMs: number): readonly number[] {
  if (!gate.revokes) return [];
  const { tree, config } = gate;
  const rows: number[] = [];
  for (let quota = 0; quota < tree.names.length; quota++) {
    updateQuota(tree, quota, gate.totals, config);
    const used = tree.dimensions.map((d) => d.used[quota]);
    const limit = tree.dimensions.map((_, index) => quotaLimit(tree, quota, index, config));
    const isOver = used.some((value, index) => value > limit[index]);
    if (!isOverUsedTooLong(gate.overUsedSinceMs, quota, isOver, nowMs, config.delayEvictMs)) continue;
    const pods = podsOf(gate, cluster, quota);
    for (const pod of podsToRevoke(pods, used, limit, config.quirks.quotaComparesUnrequested))
      rows.push(Number(pod.name));
  }
  return rows;
}

function podsOf(gate: QuotaGate, cluster: Cluster, quota: number): RevocablePod[] {
  const { tasks } = cluster;
  const pods: RevocablePod[] = [];
  for (let row = tasks.firstBestEffort; row < tasks.used; row++) {
    const state = tasks.state[row];
    if (state !== TASK_STATE.running && state !== TASK_STATE.bound) continue;
    if (quotaRow(gate, cluster, row) !== quota) continue;
    pods.push({
      name: String(row),
      // A pod that asks for none of a resource does not name it.
      request: podOf(gate, cluster, row).request.map((amount) => (amount === 0 ? undefined : amount)),
      priorityValue: tasks.priority[row],
      startedAtMs: state === TASK_STATE.running ? tasks.startedAtMs[row] : Number.POSITIVE_INFINITY,
      preemptible: gate.preemptible[tasks.group[row]] === 1,
    });
  }
  return pods;
}

/** The books as plain data. */
export function snapshotGate(gate: QuotaGate): unknown {
  const { tree, totals, overUsedSinceMs, refused } = gate;
  return structuredClone({ dimensions: tree.dimensions, totals, overUsedSinceMs, refused });
}

/** Fills the books from a snapshot of a gate with the same quotas. */
export function restoreGate(gate: QuotaGate, from: unknown): void {
  const kept = from as Pick<QuotaGate, 'totals' | 'overUsedSinceMs' | 'refused'> & Pick<QuotaTree, 'dimensions'>;
  gate.tree.dimensions.forEach((d, index) => {
    for (const name of ['podRequest', 'used', 'nonPreemptibleUsed', 'autoScaledMin', 'runtime'] as const)
      d[name].set(kept.dimensions[index][name]);
  });
  gate.totals.splice(0, gate.totals.length, ...kept.totals);
  gate.overUsedSinceMs.set(kept.overUsedSinceMs);
  gate.refused.set(kept.refused);
}
