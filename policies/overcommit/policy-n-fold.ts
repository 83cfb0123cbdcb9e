/**
 * The same CPU sold two, three or four times: to batch, to mid and batch, or to mid, batch and free, each tier below its own line.
 *
 *   P(online) = max predictor ; peak of a sold tier = what its tasks were promised (their requests)
 *   sold[tier] = max(0, capacity x line[tier] - max(system, reserved) - sum of the peaks of the tiers above)
 *
 * Memory cannot be taken back in time, so it is sold once: each tier gets the batch formula's amount minus what the tiers above it
 * hold. A lower tier never sees its own requests, so raising its line sells more of what is idle, not of what it holds itself.
 */
import { ConfigError } from '../base/assert.ts';
import { completeConfig } from '../base/policy-config.ts';
import { memoryPolicyCode } from '../koordinator/batch-formula.ts';
import { batchMemBytesOf } from '../koordinator/batch-from-signals.ts';
import { resourceChanged } from '../koordinator/write-gate.ts';
import { DECISION, type Decisions, decide, type HostSignals, type Policy, type PolicyConfig } from '../ports.ts';
import { maxPredictor } from './max-predictor.ts';
import { predictPeaks, SELLING_DEFAULTS, type SellingState } from './policy.ts';
import { sellTiers } from './tiers.ts';

/** Below online, highest first: who is served for each number of tiers. */
const SOLD_BY_FOLD: Readonly<Record<number, readonly ('mid' | 'batch' | 'free')[]>> = {
  2: ['batch'],
  3: ['mid', 'batch'],
  4: ['mid', 'batch', 'free'],
};

const PUBLISH = { mid: DECISION.publishMid, batch: DECISION.publishBatch, free: DECISION.publishFree } as const;

const DEFAULTS = {
  ...SELLING_DEFAULTS,
  ...maxPredictor.defaults,
  /** Tiers that share the CPU, online counted. */
  tiers: 3,
  midLinePercent: 100,
  batchLinePercent: 100,
  freeLinePercent: 100,
} as const;

/** Complete configuration; ConfigError for a number of tiers that does not exist. */
function configure(config: PolicyConfig): PolicyConfig {
  const full: PolicyConfig = completeConfig('n-fold', DEFAULTS, config);
  const tiers = full['tiers'] as number;
  if (SOLD_BY_FOLD[tiers] === undefined) throw new ConfigError(`n-fold: tiers is ${tiers}; known: 2, 3, 4`);
  for (const name of ['midLinePercent', 'batchLinePercent', 'freeLinePercent']) {
    const value = full[name] as number;
    if (!(value >= 0)) throw new ConfigError(`n-fold: ${name} is ${value}; it is a percentage of 0 or more`);
  }
  return full;
}

interface FoldState extends SellingState {
  /** Sold last and when, one column a tier; -1 = never. */
  readonly soldMilliCpu: readonly Float64Array[];
  readonly soldMemBytes: readonly Float64Array[];
  readonly soldAtMs: readonly Float64Array[];
}

function decideFold(signals: HostSignals, config: PolicyConfig, state: FoldState, out: Decisions): void {
  predictPeaks(maxPredictor, signals, config, state);
  const sold = SOLD_BY_FOLD[config['tiers'] as number];
  const { count, capacityMilliCpu } = signals;
  // What the machine needs for itself stands above every tier.
  const above = state.peakMilliCpu.map(
    (peak, host) => Math.ceil(peak) + Math.max(signals.reportedSystemMilliCpu[host], signals.reservedMilliCpu[host]),
  );
  const peaks = [above, signals.midRequestMilliCpu, signals.beRequestMilliCpu];
  const holders = [signals.midRequestMemBytes, signals.beRequestMemBytes];
  if (sold.length === 1) peaks.splice(1, 1);
  if (sold.length === 1) holders.splice(0, 1);
  const lines = sold.map((tier) => config[`${tier}LinePercent`] as number);
  const room = [0, ...lines].map(() => new Float64Array(count));
  sellTiers(count, capacityMilliCpu, [100, ...lines], peaks, room);
  for (let host = 0; host < count; host++) {
    if (signals.up[host] === 0 || signals.sampledAtMs[host] < 0) continue;
    const isFresh = signals.nowMs <= signals.sampledAtMs[host] + (config['degradeMs'] as number);
    let mem = isFresh ? memoryLeft(signals, host, config) : 0;
    for (let tier = 0; tier < sold.length; tier++) {
      publishTier(state, config, signals.nowMs, host, tier, sold[tier], isFresh ? room[tier + 1][host] : 0, mem, out);
      mem = Math.max(0, mem - holders[tier]?.[host]);
    }
  }
}

/** What the batch formula leaves beside services: it counts what mid tasks use, which is sold again here. */
function memoryLeft(signals: HostSignals, host: number, config: PolicyConfig): number {
  const policy = memoryPolicyCode(config['memoryCalculatePolicy'] as string);
  return batchMemBytesOf(signals, host, config['memoryReclaimThresholdPercent'] as number, policy, Number.NaN);
}

function publishTier(
  state: FoldState,
  config: PolicyConfig,
  nowMs: number,
  host: number,
  tier: number,
  name: 'mid' | 'batch' | 'free',
  milliCpu: number,
  memBytes: number,
  out: Decisions,
): void {
  const diff = config['resourceDiffThreshold'] as number;
  const soldAtMs = state.soldAtMs[tier];
  const isWritten =
    soldAtMs[host] < 0 ||
    nowMs > soldAtMs[host] + (config['updateTimeThresholdMs'] as number) ||
    resourceChanged(state.soldMilliCpu[tier][host], milliCpu, diff) ||
    resourceChanged(state.soldMemBytes[tier][host], memBytes, diff);
  if (!isWritten) return;
  soldAtMs[host] = nowMs;
  state.soldMilliCpu[tier][host] = milliCpu;
  state.soldMemBytes[tier][host] = memBytes;
  decide(out, PUBLISH[name], host, -1, milliCpu, memBytes);
}

const columns = (hostCount: number, value: number) => [0, 1, 2].map(() => new Float64Array(hostCount).fill(value));

export const nFold: Policy = {
  name: 'n-fold',
  about:
    'sells the same CPU to two, three or four tiers, each below its own line (batch; mid, batch; mid, batch, free)',
  moment: 'report',
  periodMs: 60_000,
  needs: ['pod-samples'],
  sells: ['batch', 'mid', 'free'],
  defaults: DEFAULTS,
  configure,
  createState: (hostCount): FoldState => ({
    peakMilliCpu: new Float64Array(hostCount),
    history: null,
    startedAtMs: new Float64Array(0),
    sampleNumber: 0,
    dayPart: -1,
    soldMilliCpu: columns(hostCount, 0),
    soldMemBytes: columns(hostCount, 0),
    soldAtMs: columns(hostCount, -1),
  }),
  decide: (signals, config, state, out) => decideFold(signals, config, state as FoldState, out),
};
