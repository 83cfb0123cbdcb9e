/** The published ways to sell idle CPU as policies of a run; each replaces batch-resource, which sells by the reclaim water-line. */
import { autopilot } from './autopilot.ts';
import { empiricalRatio } from './empirical-ratio.ts';
import { borgDefault, limitSum } from './fixed-ratio.ts';
import { gaussianPercentile } from './gaussian-percentile.ts';
import { machinePercentile } from './machine-percentile.ts';
import { maxPredictor } from './max-predictor.ts';
import { nSigma } from './n-sigma.ts';
import { peakOracle } from './peak-oracle.ts';
import { sellingPolicy } from './policy.ts';
import { rcLike } from './rc-like.ts';
import { timeWindow } from './time-window.ts';

export const sellLimitSum = sellingPolicy(
  'limit-sum',
  'sells only what nobody was promised: capacity minus the sum of requests (no overcommitment)',
  limitSum,
);

export const sellBorgDefault = sellingPolicy(
  'borg-default',
  'takes nine tenths of the sum of requests as the peak of a host (fixed ratio)',
  borgDefault,
);

export const sellRcLike = sellingPolicy(
  'rc-like',
  "takes the sum of each pod's own 99th percentile as the peak of a host (Resource Central)",
  rcLike,
);

export const sellMachinePercentile = sellingPolicy(
  'machine-percentile',
  "takes the 99th percentile of the host's own use as its peak",
  machinePercentile,
);

export const sellNSigma = sellingPolicy(
  'n-sigma',
  "takes mean plus five standard deviations of the host's own use over two hours as its peak",
  nSigma,
);

export const sellMaxPredictor = sellingPolicy(
  'max-predictor',
  'takes the larger of n-sigma and rc-like as the peak of a host (Take it to the limit)',
  maxPredictor,
);

export const sellGaussianPercentile = sellingPolicy(
  'gaussian-percentile',
  'takes a percentile of the sum of independent normal uses as the peak of a host',
  gaussianPercentile,
);

export const sellEmpiricalRatio = sellingPolicy(
  'empirical-ratio',
  'takes the share of its request that a kind of workload is seen to use anywhere in the cluster',
  empiricalRatio,
);

export const sellTimeWindow = sellingPolicy(
  'time-window',
  'adds up pods per part of the day, so that pods with different peak hours share a host (Coach)',
  timeWindow,
);

export const sellAutopilot = sellingPolicy(
  'autopilot',
  'takes the sum of vertically scaled limits as the peak of a host (Autopilot moving windows)',
  autopilot,
);

export const sellPeakOracle = sellingPolicy(
  'peak-oracle',
  'knows the next 24 hours of every pod: the bound for all others, never a policy for production',
  peakOracle,
);
