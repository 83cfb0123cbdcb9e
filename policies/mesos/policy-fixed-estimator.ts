/**
 * Mesos' fixed estimator as a policy that sells: every agent offers the same revocable CPU, whatever is used.
 *
 * The estimator leaves out what is allocated and the agent adds it again, so the total stands still. Without an estimator (the noop one
 * never answers) nothing is revocable. Source: Mesos src/slave/resource_estimators/fixed.cpp, noop.cpp.
 */
import { ConfigError } from '../base/assert.ts';
import { completeConfig } from '../base/policy-config.ts';
import type { Decisions, HostSignals, Policy, PolicyConfig } from '../ports.ts';
import { isHeard, sellRevocable } from './slack-of-hosts.ts';

const DEFAULTS = { cpus: 1 } as const;

function configure(config: PolicyConfig): PolicyConfig {
  const full = completeConfig('fixed-estimator', DEFAULTS, config);
  const cpus = full['cpus'] as number;
  if (!(cpus >= 0)) throw new ConfigError(`fixed-estimator: cpus is ${cpus}; it must be at least 0`);
  return full;
}

function decideFixed(signals: HostSignals, config: PolicyConfig, _state: unknown, out: Decisions): void {
  const milliCpu = Math.round((config['cpus'] as number) * 1000);
  for (let host = 0; host < signals.count; host++)
    if (isHeard(signals, host)) sellRevocable(signals, host, milliCpu, out);
}

export const fixedRevocable: Policy = {
  name: 'fixed-estimator',
  about: 'sells the same number of CPUs of every agent as revocable (Mesos fixed estimator)',
  moment: 'report',
  periodMs: 15_000,
  sells: ['batch'],
  defaults: DEFAULTS,
  configure,
  createState: () => ({}),
  decide: decideFixed,
};
