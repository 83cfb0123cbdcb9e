/** Every queue of the batch plane keeps what every control plane must keep. */
import { describe, expect, test } from 'vitest';
import { BACKFILL_POLICIES } from '../../../policies/backfill/backfill-policies.ts';
import { typicalPods } from '../../../policies/packing/gpu/fragmentation.ts';
import { PACKING_POLICIES } from '../../../policies/packing/packing-policies.ts';
import { VM_POLICIES } from '../../../policies/packing/vm/vm-policies.ts';
import type { BatchPlan } from '../../plan/batch.ts';
import { type PlaneFactory, playPlane } from '../contract.ts';
import { BatchPlane, type BatchSetup } from './batch-plane.ts';
import { createSharedHosts, packingChooser, vmChooser } from './shared-hosts.ts';
import { createWholeHosts } from './whole-hosts.ts';

const PLAN: BatchPlan = {
  kind: 'batch',
  hostSharing: 'shared',
  backfill: 'easy',
  placement: 'first-fit',
  order: 'strict',
  whenFull: 'wait',
  estimateOverDuration: 1,
};

/** Estimates are exact but for start-up, which takes no time here. */
const setupOf = (context: Parameters<PlaneFactory>[0]): BatchSetup => ({
  ticksPerMs: 1,
  estimateMsOf: (row) => context.cluster.tasks.durationMs[row],
  pinnedHostOf: () => -1,
});

const wholeHosts =
  (name: keyof typeof BACKFILL_POLICIES): PlaneFactory =>
  (context) =>
    new BatchPlane(context, createWholeHosts(context, BACKFILL_POLICIES[name], setupOf(context)));
const byVm =
  (name: string, order: 'strict' | 'skip'): PlaneFactory =>
  (context) =>
    new BatchPlane(
      context,
      createSharedHosts(context, { ...PLAN, order }, vmChooser(context, VM_POLICIES[name]), setupOf(context)),
    );
const byPacking =
  (name: string): PlaneFactory =>
  (context) => {
    const chooser = packingChooser(
      context,
      PACKING_POLICIES[name as keyof typeof PACKING_POLICIES],
      typicalPods([], [], [], [], []),
      7,
    );
    return new BatchPlane(context, createSharedHosts(context, { ...PLAN, order: 'skip' }, chooser, setupOf(context)));
  };

const PLANES: readonly [string, PlaneFactory, boolean][] = [
  ...(Object.keys(BACKFILL_POLICIES) as (keyof typeof BACKFILL_POLICIES)[]).map(
    (name): [string, PlaneFactory, boolean] => [name, wholeHosts(name), true],
  ),
  ['first-fit, strict', byVm('first-fit', 'strict'), false],
  ['worst-fit, skip', byVm('worst-fit', 'skip'), false],
  ...Object.keys(PACKING_POLICIES).map((name): [string, PlaneFactory, boolean] => [name, byPacking(name), false]),
];

describe.each(PLANES)('%s', (_, create, batchOnly) => {
  test.each([1, 2, 3, 4, 5])(
    'story %i: no task lost, none twice, all done, the same twice and after a copy',
    (seed) => {
      const first = playPlane(create, seed, { batchOnly });
      expect(first.finished).toBe(60);
      expect(playPlane(create, seed, { batchOnly })).toEqual(first);
      expect(playPlane(create, seed, { batchOnly, copyAfter: 60 })).toEqual(first);
    },
  );
});
