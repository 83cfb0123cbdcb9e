/**
 * What an operator asks of a master while it leads: weights and quotas changed, agents drained, deactivated and taken back.
 *
 * The registry keeps it all, so the next master knows. A call that the master refuses changes nothing and stands in the report. As
 * upstream, none of them starts a run: the next batch sees what changed.
 */
import { updateQuotas, updateWeights } from '../../../policies/mesos/master-operator.ts';
import type { MesosOperationPlan, MesosRolePlan } from '../../plan/mesos.ts';
import { closeAgent, drainNow, reopenAgent } from './closed-agents.ts';
import { type MesosRun, quotaOf } from './mesos-run.ts';

/** Does what is due, in order of time. */
export function operate(run: MesosRun, nowMs: number): void {
  const { operator } = run.s;
  const operations = operationsOf(run);
  while (operator.done < operations.length && operations[operator.done].atMs <= nowMs) {
    const operation = operations[operator.done++];
    for (const problem of perform(run, operation, nowMs)) operator.refused.push({ atMs: operation.atMs, problem });
  }
}

/** When the operator acts next. */
export function nextOperationMs(run: MesosRun): number {
  return operationsOf(run)[run.s.operator.done]?.atMs ?? Number.POSITIVE_INFINITY;
}

function operationsOf({ setup }: MesosRun): readonly MesosOperationPlan[] {
  return setup.plan.operations ?? [];
}

/** One call; why it was refused, for each agent of it. */
function perform(run: MesosRun, operation: MesosOperationPlan, nowMs: number): string[] {
  const { s } = run;
  const cluster = Math.max(
    0,
    run.setup.plan.clusters.findIndex(({ name }) => name === operation.cluster),
  );
  switch (operation.kind) {
    case 'update-weights': {
      const weights = new Map(operation.weights.map(({ role, weight }) => [role, weight]));
      updateWeights(s.masters[cluster], weights);
      for (const [name, weight] of weights) remember(s.roles[cluster], name, { weight });
      return [];
    }
    case 'update-quota': {
      const quotas = new Map(operation.quotas.map((quota) => [quota.name, quotaOf(s.kinds, quota)]));
      const problem = updateQuotas(s.masters[cluster], s.kinds.catalog, quotas, operation.force);
      if (problem !== '') return [problem];
      for (const quota of operation.quotas) remember(s.roles[cluster], quota.name, quota);
      return [];
    }
    case 'reactivate-agents':
      return operation.hosts.map((host) => reopenAgent(run, host)).filter((problem) => problem !== '');
    case 'deactivate-agents':
      return operation.hosts.map((host) => closeAgent(run, host, null)).filter((problem) => problem !== '');
    case 'drain-agents': {
      const { maxGraceMs, marksGone } = operation;
      const drain = { fromMs: nowMs, maxGraceMs, marksGone };
      const problems = operation.hosts.map((host) => closeAgent(run, host, drain)).filter((problem) => problem !== '');
      for (const host of operation.hosts) drainNow(run, host);
      return problems;
    }
  }
}

/** The registry's entry of a role, changed in part. */
function remember(roles: MesosRolePlan[], name: string, change: Partial<MesosRolePlan>): void {
  const at = roles.findIndex((role) => role.name === name);
  const nothing = { guaranteeMilliCpu: 0, guaranteeMemMib: 0, limitMilliCpu: 0, limitMemMib: 0 };
  if (at < 0) roles.push({ name, weight: 1, ...nothing, ...change });
  else roles[at] = { ...roles[at], ...change };
}
