/**
 * Serenity's usage-based estimator as a policy that sells: what services leave of their requests becomes revocable CPU.
 *
 *   total revocable = slack + revocable already held,  at least 0
 *
 * The agent looks at its own newest samples: an average would not show what was launched meanwhile, and the same slack would be sold
 * again. Each host counts as two executors: its services, and its best effort. The agent reports every 15 s upstream; here with each node
 * report. Memory is never revocable in Mesos, so memory is published as it is: what the agent has, kept apart by the allocator.
 * Source: Mesos src/slave/slave.cpp, forwardOversubscribed; mesosphere/serenity, estimator pipeline.
 */
import { completeConfig } from '../base/policy-config.ts';
import { DECISION, type Decisions, decide, type HostSignals, type Policy, type PolicyConfig } from '../ports.ts';
import { DEFAULT_SLACK_RULES, estimateSlackMilliCpu } from './serenity-estimator.ts';

const DEFAULTS = {
  utilizationThreshold: DEFAULT_SLACK_RULES.utilizationThreshold,
  capFraction: DEFAULT_SLACK_RULES.capFraction,
} as const;

const IS_BEST_EFFORT = [0, 1];

function configure(config: PolicyConfig): PolicyConfig {
  return completeConfig('slack-estimator', DEFAULTS, config);
}

function decideSlack(signals: HostSignals, config: PolicyConfig, _state: unknown, out: Decisions): void {
  const rules = {
    ...DEFAULT_SLACK_RULES,
    utilizationThreshold: config['utilizationThreshold'] as number,
    capFraction: config['capFraction'] as number,
  };
  const limitMilliCpu = [0, 0];
  const usedMilliCpu = [0, 0];
  // Executors younger than 300 s have no say upstream; a host's services are taken as settled.
  const startedAtMs = [-Infinity, -Infinity];
  const columns = { limitMilliCpu, usedMilliCpu, startedAtMs, isBestEffort: IS_BEST_EFFORT };
  for (let host = 0; host < signals.count; host++) {
    if (signals.up[host] === 0 || signals.sampledAtMs[host] < 0) continue;
    limitMilliCpu[0] = signals.hpRequestMilliCpu[host];
    usedMilliCpu[0] = signals.lastNonBeMilliCpu[host];
    limitMilliCpu[1] = signals.beRequestMilliCpu[host];
    usedMilliCpu[1] = signals.lastBeMilliCpu[host];
    const total = signals.capacityMilliCpu[host];
    const slack = estimateSlackMilliCpu(columns, 2, total, signals.nowMs, true, rules);
    if (slack === null) continue;
    const sold = Math.max(0, Math.floor(slack + signals.beRequestMilliCpu[host]));
    if (sold === signals.publishedBatchMilliCpu[host]) continue;
    const memBytes = signals.capacityMemBytes[host] - signals.reservedMemBytes[host];
    decide(out, DECISION.publishBatch, host, -1, sold, memBytes);
  }
}

export const slackEstimator: Policy = {
  name: 'slack-estimator',
  about: 'Mesos, Serenity: sells as revocable CPU what services leave unused of their requests.',
  moment: 'report',
  periodMs: 15_000,
  sells: ['batch'],
  defaults: DEFAULTS,
  configure,
  createState: () => ({}),
  decide: decideSlack,
};
