/** Rules of roles and quotas, with Mesos' own: top-level roles, guarantees within limits, all of them within the agents. */
import { roleProblem } from '../policies/mesos/validation.ts';
import type { Report } from './checks.ts';
import type { PathKey } from './problems.ts';
import type { MesosSection } from './resolve-mesos.ts';
import type { Scenario } from './schema.ts';

export type Quota = Omit<MesosSection['roles'][string], 'weight'>;

/** Checks `roles`: their names, and the quotas that the master begins with. */
export function checkQuotas(mesos: MesosSection, scenario: Partial<Scenario>, report: Report): void {
  for (const [name, role] of Object.entries(mesos.roles)) {
    const path = ['controlPlane', 'roles', name];
    checkRoleName(name, path, report);
    checkQuota(mesos, name, role, path, report);
  }
  checkCapacity(mesos, scenario, new Map(Object.entries(mesos.roles)), '', ['controlPlane', 'roles'], report);
}

/** A role name as Mesos takes it. */
export function checkRoleName(name: string, path: readonly PathKey[], report: Report): void {
  if (roleProblem(name) !== '')
    report.error(path, 'is no role name: Mesos allows no blanks, no leading "-", no "." or ".."');
}

/** The quota of one role by itself. */
export function checkQuota(
  mesos: MesosSection,
  name: string,
  quota: Quota,
  path: readonly PathKey[],
  report: Report,
): void {
  for (const resource of ['cpu', 'mem'] as const) {
    const guarantee = quota[`${resource}Guarantee`];
    const limit = quota[`${resource}Limit`];
    if (limit > 0 && guarantee > limit)
      report.error([...path, `${resource}Guarantee`], 'is above the limit of the role', [
        [...path, `${resource}Limit`],
      ]);
  }
  if (quota.cpuGuarantee + quota.memGuarantee + quota.cpuLimit + quota.memLimit === 0) return;
  if (mesos.variant === '0.2x')
    report.error(path, 'has a quota, but variant is 0.2x; guarantees came with Mesos 0.27, limits with 1.9', [
      ['controlPlane', 'variant'],
    ]);
  if (name.includes('/')) report.error(path, 'has a quota; Mesos takes quotas for top-level roles only');
  if (name === '*') report.error(path, 'has a quota; Mesos takes none for the default role "*"');
}

/** All guarantees against the agents of a cluster (empty = all agents); `hint` says how to have them all the same. */
export function checkCapacity(
  mesos: MesosSection,
  { cluster }: Partial<Scenario>,
  quotas: ReadonlyMap<string, Quota>,
  clusterName: string,
  path: readonly PathKey[],
  report: Report,
  hint = '',
): void {
  if (cluster === undefined) return;
  const { kind, cpuRatio, memRatio } = mesos.oversubscription;
  const shapes = mesos.clusters[clusterName]?.hosts ?? Object.keys(cluster.hosts);
  let cpus = 0;
  let mem = 0;
  for (const [name, { count, cpu, memory }] of Object.entries(cluster.hosts)) {
    if (!shapes.includes(name)) continue;
    cpus += count * cpu * (1 - cluster.reservedCpuPercent / 100) * (kind === 'static' ? cpuRatio : 1);
    mem += count * memory * (1 - cluster.reservedMemPercent / 100) * (kind === 'static' ? memRatio : 1);
  }
  let cpuSum = 0;
  let memSum = 0;
  for (const { cpuGuarantee, memGuarantee } of quotas.values()) {
    cpuSum += cpuGuarantee;
    memSum += memGuarantee;
  }
  const uses = [['cluster', 'hosts', '*']];
  if (cpuSum > cpus)
    report.error(path, `guarantee ${cpuSum / 1000} cores; the agents have ${Math.floor(cpus / 1000)}${hint}`, uses);
  if (memSum > mem)
    report.error(path, `guarantee ${memSum / 1024} GiB; the agents have ${Math.floor(mem / 1024)}${hint}`, uses);
}
