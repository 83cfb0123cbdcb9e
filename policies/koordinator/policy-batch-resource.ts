/**
 * The batch-resource policy as it runs on the manager: with each node report it works out what the node may sell to best effort and
 * publishes it when the write gate says so.
 *
 * Source: koordinator slo-controller noderesource, batchresource plugin and its write gate.
 */
import { ConfigError } from '../base/assert.ts';
import { completeConfig } from '../base/policy-config.ts';
import { DECISION, type Decisions, decide, type HostSignals, type Policy, type PolicyConfig } from '../ports.ts';
import { cpuPolicyCode, memoryPolicyCode } from './batch-formula.ts';
import { batchMemBytesOf, batchMilliCpuOf, isBatchWritten } from './batch-from-signals.ts';

const DEFAULTS = {
  cpuReclaimThresholdPercent: 60,
  memoryReclaimThresholdPercent: 65,
  cpuCalculatePolicy: 'usage',
  memoryCalculatePolicy: 'usage',
  batchCpuThresholdPercent: null,
  batchMemoryThresholdPercent: null,
  updateTimeThresholdMs: 300_000,
  resourceDiffThreshold: 0.1,
  degradeMs: 900_000,
} as const;

/** Complete configuration with production defaults; ConfigError for a threshold upstream would refuse. */
function configure(config: PolicyConfig): PolicyConfig {
  const full = completeConfig('batch-resource', DEFAULTS, config);
  for (const name of ['cpuReclaimThresholdPercent', 'memoryReclaimThresholdPercent'] as const) {
    const value = full[name] as number;
    if (!(value >= 0)) throw new ConfigError(`${name} is ${value}; it is a percentage of 0 or more`);
  }
  return full;
}

/**
 * Publishes batch-cpu and batch-memory per host.
 *
 *   never published, or published longer than updateTimeThresholdMs ago, or |new - old| > old x resourceDiffThreshold -> write
 *
 * A host whose report is older than degradeMs gets 0 (upstream removes the resources).
 */
function decideBatch(signals: HostSignals, config: PolicyConfig, _state: unknown, out: Decisions): void {
  const cpuPercent = config['cpuReclaimThresholdPercent'] as number;
  const memPercent = config['memoryReclaimThresholdPercent'] as number;
  const cpuPolicy = cpuPolicyCode(config['cpuCalculatePolicy'] as string);
  const memPolicy = memoryPolicyCode(config['memoryCalculatePolicy'] as string);
  const cpuCap = (config['batchCpuThresholdPercent'] as number | null) ?? Number.NaN;
  const memCap = (config['batchMemoryThresholdPercent'] as number | null) ?? Number.NaN;
  const updateAfterMs = config['updateTimeThresholdMs'] as number;
  const diffThreshold = config['resourceDiffThreshold'] as number;
  const degradeMs = config['degradeMs'] as number;
  for (let host = 0; host < signals.count; host++) {
    if (signals.up[host] === 0) continue;
    const sampledAtMs = signals.sampledAtMs[host];
    if (sampledAtMs < 0) continue;
    let cpu = 0;
    let mem = 0;
    if (signals.nowMs <= sampledAtMs + degradeMs) {
      cpu = batchMilliCpuOf(signals, host, cpuPercent, cpuPolicy, cpuCap);
      mem = batchMemBytesOf(signals, host, memPercent, memPolicy, memCap);
    }
    if (isBatchWritten(signals, host, cpu, mem, updateAfterMs, diffThreshold))
      decide(out, DECISION.publishBatch, host, -1, cpu, mem);
  }
}

export const batchResource: Policy = {
  name: 'batch-resource',
  about:
    'sells what prod and mid pods leave unused below the reclaim water-line (Koordinator batch-cpu and batch-memory)',
  moment: 'report',
  periodMs: 60_000,
  sells: ['batch'],
  defaults: DEFAULTS,
  configure,
  createState: () => ({}),
  decide: decideBatch,
};
