/** Every policy by name: the one list. To add a policy, add its line here; to delete one, delete its line and its file. */
import { batchResource } from './koordinator/policy-batch-resource.ts';
import { cpuBurst } from './koordinator/policy-cpu-burst.ts';
import { cpuEvict } from './koordinator/policy-cpu-evict.ts';
import { cpuSuppress } from './koordinator/policy-cpu-suppress.ts';
import { lowNodeLoad } from './koordinator/policy-low-node-load.ts';
import { memoryEvict } from './koordinator/policy-memory-evict.ts';
import { midResource } from './koordinator/policy-mid-resource.ts';
import { nodeEvict } from './koordinator/policy-node-evict.ts';
import { yarnCopilot } from './koordinator/policy-yarn-copilot.ts';
import { fixedRevocable } from './mesos/policy-fixed-estimator.ts';
import { loadQos } from './mesos/policy-load-qos.ts';
import { serenity } from './mesos/policy-serenity.ts';
import { slackEstimator } from './mesos/policy-slack-estimator.ts';
import { nFold } from './overcommit/policy-n-fold.ts';
import {
  sellAutopilot,
  sellBorgDefault,
  sellEmpiricalRatio,
  sellGaussianPercentile,
  sellLimitSum,
  sellMachinePercentile,
  sellMaxPredictor,
  sellNSigma,
  sellPeakOracle,
  sellRcLike,
  sellTimeWindow,
} from './overcommit/selling-policies.ts';
import type { Policy } from './ports.ts';

export const POLICIES: Readonly<Record<string, Policy>> = Object.freeze({
  autopilot: sellAutopilot,
  'batch-resource': batchResource,
  'borg-default': sellBorgDefault,
  'cpu-burst': cpuBurst,
  'cpu-evict': cpuEvict,
  'cpu-suppress': cpuSuppress,
  'empirical-ratio': sellEmpiricalRatio,
  'fixed-estimator': fixedRevocable,
  'gaussian-percentile': sellGaussianPercentile,
  'limit-sum': sellLimitSum,
  'load-qos': loadQos,
  'low-node-load': lowNodeLoad,
  'machine-percentile': sellMachinePercentile,
  'max-predictor': sellMaxPredictor,
  'memory-evict': memoryEvict,
  'mid-resource': midResource,
  'n-fold': nFold,
  'n-sigma': sellNSigma,
  'node-evict': nodeEvict,
  'peak-oracle': sellPeakOracle,
  'rc-like': sellRcLike,
  serenity,
  'slack-estimator': slackEstimator,
  'time-window': sellTimeWindow,
  'yarn-copilot': yarnCopilot,
});
