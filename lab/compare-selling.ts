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

/** A way of selling: a policy of the registry, and into how many tiers the work is spread for it. */
export interface Seller {
  readonly name: string;
  readonly policy: string;
  /** n-fold: tiers that share the CPU, online counted. */
  readonly tiers?: 2 | 3 | 4;
}

/** One way of selling on one plan under one seed. */
export interface SellerRun {
  readonly name: string;
  /** CPU sold (of all tiers, so the same CPU may count several times) and CPU used by best effort, over the capacity of the cluster. */
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
  /** Service-hours that missed their objective. */
  readonly violationPercent: number;
  readonly digest: string;
}

export type RunSellerOptions = Pick<RunOptions, 'replayed'>;

/** `n-sigma`, or `n-fold:3` for three tiers. Throws ConfigError for a name that sells nothing. */
export function sellerOf(name: string): Seller {
  const [policy, tiers] = name.split(':');
  if (!sellsBatch(POLICIES[policy])) {
    const sellers = Object.values(POLICIES).filter(sellsBatch);
    throw new ConfigError(`"${name}" sells nothing; known: ${sellers.map(({ name }) => name).join(', ')}`);
  }
  if (tiers === undefined) return { name, policy };
  if (policy !== 'n-fold' || !['2', '3', '4'].includes(tiers))
    throw new ConfigError(`"${name}": only n-fold takes a number of tiers, 2, 3 or 4, as in n-fold:3`);
  return { name, policy, tiers: Number(tiers) as 2 | 3 | 4 };
}

/** Tiers below online, and the priority with which work is offered to them where a plan's own is not of the class. */
const OFFERED: Readonly<Record<2 | 3 | 4, readonly (readonly [tier: string, priority: number | null])[]>> = {
  2: [['batch', null]],
  3: [
    ['batch', null],
    ['mid', 7_500],
  ],
  4: [
    ['batch', null],
    ['mid', 7_500],
    ['free', 3_500],
  ],
};

/**
 * The plan with its own seller replaced. Where more tiers are sold every population is offered to all of them in equal parts: as much work
 * as before, drawn anew for each part.
 */
export function planFor(plan: Plan, seller: Seller): Plan {
  const others = plan.policies.filter((entry) => !sellsBatch(POLICIES[entry.name]));
  const own = plan.policies.find((entry) => entry.name === seller.policy)?.config ?? {};
  const config = seller.tiers === undefined ? own : { ...own, tiers: seller.tiers };
  const policies = [...others, { name: seller.policy, config }];
  if (seller.tiers === undefined || seller.tiers === 2) return { ...plan, policies };
  if (plan.bestEffort.trace !== undefined)
    throw new ConfigError(`${seller.name} spreads drawn work over tiers; bestEffort.trace replays the tasks of one`);
  const offered = OFFERED[seller.tiers];
  const populations = plan.bestEffort.populations.flatMap((population) =>
    offered.map(([tier, priority]) => ({
      ...population,
      name: priority === null ? population.name : `${population.name}-${tier}`,
      priority: priority ?? population.priority,
      taskShare: population.taskShare / offered.length,
    })),
  );
  return { ...plan, policies, bestEffort: { ...plan.bestEffort, populations } };
}

/** Runs `plan` with one seller in place of the plan's own. */
export function runSeller(plan: Plan, seller: Seller, options: RunSellerOptions = {}): SellerRun {
  const audit = createAudit(plan.warmUpMs);
  const policy = POLICIES[seller.policy];
  const results = runPlan(planFor(plan, seller), {
    ...options,
    identity: { planHash: '', tidemarkVersion: '', nodeVersion: '' },
    extraPolicies: { [seller.policy]: watched(policy, audit) },
  });
  if (results === null) return fail('a run that nobody stops reaches its horizon');
  const { summary } = results;
  const percent = (sum: number) => (audit.samples > 0 ? (sum / audit.samples) * 100 : 0);
  const soldBesidePercent = audit.reports > 0 ? (audit.soldBeside / audit.reports) * 100 : 0;
  return {
    name: seller.name,
    soldPercent: summary.batchSoldMeanPercent + soldBesidePercent,
    usedPercent: summary.bestEffortUtilisationMeanPercent,
    lateRequestPercent: summary.lateRequestPercent,
    lateRequestFromColocationPercent: summary.lateRequestFromColocationPercent,
    violatedPercent: percent(audit.violated),
    severityPercent: percent(audit.severity),
    savingsPercent: percent(audit.savings),
    excessPercent: percent(audit.excess),
    suppressedPercent: summary.suppressedPercentOfDemand,
    doneCoreHours: summary.doneCoreHours,
    violationPercent: summary.violationServiceHourPercent,
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
  /** Reports after the warm-up, and the sum over them of what mid and free were sold over the capacity. */
  reports: number;
  soldBeside: number;
}

/** An audit that begins at `fromMs`. */
export function createAudit(fromMs: number): SellingAudit {
  return {
    fromMs,
    samples: 0,
    violated: 0,
    severity: 0,
    savings: 0,
    excess: 0,
    sampleNumber: 0,
    reports: 0,
    soldBeside: 0,
  };
}

/** The same policy with somebody looking over its shoulder: its decisions stay as they are. */
function watched(policy: Policy, audit: SellingAudit): Policy {
  let sold = new Float64Array(0);
  let beside: readonly Float64Array[] = [];
  return {
    ...policy,
    needs: ['pod-samples', 'pod-future'],
    decide(signals, config, state, out) {
      const first = out.count;
      policy.decide(signals, config, state, out);
      if (sold.length === 0) {
        sold = new Float64Array(signals.count);
        beside = [new Float64Array(signals.count), new Float64Array(signals.count)];
      }
      for (let i = first; i < out.count; i++) {
        const kind = out.kind[i];
        if (kind === DECISION.publishBatch) sold[out.host[i]] = out.a[i];
        else if (kind === DECISION.publishMid) beside[0][out.host[i]] = out.a[i];
        else if (kind === DECISION.publishFree) beside[1][out.host[i]] = out.a[i];
      }
      if (signals.nowMs >= audit.fromMs) bookBeside(audit, signals, beside);
      const { pods } = signals;
      if (pods === undefined) fail('the audit needs samples of single pods');
      if (pods.sampleNumber === audit.sampleNumber || signals.nowMs < audit.fromMs) return;
      audit.sampleNumber = pods.sampleNumber;
      const peaks = state['peakMilliCpu'] as Float64Array | undefined;
      book(audit, signals, pods, peaks ?? leftBy(signals, sold));
    },
  };
}

/** Books one report: what tiers beside batch are sold, over the capacity. */
function bookBeside(audit: SellingAudit, signals: HostSignals, beside: readonly Float64Array[]): void {
  let capacity = 0;
  let sum = 0;
  for (let host = 0; host < signals.count; host++) {
    if (signals.up[host] === 0) continue;
    capacity += signals.capacityMilliCpu[host];
    sum += beside[0][host] + beside[1][host];
  }
  audit.reports++;
  if (capacity > 0) audit.soldBeside += sum / capacity;
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
