/**
 * What the Kubernetes scheduler is told of services and populations by name, held against the names that are there, and upstream's rules for a
 * tree of elastic quotas (pkg/webhook/elasticquota: quota_topology_check.go, pod_check.go). A maximum that is left out stands for one without
 * bound, so the rule that parent and child name the same maxima has nothing to refuse.
 */
import type { Report } from './checks.ts';
import { checkHeldRoom } from './checks-held-room.ts';
import type { Scenario } from './schema.ts';
import { knownText } from './suggest.ts';

type Kubernetes = Exclude<Scenario['controlPlane'], { kind: 'mesos' | 'batch' }>;
type Quota = Kubernetes['quotas'][string];

export function checkScheduling(scenario: Partial<Scenario>, report: Report): void {
  const { controlPlane } = scenario;
  if (controlPlane === undefined || controlPlane.kind === 'mesos' || controlPlane.kind === 'batch') return;
  checkHeldRoom(scenario, controlPlane, report);
  checkQuotas(scenario, controlPlane.quotas, report);
  checkPreemptible(scenario, controlPlane.quotas, report);
}

/** What is not preemptible is so in a quota; without one nothing could push it out. */
function checkPreemptible({ bestEffort }: Partial<Scenario>, quotas: Kubernetes['quotas'], report: Report): void {
  const inQuota = Object.values(quotas).flatMap(({ populations }) => populations);
  for (const [name, { preemptible }] of Object.entries(bestEffort?.populations ?? {}))
    if (!preemptible && !inQuota.includes(name))
      report.error(['bestEffort', 'populations', name, 'preemptible'], 'is false, but it counts in no elastic quota', [
        ['controlPlane', 'quotas'],
      ]);
}

function checkQuotas({ bestEffort }: Partial<Scenario>, quotas: Kubernetes['quotas'], report: Report): void {
  const names = Object.keys(quotas);
  const populations = bestEffort === undefined ? null : Object.keys(bestEffort.populations);
  const owner: Record<string, string> = {};
  for (const [name, quota] of Object.entries(quotas)) {
    const path = ['controlPlane', 'quotas', name];
    if (quota.parent !== null && !names.includes(quota.parent))
      report.error(
        [...path, 'parent'],
        `is "${quota.parent}", which is no quota; known: ${knownText(quota.parent, names)}`,
      );
    quota.populations.forEach((population, index) => {
      const at = [...path, 'populations', index];
      const uses = [['bestEffort', 'populations']];
      if (populations !== null && !populations.includes(population))
        report.error(
          at,
          `is "${population}", which is no population; known: ${knownText(population, populations)}`,
          uses,
        );
      else if (owner[population] !== undefined)
        report.error(at, `is "${population}", which counts in quota ${owner[population]} already`);
      else owner[population] = name;
    });
    for (const [least, most] of [
      ['minCpu', 'maxCpu'],
      ['minMemory', 'maxMemory'],
    ] as const) {
      const max = quota[most];
      if (max !== null && quota[least] > max)
        report.error([...path, least], `is ${amount(least, quota[least])}, above ${most} ${amount(most, max)}`, [
          [...path, most],
        ]);
    }
    checkChildren(name, quota, quotas, report);
  }
}

/** Minima of the children fit into that of their parent, and a parent has no pods of its own. */
function checkChildren(name: string, quota: Quota, quotas: Kubernetes['quotas'], report: Report): void {
  const path = ['controlPlane', 'quotas', name];
  const children = Object.entries(quotas).filter(([, child]) => child.parent === name);
  if (children.length === 0) return;
  if (quota.populations.length > 0)
    report.error(
      [...path, 'populations'],
      `is not empty, but ${children.map(([child]) => child).join(', ')} are its children: pods count in quotas without children`,
    );
  for (const field of ['minCpu', 'minMemory'] as const) {
    const sum = children.reduce((total, [, child]) => total + child[field], 0);
    if (sum > quota[field])
      report.error(
        [...path, field],
        `is ${amount(field, quota[field])}; its children have minima of ${amount(field, sum)}`,
      );
  }
}

function amount(field: string, value: number): string {
  return field.endsWith('Cpu') ? `${value}m` : `${value} MiB`;
}
