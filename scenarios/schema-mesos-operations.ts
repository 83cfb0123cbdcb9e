/** Quotas of roles, and what an operator asks of a Mesos master while it leads. */
import { z } from 'zod';
import { MESOS_OPERATION_DEFAULTS as D, MESOS_ROLE_DEFAULTS as R } from './defaults-mesos.ts';
import { cpu, duration, flag, memory, ratio, text } from './fields.ts';

/** Guarantee and limit of a role. */
export const quotaFields = {
  cpuGuarantee: cpu('CPU kept for the role; 0 = none.').prefault(R.cpuGuarantee),
  memGuarantee: memory('Memory kept for the role; 0 = none.').prefault(R.memGuarantee),
  cpuLimit: cpu('Most CPU the role may hold; 0 = no limit.').prefault(R.cpuLimit),
  memLimit: memory('Most memory the role may hold; 0 = no limit.').prefault(R.memLimit),
};

export const weightField = () => ratio('Share of the role against others.', 0.001, 1e6);

export const operationSchema = z
  .strictObject({
    at: duration('Time from the start of the run.'),
    kind: z
      .enum(['drain-agents', 'deactivate-agents', 'reactivate-agents', 'update-weights', 'update-quota'])
      .describe(
        'The call. `drain-agents`: not offered any more, their tasks are killed. `deactivate-agents`: not offered any more. `reactivate-agents`: offered again.',
      ),
    cluster: text('`update-weights`, `update-quota`: whose master; empty = the only one.').prefault(D.cluster),
    hosts: z.array(z.int().min(0)).describe('Rows of the agents, in the order of the shapes.').prefault([]),
    maxGracePeriod: duration(
      '`drain-agents`: tasks are stopped so long after they were asked to end, if their `killGracePeriod` is longer; null = they take that.',
    )
      .nullable()
      .prefault(D.maxGracePeriod),
    markGone: flag('`drain-agents`: an agent is gone for good when it is empty.').prefault(D.markGone),
    weights: z.record(z.string(), weightField()).describe('`update-weights`: weights by role.').prefault({}),
    quotas: z
      .record(z.string(), z.strictObject(quotaFields))
      .describe('`update-quota`: quotas by role, all of them or none; a quota of nothing takes the old one away.')
      .prefault({}),
    force: flag('`update-quota`: also above what the cluster has, or below what the role holds.').prefault(D.force),
  })
  .describe('A call of the operator API.');
