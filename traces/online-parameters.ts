/**
 * How online services differ from each other: fitted figures and, marked (A), assumptions without data.
 *
 * Measured figures are those of fits/online.json where nothing else is said; a report prints this record with the run.
 */
import { LATENCY_CLASSES } from './format.ts';

export const ONLINE_PARAMETERS = {
  /**
   * Mean CPU over request of a service, percent: lognormal, capped. Source: 500 Azure V2 VMs that lived the whole month
   * (usagePercent: mu 1.82, sigma .98, mean 9.4); sigma .90 gives the capped mean 9.2.
   */
  usageLogMean: 1.82,
  usageLogSigma: 0.9,
  usageCapPercent: 80,
  /** Replicas follow Pareto quantiles (A): with 300 services the largest holds 6 to 8 % of all replicas. */
  replicaParetoAlpha: 1.5,
  /** Request sizes before scaling: mean 5.05 cores; Alibaba-2018 has 5.07 over 71 476 containers. Weights (A). */
  coresChoices: [1, 2, 4, 8, 16],
  coresWeights: [0.15, 0.25, 0.3, 0.2, 0.1],
  /** GiB per core before scaling: mean 4 (A). */
  gibPerCoreChoices: [2, 4, 8],
  gibPerCoreWeights: [0.3, 0.55, 0.15],
  /** Working set over memory request: beta, mean .65, sd .14 (A). */
  memUsageBetaA: 6.5,
  memUsageBetaB: 3.5,
  /**
   * Diurnal classes as shares of the used CPU, and the range of their peak-to-trough ratio. Six Alibaba-2018 online containers
   * have 1.3, 1.3, 1.4, 3.5, 3.6, 3.9; Azure VMs a median of 1.3 to 1.4 (shares: A).
   */
  diurnalNames: ['strong', 'mild', 'flat'],
  diurnalShares: [0.3, 0.45, 0.25],
  diurnalRatioLow: [3, 1.2, 1],
  diurnalRatioHigh: [4, 1.6, 1.1],
  phaseJitterSdHours: 1,
  /** Kinds by their week and evening (A): video peaks in the evening and at weekends, office rests at weekends. */
  kindNames: ['video', 'office', 'steady'],
  kindShares: [0.35, 0.35, 0.3],
  weekendFactor: [1.1, 0.9, 1],
  eveningBumpHeight: [0.25, 0, 0],
  eveningBumpHour: 21,
  eveningBumpSdHours: 2,
  /** Noise shared by the replicas of a service: Google 2011 jobs (manyReplicaService). */
  commonCv: 0.09,
  commonArShare: 0.74,
  commonTauMs: 2_400_000,
  /**
   * Noise of one replica: medians r5 .20, r60 .11, CVr .36 of 20 Azure V2 VMs. The 14 of them that can be had freely agree in r5
   * and CVr but have r60 .20, which leaves the time constant open (singlePod: 22 to 69 min solved one by one).
   */
  ownCv: 0.36,
  ownArShare: 0.21,
  ownTauMs: 5_820_000,
  /**
   * Largest over mean inside five minutes: lognormal with these quantiles (20 Azure V2 VMs: 1.5, 2.24, 3.5; the
   * region of V1: 1.81, taken as the median).
   */
  peakOverMeanMedian: 1.8,
  peakOverMeanP90: 3.5,
  /** Shares of the latency classes, in the order of LATENCY_CLASSES (A). */
  latencyShares: [0.25, 0.5, 0.15, 0.1],
} as const;

/** Latency classes and their shares cannot drift apart. */
export const LATENCY_SHARES: readonly number[] = LATENCY_CLASSES.map(
  (_, index) => ONLINE_PARAMETERS.latencyShares[index],
);
