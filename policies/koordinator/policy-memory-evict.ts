/**
 * The memory-evict policy as it runs on the node: above the memory water-line it kills best-effort pods until use is down to the
 * lower line. Source: koordlet qosmanager, memoryevict (BEMemoryEvict).
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
  type PolicyState,
} from '../ports.ts';
import { usedLinesValid, usedPercentReleaseOf } from './used-evict.ts';
import { BE_MEMORY_ORDER, sortVictims } from './victim-columns.ts';

const DEFAULTS = {
  memoryEvictThresholdPercent: 70,
  memoryEvictLowerPercent: null,
  memoryEvictCoolingMs: 4_000,
  /** K11: percent of use are cut to whole ones. */
  evictIntegerPercent: true,
} as const;

/** Complete configuration; ConfigError when upstream would switch the loop off for bad lines. */
function configure(config: PolicyConfig): PolicyConfig {
  const full = completeConfig('memory-evict', DEFAULTS, config);
  const threshold = full['memoryEvictThresholdPercent'] as number;
  const lower = (full['memoryEvictLowerPercent'] as number | null) ?? Number.NaN;
  if (!usedLinesValid(threshold, lower))
    throw new ConfigError(
      `memoryEvictThresholdPercent ${threshold} with memoryEvictLowerPercent ${lower}: the lower line must be below the threshold`,
    );
  return full;
}

/** Per host: evict best-effort pods, lowest priority first, then largest use, until their memory covers the release. */
function decideEvict(signals: HostSignals, config: PolicyConfig, state: PolicyState, out: Decisions): void {
  const threshold = config['memoryEvictThresholdPercent'] as number;
  const lower = (config['memoryEvictLowerPercent'] as number | null) ?? Number.NaN;
  const coolingMs = config['memoryEvictCoolingMs'] as number;
  const isInteger = config['evictIntegerPercent'] as boolean;
  const lastAtMs = state['lastAtMs'] as Float64Array;
  const rows = state['rows'] as Int32Array;
  const { tasks } = signals;
  for (let host = 0; host < signals.count; host++) {
    if (signals.up[host] === 0) continue;
    const release = usedPercentReleaseOf(
      signals.lastNodeMemBytes[host],
      signals.capacityMemBytes[host],
      threshold,
      lower,
      isInteger,
    );
    if (release <= 0 || signals.nowMs - lastAtMs[host] < coolingMs) continue;
    const count = tasks.rowsOnHost(host, rows);
    if (count === 0) continue;
    sortVictims(
      rows,
      count,
      BE_MEMORY_ORDER,
      tasks.priority,
      tasks.usedMilliCpu,
      tasks.requestMilliCpu,
      tasks.usedMemBytes,
    );
    let released = 0;
    for (let i = 0; i < count && released < release; i++) {
      decide(out, DECISION.evict, host, rows[i], EVICT_REASON.memory, 0);
      released += Math.trunc(tasks.usedMemBytes[rows[i]]);
    }
    lastAtMs[host] = signals.nowMs;
  }
}

export const memoryEvict: Policy = {
  name: 'memory-evict',
  about: 'kills best effort when node memory passes the evict water-line (koordlet BEMemoryEvict, every second)',
  moment: 'node-loop',
  periodMs: 1_000,
  defaults: DEFAULTS,
  configure,
  createState: (hostCount) => ({
    lastAtMs: new Float64Array(hostCount).fill(Number.NEGATIVE_INFINITY),
    rows: new Int32Array(4096),
  }),
  decide: decideEvict,
};
