/** Versions of a service: A/B tests, gray releases, and how replicas are exchanged. */
import { z } from 'zod';
import { ROLLOUT_DEFAULTS as O, RELEASE_DEFAULTS as R, VERSION_DEFAULTS as V } from './defaults.ts';
import { duration, percent, ratio, share } from './fields.ts';

export const weightOf = (description: string) => ratio(description, 0, 1e6);

const cpuCost = () => ratio('CPU of a request over that of the first version.', 0.01, 100);

export const versionSchema = z
  .strictObject({
    weight: weightOf('Share of the load and of the replicas.'),
    cpuCost: cpuCost().prefault(V.cpuCost),
  })
  .describe('A version beside the first.');

export const rolloutSchema = z
  .strictObject({
    minimumHealth: share(
      'Replicas that stay healthy (Marathon minimumHealthCapacity, Kubernetes 100 % - maxUnavailable).',
    ).prefault(O.minimumHealth),
    overCapacity: share('Replicas that may exist on top (maximumOverCapacity, maxSurge).').prefault(O.overCapacity),
  })
  .describe(
    'How replicas are exchanged in a rolling restart and a release; null = as the orchestrator does by default.',
  );

export const releaseSchema = z
  .strictObject({
    at: duration('When the first stage begins.'),
    stages: z
      .array(percent('Share of the replicas.'))
      .min(1)
      .describe('Shares of the next version, rising to 100 %.')
      .prefault([...R.stages]),
    stage: duration('How long a stage lasts.').prefault(R.stage),
    errorMargin: percent(
      'Percentage points by which more requests of the next version than of the old may be late before it goes back.',
    ).prefault(R.errorMargin),
    cpuCost: cpuCost().prefault(V.cpuCost),
  })
  .describe('Gray release of the next version, stage by stage; it goes back when its requests are late more often.');
