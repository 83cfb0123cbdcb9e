/**
 * Mesos' load QoS controller as a policy: above the threshold every task with revocable CPU is killed, in every round.
 *
 *   5-minute load = average CPUs in use over the node report; killed while load > threshold x CPUs of the host
 *
 * There is no hysteresis: the average falls slowly, so what is launched meanwhile is killed in the next round. Upstream gives the
 * threshold as a number of CPUs a host; a share of the host is the same for hosts of one size.
 * Source: Mesos src/slave/qos_controllers/load.cpp.
 */
import { ConfigError } from '../base/assert.ts';
import { completeConfig } from '../base/policy-config.ts';
import {
  DECISION,
  type Decisions,
  decide,
  EVICT_REASON,
  type HostSignals,
  type Policy,
  type PolicyConfig,
} from '../ports.ts';
import { isOverloaded } from './qos-controller.ts';
import { isHeard } from './slack-of-hosts.ts';

const DEFAULTS = { load5ThresholdPercent: 80 } as const;

function configure(config: PolicyConfig): PolicyConfig {
  const full = completeConfig('load-qos', DEFAULTS, config);
  const percent = full['load5ThresholdPercent'] as number;
  if (!(percent > 0)) throw new ConfigError(`load-qos: load5ThresholdPercent is ${percent}; it must be above 0`);
  return full;
}

function decideKills(signals: HostSignals, config: PolicyConfig, _state: unknown, out: Decisions): void {
  const share = (config['load5ThresholdPercent'] as number) / 100;
  const rows = new Int32Array(signals.tasks.maxRowsPerHost);
  for (let host = 0; host < signals.count; host++) {
    if (!isHeard(signals, host)) continue;
    const load5 = share * signals.capacityMilliCpu[host];
    if (!isOverloaded(signals.reportedNodeMilliCpu[host], 0, { load5, load15: null })) continue;
    const count = signals.tasks.rowsOnHost(host, rows);
    for (let i = 0; i < count; i++) decide(out, DECISION.evict, host, rows[i], EVICT_REASON.cpu, 0);
  }
}

export const loadQos: Policy = {
  name: 'load-qos',
  about:
    'kills all revocable tasks of a host whose five-minute load is above the threshold (Mesos load QoS controller)',
  moment: 'report',
  periodMs: 15_000,
  defaults: DEFAULTS,
  configure,
  createState: () => ({}),
  decide: decideKills,
};
