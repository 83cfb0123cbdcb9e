/** Rules of `operations`: what each call of the operator needs, and what the master would refuse whenever it came. */
import type { Report } from './checks.ts';
import { checkCapacity, checkQuota, checkRoleName, type Quota } from './checks-mesos-quotas.ts';
import { checkRoleIsUsed } from './checks-reservations.ts';
import type { PathKey } from './problems.ts';
import type { MesosSection } from './resolve-mesos.ts';
import type { Scenario } from './schema.ts';
import { knownText } from './suggest.ts';

type Operation = MesosSection['operations'][number];

/** Keys that only some kinds take, and whether they are given. */
const OWN_KEYS: Readonly<
  Record<string, { readonly kinds: readonly Operation['kind'][]; given(it: Operation): boolean }>
> = {
  hosts: {
    kinds: ['drain-agents', 'deactivate-agents', 'reactivate-agents'],
    given: ({ hosts }) => hosts.length > 0,
  },
  maxGracePeriod: { kinds: ['drain-agents'], given: ({ maxGracePeriod }) => maxGracePeriod !== null },
  markGone: { kinds: ['drain-agents'], given: ({ markGone }) => markGone },
  weights: { kinds: ['update-weights'], given: ({ weights }) => Object.keys(weights).length > 0 },
  quotas: { kinds: ['update-quota'], given: ({ quotas }) => Object.keys(quotas).length > 0 },
  force: { kinds: ['update-quota'], given: ({ force }) => force },
  cluster: { kinds: ['update-weights', 'update-quota'], given: ({ cluster }) => cluster !== '' },
};

/** Keys without which a kind says nothing. */
const NEEDED = ['hosts', 'weights', 'quotas'];

/** Checks `operations`, one after another as they come in time. */
export function checkOperations(mesos: MesosSection, scenario: Partial<Scenario>, report: Report): void {
  if (mesos.operations.length > 0 && mesos.variant === '0.2x')
    report.error(
      ['controlPlane', 'operations'],
      'are given, but variant is 0.2x; weights and quotas of a running master came with Mesos 0.28 and 0.27, draining with 1.9',
      [['controlPlane', 'variant']],
    );
  mesos.operations.forEach((operation, index) => {
    checkOne(mesos, scenario, operation, ['controlPlane', 'operations', index], report);
  });
  checkGuarantees(mesos, scenario, report);
  checkReturns(mesos, report);
}

function checkOne(
  mesos: MesosSection,
  { cluster, horizon }: Partial<Scenario>,
  operation: Operation,
  own: readonly PathKey[],
  report: Report,
): void {
  const { kind } = operation;
  if (horizon !== undefined && operation.at >= horizon)
    report.error([...own, 'at'], 'is after the run has ended', [['horizon']]);
  for (const [key, { kinds, given }] of Object.entries(OWN_KEYS)) {
    if (!kinds.includes(kind) && given(operation)) report.error([...own, key], `is given, but kind is ${kind}`);
    if (kinds.includes(kind) && NEEDED.includes(key) && !given(operation))
      report.error([...own, key], `is empty; ${kind} names them`);
  }
  const hostCount = Object.values(cluster?.hosts ?? {}).reduce((sum, { count }) => sum + count, 0);
  operation.hosts.forEach((host, at) => {
    if (cluster !== undefined && host >= hostCount)
      report.error([...own, 'hosts', at], `is ${host}; the hosts are 0 to ${hostCount - 1}`, [['cluster', 'hosts']]);
  });
  const clusters = Object.keys(mesos.clusters);
  if (OWN_KEYS['cluster'].kinds.includes(kind) && clusters.length > 0 && !clusters.includes(operation.cluster))
    report.error([...own, 'cluster'], `is "${operation.cluster}"; known: ${knownText(operation.cluster, clusters)}`);
  for (const role of Object.keys(operation.weights)) {
    checkRoleName(role, [...own, 'weights', role], report);
    checkRoleIsUsed(mesos, role, [...own, 'weights', role], report);
  }
  for (const [role, quota] of Object.entries(operation.quotas)) {
    const path = [...own, 'quotas', role];
    checkRoleName(role, path, report);
    checkRoleIsUsed(mesos, role, path, report);
    checkQuota(mesos, role, quota, path, report);
  }
}

function inTime({ operations }: MesosSection): { readonly operation: Operation; readonly index: number }[] {
  return operations.map((operation, index) => ({ operation, index })).sort((a, b) => a.operation.at - b.operation.at);
}

/** The overcommit check, with the quotas in force when each update comes. */
function checkGuarantees(mesos: MesosSection, scenario: Partial<Scenario>, report: Report): void {
  const clusters = Object.keys(mesos.clusters);
  for (const name of clusters.length === 0 ? [''] : clusters) {
    const quotas = new Map<string, Quota>(Object.entries(mesos.roles));
    for (const { operation, index } of inTime(mesos)) {
      if (operation.kind !== 'update-quota' || operation.cluster !== name) continue;
      for (const [role, quota] of Object.entries(operation.quotas)) quotas.set(role, quota);
      const path = ['controlPlane', 'operations', index, 'quotas'];
      const hint = ': total quota guarantees exceed cluster capacity (use force to bypass this check)';
      if (!operation.force) checkCapacity(mesos, scenario, quotas, name, path, report, hint);
    }
  }
}

/** What is taken back was taken out before, and not for good. */
function checkReturns(mesos: MesosSection, report: Report): void {
  const closed = new Map<number, boolean>();
  for (const { operation, index } of inTime(mesos)) {
    const { kind, hosts, markGone } = operation;
    hosts.forEach((host, at) => {
      const path = ['controlPlane', 'operations', index, 'hosts', at];
      if (closed.get(host) === true) report.error(path, `is ${host}, which was marked gone before`);
      else if (kind === 'reactivate-agents' && !closed.delete(host))
        report.error(path, `is ${host}, which is not drained or deactivated then`);
      else if (kind !== 'reactivate-agents') closed.set(host, kind === 'drain-agents' && markGone);
    });
  }
}
