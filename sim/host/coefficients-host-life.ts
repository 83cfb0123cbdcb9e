/**
 * Coefficients of failure, maintenance, power and cost; rows as in coefficients.ts.
 *
 * Rates are per year for a cluster of 2,000 hosts unless the unit says per host.
 */
import type { CoefficientRow } from './coefficients.ts';

export const HOST_LIFE_COEFFICIENTS = {
  // Failures
  hostCrashesPerYear: [0.5, 0.1, 2, '/host/year', 'A/M', 'Dean list, lower today', 'all causes, domains included'],
  crashWeibullShape: [0.8, 0.6, 1, 'ratio', 'A/M', 'section 8', ''],
  softRepairMedianMinutes: [15, 5, 60, 'min', 'A/M', 'section 8', 'lognormal'],
  softRepairSigma: [1, 0.5, 1.5, 'ln', 'A/M', 'section 8', ''],
  hardRepairsPerYear: [0.08, 0.04, 0.12, '/host/year', 'M/H', 'SoCC 2010', ''],
  hardRepairMedianHours: [24, 6, 72, 'h', 'M/M', 'SoCC 2010', 'lognormal'],
  hardRepairP95Hours: [168, 72, 336, 'h', 'M/M', 'SoCC 2010', ''],
  rackEventsPerYear: [20, 2, 20, '/2000 hosts/year', 'F/H', 'Dean list', ''],
  rackHosts: [40, 20, 80, 'hosts', 'F/H', 'Dean list', ''],
  rackOutageHoursLow: [1, 0.5, 2, 'h', 'F/H', 'Dean list', 'uniform'],
  rackOutageHoursHigh: [6, 2, 12, 'h', 'F/H', 'Dean list', ''],
  pduEventsPerYear: [0.3, 0.1, 1, '/2000 hosts/year', 'F/M', 'Dean list', ''],
  pduHosts: [500, 250, 1000, 'hosts', 'F/H', 'Dean list', ''],
  pduOutageHours: [6, 2, 12, 'h', 'F/H', 'Dean list', ''],
  torFlapsPerYear: [5, 1, 12, '/2000 hosts/year', 'F/M', 'Dean list', 'one rack degraded'],
  torFlapMinutesLow: [10, 5, 20, 'min', 'F/M', 'Dean list', 'uniform'],
  torFlapMinutesHigh: [30, 20, 60, 'min', 'F/M', 'Dean list', ''],
  torFlapLoss: [0.5, 0.05, 0.5, 'of packets', 'F/L', 'Dean list', 'wonky racks lose half'],
  retransmitMs: [200, 200, 1000, 'ms', 'F/H', 'Linux TCP_RTO_MIN', 'doubles with every loss'],
  upgradePassDays: [75, 60, 90, 'days', 'A/M', 'section 8', 'one pass over all hosts'],
  upgradeAtOnce: [0.02, 0.005, 0.05, 'of hosts', 'A/M', 'section 8', 'drained together'],
  upgradeMinutes: [15, 5, 60, 'min', 'A/M', 'section 8', 'per host'],
  agentRestartDays: [30, 7, 90, 'days', 'A/M', 'section 8', 'koordlet or kubelet'],
  agentGapSecondsLow: [10, 5, 20, 's', 'A/M', 'section 8', 'no metrics, uniform'],
  agentGapSecondsHigh: [60, 30, 120, 's', 'A/M', 'section 8', ''],

  // Power and cost
  idleWatts: [130, 80, 180, 'W', 'A/M', 'section 9', ''],
  maxWatts: [520, 310, 730, 'W', 'A/M', 'section 9', ''],
  powerExponent: [1.4, 1.2, 1.6, 'ratio', 'M/H', 'Fan, ISCA 2007', ''],
  pue: [1.35, 1.2, 1.6, 'ratio', 'A/M', 'section 9', ''],
  pricePerKwh: [0.6, 0.36, 0.84, 'RMB', 'A/M', 'section 9', ''],
  capexPerHost: [60000, 36000, 84000, 'RMB', 'A/M', 'section 9', ''],
  lifetimeYears: [4, 3, 6, 'years', 'A/M', 'section 9', ''],
  yearlyOverheadFraction: [0.25, 0.15, 0.35, 'of capex', 'A/M', 'section 9', 'network, space, operations'],
} as const satisfies Readonly<Record<string, CoefficientRow>>;
