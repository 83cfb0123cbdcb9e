/**
 * Serenity's usage-based estimator as a policy that sells: what services leave of their requests becomes revocable CPU.
 *
 *   total revocable = max(already held, slack of the services)
 *
 * What is held already is part of the slack, so the same idle CPU is not sold twice, and a falling slack takes nothing back. The agent
 * reports every 15 s upstream; here with each node report.
 * Source: Mesos src/slave/slave.cpp, forwardOversubscribed; mesosphere/serenity, estimator pipeline and
 * mesos_modules/resource_estimator/serenity_estimator.cpp.
 */
import { completeConfig } from '../base/policy-config.ts';
import type { Decisions, HostSignals, Policy, PolicyConfig } from '../ports.ts';
import { DEFAULT_SLACK_RULES } from './serenity-estimator.ts';
import { checkShares, createHostExecutors, isHeard, revocableOfHost, sellRevocable } from './slack-of-hosts.ts';

const DEFAULTS = {
  utilizationThreshold: DEFAULT_SLACK_RULES.utilizationThreshold,
  capFraction: DEFAULT_SLACK_RULES.capFraction,
} as const;

function configure(config: PolicyConfig): PolicyConfig {
  const full = completeConfig('slack-estimator', DEFAULTS, config);
  checkShares('slack-estimator', full, Object.keys(DEFAULTS));
  return full;
}

function decideSlack(signals: HostSignals, config: PolicyConfig, _state: unknown, out: Decisions): void {
  const rules = {
    ...DEFAULT_SLACK_RULES,
    utilizationThreshold: config['utilizationThreshold'] as number,
    capFraction: config['capFraction'] as number,
  };
  const executors = createHostExecutors();
  for (let host = 0; host < signals.count; host++)
    if (isHeard(signals, host))
      sellRevocable(signals, host, revocableOfHost(signals, host, true, rules, executors), out);
}

export const slackEstimator: Policy = {
  name: 'slack-estimator',
  about: 'sells as revocable CPU what services leave unused of their requests (Serenity on Mesos)',
  moment: 'report',
  periodMs: 15_000,
  sells: ['batch'],
  defaults: DEFAULTS,
  configure,
  createState: () => ({}),
  decide: decideSlack,
};
