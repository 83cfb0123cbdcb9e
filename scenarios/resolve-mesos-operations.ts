/** Quotas and operations of a Mesos scenario in the units of the plan. */
import type { MesosOperationPlan, MesosQuotaPlan } from '../sim/plan/mesos.ts';
import type { MesosSection } from './resolve-mesos.ts';

/** Guarantee and limit of a role. */
export function quotaAmounts(
  quota: Pick<MesosSection['roles'][string], 'cpuGuarantee' | 'memGuarantee' | 'cpuLimit' | 'memLimit'>,
): Omit<MesosQuotaPlan, 'name'> {
  return {
    guaranteeMilliCpu: quota.cpuGuarantee,
    guaranteeMemMib: quota.memGuarantee,
    limitMilliCpu: quota.cpuLimit,
    limitMemMib: quota.memLimit,
  };
}

/** Operations in order of time; those of one moment in the order in which they are written. */
export function resolveOperations({ operations }: MesosSection): MesosOperationPlan[] {
  return operations.map(operationPlan).sort((a, b) => a.atMs - b.atMs);
}

function operationPlan(operation: MesosSection['operations'][number]): MesosOperationPlan {
  const { at: atMs, kind, cluster } = operation;
  const hosts = [...operation.hosts];
  switch (kind) {
    case 'drain-agents':
      return { atMs, kind, cluster, hosts, maxGraceMs: operation.maxGracePeriod, marksGone: operation.markGone };
    case 'deactivate-agents':
    case 'reactivate-agents':
      return { atMs, kind, cluster, hosts };
    case 'update-weights':
      return {
        atMs,
        kind,
        cluster,
        weights: Object.entries(operation.weights).map(([role, weight]) => ({ role, weight })),
      };
    case 'update-quota':
      return {
        atMs,
        kind,
        cluster,
        quotas: Object.entries(operation.quotas).map(([name, quota]) => ({ name, ...quotaAmounts(quota) })),
        force: operation.force,
      };
  }
}
