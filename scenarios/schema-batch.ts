/** A batch system as control plane, and the named options by which other people's rules differ from ours. */
import { z } from 'zod';
import { VM_BATCH_POLICIES, VM_POLICIES } from '../policies/packing/vm/vm-policies.ts';
import type { BatchPlan } from '../sim/plan/batch.ts';
import type { HostShapePlan } from '../sim/plan/cluster.ts';
import type { Report } from './checks.ts';
import { BATCH_DEFAULTS as D } from './defaults.ts';
import { ratio } from './fields.ts';
import type { Scenario } from './schema.ts';

const BACKFILL = {
  fcfs: 'fcfs',
  easy: 'easy',
  'easy-count': 'easy-count',
  conservative: 'conservative',
} as const satisfies { [K in BatchPlan['backfill']]: K };

const PACKING = {
  random: 'random',
  dotprod: 'dotprod',
  'gpu-clustering': 'gpu-clustering',
  'gpu-packing': 'gpu-packing',
  'best-fit': 'best-fit',
  fgd: 'fgd',
} as const satisfies { [K in NonNullable<BatchPlan['gpuPolicy']>]: K };

/** Power models of physics at events. */
export const POWER_MODELS = {
  constant: 'constant',
  linear: 'linear',
  sqrt: 'sqrt',
  square: 'square',
  cubic: 'cubic',
} as const satisfies { [K in NonNullable<HostShapePlan['powerModel']>]: K };

const placements = [...Object.keys(VM_POLICIES), ...Object.keys(VM_BATCH_POLICIES)] as [string, ...string[]];

export const batchSchema = z
  .strictObject({
    kind: z.literal('batch'),
    hostSharing: z
      .enum(['whole-host', 'shared'])
      .describe(
        '`whole-host`: a task has its host alone, the tasks of a job start together when `backfill` says; `shared`: tasks share hosts, placed one after another.',
      )
      .prefault(D.hostSharing),
    backfill: z
      .enum(BACKFILL)
      .describe('Which waiting jobs start, under `whole-host`: in order, or past the head where that delays nobody.')
      .prefault(D.backfill),
    placement: z.enum(placements).describe('Where a task goes, under `shared`.').prefault(D.placement),
    gpuPolicy: z
      .enum(PACKING)
      .nullable()
      .describe('Packing policy for every task, with GPUs or without, in place of `placement`; null = none.')
      .prefault(null),
    order: z
      .enum(['strict', 'skip'])
      .describe('`strict`: who does not fit holds up everyone behind; `skip`: others pass.')
      .prefault(D.order),
    whenFull: z
      .enum(['wait', 'drop'])
      .describe('What becomes of a task that fits nowhere when it is tried, under `shared`.')
      .prefault(D.whenFull),
    cpuOvercommitRatio: ratio('CPU that hosts sell over what they have.', 1, 1e6).prefault(D.cpuOvercommitRatio),
    memOvercommitRatio: ratio('Memory that hosts sell over what they have.', 1, 1e6).prefault(D.memOvercommitRatio),
    estimateOverDuration: ratio(
      'What users say a task takes at most, over what it takes alone; 0 = they say nothing. A job past its estimate goes on.',
      0,
      1000,
    ).prefault(D.estimateOverDuration),
  })
  .describe('A batch system: one queue in front of hosts that sell what they have once.');

export type BatchSection = z.output<typeof batchSchema>;

/** The plane's plan. */
export function resolveBatch(section: BatchSection): BatchPlan {
  const { gpuPolicy, cpuOvercommitRatio, memOvercommitRatio, ...rest } = section;
  return {
    ...rest,
    ...(gpuPolicy === null ? {} : { gpuPolicy }),
    ...(cpuOvercommitRatio === 1 ? {} : { cpuOvercommitRatio }),
    ...(memOvercommitRatio === 1 ? {} : { memOvercommitRatio }),
  };
}

/** Rules of the batch plane and of the options that only it knows. */
export function checkBatch(scenario: Partial<Scenario>, report: Report): void {
  const { controlPlane, online, physics, bestEffort, failures, policies, ticksPerMs } = scenario;
  if (controlPlane === undefined) return;
  const runsServices =
    online !== undefined &&
    ((online.source !== 'none' && online.services > 0) || Object.keys(online.explicit).length > 0);
  if (controlPlane.kind === 'batch' && controlPlane.hostSharing === 'whole-host' && runsServices)
    report.error(
      ['controlPlane', 'hostSharing'],
      'is whole-host, and services share hosts; write online.source: none',
      [['online']],
    );
  if (physics?.accounting !== 'event') {
    if (physics?.progress === 'no-delay')
      report.error(['physics', 'progress'], 'is no-delay; that needs physics.accounting: event');
    if (ticksPerMs !== undefined && ticksPerMs > 1)
      report.error(['ticksPerMs'], `is ${ticksPerMs}; a finer clock needs physics.accounting: event`);
    return;
  }
  const path = ['physics', 'accounting'];
  if (controlPlane.kind !== 'batch')
    report.error(path, 'is event; that is for controlPlane.kind: batch', [['controlPlane', 'kind']]);
  if (runsServices) report.error(path, 'is event; services need the physics of windows', [['online']]);
  if ((policies ?? []).length > 0) report.error(path, 'is event; policies act once a window', [['policies']]);
  if (bestEffort !== undefined && bestEffort.failureProbability > 0)
    report.error(path, 'is event; write bestEffort.failureProbability: 0', [['bestEffort', 'failureProbability']]);
  if ((failures?.blackHoles ?? []).length > 0)
    report.error(path, 'is event; black holes need the physics of windows', [['failures', 'blackHoles']]);
}
