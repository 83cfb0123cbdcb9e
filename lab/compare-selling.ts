/**
 * Ways to sell idle CPU, run on the same plan and measured alike: what they gain, and how often they promise too much.
 *
 *   violated   share of (host, sample) with P < P*        P  = peak the policy predicts, P* = peak of the next 24 h
 *   severity   mean of max(0, P* - P) / P*
 *   savings    mean of (sum of requests - P) / sum of requests
 *   excess     mean of max(0, P - P*) / P*                 what more knowledge could still win
 *
 * A policy that predicts no peak is judged by what it leaves unsold: P = capacity - max(system, reserved) - sold.
 * Samples inside the warm-up do not count. Source of the measures: Take it to the limit (EuroSys'21).
 */
import { ConfigError, fail } from '../policies/base/assert.ts';
import { createMachineHistory } from '../policies/overcommit/machine-history.ts';
import { peakOracle } from '../policies/overcommit/peak-oracle.ts';
import { DECISION, type HostSignals, type PodSignals, type Policy } from '../policies/ports.ts';
import { POLICIES } from '../policies/registry.ts';
import type { Plan } from '../sim/plan.ts';
import { type RunOptions, runPlan } from './run-plan.ts';

/** One way of selling on one plan. */
export interface SellingRow {
  readonly name: string;
  /** Batch CPU sold and CPU used by best effort, over the capacity of the cluster. */
  readonly soldPercent: number;
  readonly usedPercent: number;
  readonly lateRequestPercent: number;
  readonly lateRequestFromColocationPercent: number;
  readonly violatedPercent: number;
  readonly severityPercent: number;
  readonly savingsPercent: number;
  readonly excessPercent: number;
  readonly suppressedPercent: number;
  readonly doneCoreHours: number;
  /** Best-effort core-hours done beyond the row that sold least: the usable gain. */
  readonly gainCoreHours: number;
  /** Service-hours that missed their objective. */
  readonly violationPercent: number;
  /** Sold below what the oracle sells, where both were run; NaN without it. */
  readonly soldBelowOraclePercent: number;
  readonly digest: string;
}

export type CompareSellingOptions = Pick<RunOptions, 'replayed'>;

/** Runs `plan` once for each name, in place of the plan's own seller. Throws ConfigError for a name that sells nothing. */
export function compareSelling(
  plan: Plan,
  names: readonly string[],
  options: CompareSellingOptions = {},
): readonly SellingRow[] {
  const rows = names.map((name) => runSeller(plan, name, options));
  const bound = rows.find((row) => row.name === 'peak-oracle')?.soldPercent ?? Number.NaN;
  const least = rows.reduce((a, b) => (b.soldPercent < a.soldPercent ? b : a)).doneCoreHours;
  return rows.map((row) => ({
    ...row,
    soldBelowOraclePercent: bound - row.soldPercent,
    gainCoreHours: row.doneCoreHours - least,
  }));
}

function runSeller(plan: Plan, name: string, options: CompareSellingOptions): SellingRow {
  const seller = POLICIES[name];
  if (!sellsBatch(seller)) {
    const sellers = Object.values(POLICIES).filter(sellsBatch);
    throw new ConfigError(`"${name}" sells nothing; known: ${sellers.map((policy) => policy.name).join(', ')}`);
  }
  const others = plan.policies.filter((entry) => !sellsBatch(POLICIES[entry.name]));
  const own = plan.policies.find((entry) => entry.name === name) ?? { name, config: {} };
  const audit = createAudit(plan.warmUpMs);
  const results = runPlan(
    { ...plan, policies: [...others, own] },
    {
      ...options,
      identity: { planHash: '', tidemarkVersion: '', nodeVersion: '' },
      extraPolicies: { [name]: watched(seller, audit) },
    },
  );
  if (results === null) return fail('a run that nobody stops reaches its horizon');
  const { summary } = results;
  const percent = (sum: number) => (audit.samples > 0 ? (sum / audit.samples) * 100 : 0);
  return {
    name,
    soldPercent: summary.batchSoldMeanPercent,
    usedPercent: summary.bestEffortUtilisationMeanPercent,
    lateRequestPercent: summary.lateRequestPercent,
    lateRequestFromColocationPercent: summary.lateRequestFromColocationPercent,
    violatedPercent: percent(audit.violated),
    severityPercent: percent(audit.severity),
    savingsPercent: percent(audit.savings),
    excessPercent: percent(audit.excess),
    suppressedPercent: summary.suppressedPercentOfDemand,
    doneCoreHours: summary.doneCoreHours,
    gainCoreHours: Number.NaN,
    violationPercent: summary.violationServiceHourPercent,
    soldBelowOraclePercent: Number.NaN,
    digest: results.manifest.digest,
  };
}

function sellsBatch(policy: Policy | undefined): policy is Policy {
  return policy?.sells?.includes('batch') === true;
}

/** Sums over (host, sample). */
export interface SellingAudit {
  readonly fromMs: number;
  samples: number;
  violated: number;
  severity: number;
  savings: number;
  excess: number;
  sampleNumber: number;
}

/** An audit that begins at `fromMs`. */
export function createAudit(fromMs: number): SellingAudit {
  return { fromMs, samples: 0, violated: 0, severity: 0, savings: 0, excess: 0, sampleNumber: 0 };
}

/** The same policy with somebody looking over its shoulder: its decisions stay as they are. */
function watched(policy: Policy, audit: SellingAudit): Policy {
  let sold = new Float64Array(0);
  return {
    ...policy,
    needs: ['pod-samples', 'pod-future'],
    decide(signals, config, state, out) {
      const first = out.count;
      policy.decide(signals, config, state, out);
      if (sold.length === 0) sold = new Float64Array(signals.count);
      for (let i = first; i < out.count; i++) if (out.kind[i] === DECISION.publishBatch) sold[out.host[i]] = out.a[i];
      const { pods } = signals;
      if (pods === undefined) fail('the audit needs samples of single pods');
      if (pods.sampleNumber === audit.sampleNumber || signals.nowMs < audit.fromMs) return;
      audit.sampleNumber = pods.sampleNumber;
      const peaks = state['peakMilliCpu'] as Float64Array | undefined;
      book(audit, signals, pods, peaks ?? leftBy(signals, sold));
    },
  };
}

function leftBy(signals: HostSignals, sold: Float64Array): Float64Array {
  return sold.map((milliCpu, host) => {
    const taken = Math.max(signals.reportedSystemMilliCpu[host], signals.reservedMilliCpu[host]);
    return signals.capacityMilliCpu[host] - taken - milliCpu;
  });
}

/** Books one sample of every host that has pods: `peaks` is what was predicted. */
export function book(audit: SellingAudit, signals: HostSignals, pods: PodSignals, peaks: Float64Array): void {
  const { future } = pods;
  if (future === undefined) fail('the audit needs the future of every pod');
  const promised = new Float64Array(signals.count);
  for (let row = 0; row < pods.count; row++)
    if (pods.host[row] >= 0) promised[pods.host[row]] += pods.requestMilliCpu[row];
  const oracle = new Float64Array(signals.count);
  const history = {
    ...createMachineHistory(signals.count, 0, 1),
    taskHost: pods.host,
    taskLimitMilliCpu: pods.requestMilliCpu,
    future: { horizonSamples: future.horizonSamples, usageMilliCpu: future.usedMilliCpu },
  };
  peakOracle.predict(signals.count, history, { horizonSamples: future.horizonSamples }, oracle);
  for (let host = 0; host < signals.count; host++) {
    const truth = oracle[host];
    if (signals.up[host] === 0 || promised[host] === 0 || truth === 0) continue;
    const peak = peaks[host];
    audit.samples++;
    if (peak < truth) {
      audit.violated++;
      audit.severity += (truth - peak) / truth;
    } else audit.excess += (peak - truth) / truth;
    audit.savings += (promised[host] - peak) / promised[host];
  }
}
