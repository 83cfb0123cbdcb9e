/** Agents that restart: which reports and which decisions are missed, by hand. */
import { describe, expect, test } from 'vitest';
import { resolve } from '../scenarios/resolve.ts';
import { scenarioSchema } from '../scenarios/schema.ts';
import { createAgentGaps, moveAgentsTo } from '../sim/engine/agent-gaps.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import { defaultParameters } from '../sim/host/parameters.ts';
import { digestText } from '../sim/kernel/digest.ts';
import { prepare } from './run-plan.ts';

const MINUTE = 60_000;

function planOf(agentRestarts: boolean) {
  return resolve(
    scenarioSchema.parse({
      name: 'agents',
      seed: 'agents',
      horizon: '6h',
      cluster: { hosts: { plain: { count: 60, cpu: '32 cores', memory: '128GiB' } } },
      online: {
        source: 'none',
        explicit: {
          web: {
            latencyClass: 'rpc',
            replicas: 600,
            cpuRequest: '2 cores',
            memRequest: '4GiB',
            meanUsagePercent: 90,
            peakToTrough: 3,
          },
        },
      },
      bestEffort: {
        tasksPerWeek: 200_000,
        offeredPercent: 60,
        populations: { work: { kind: 'analytics', taskShare: 1 } },
      },
      failures: { agentRestarts },
      physics: { parameters: { agentRestartDays: 7, agentGapSecondsLow: 20, agentGapSecondsHigh: 120 } },
    }),
  );
}

describe('an agent that is away from 90 s to 140 s', () => {
  test('misses the window of 120 s, not those of 60 and 180 s; the other host misses none', () => {
    const gaps = {
      firstOf: Int32Array.of(0, 1, 1),
      startMs: Float64Array.of(90_000),
      endMs: Float64Array.of(140_000),
      isAway: new Uint8Array(2),
    };
    const away = (nowMs: number) => {
      moveAgentsTo(gaps, nowMs);
      return [...gaps.isAway];
    };
    expect([60_000, 120_000, 140_000, 180_000].map(away)).toEqual([
      [0, 0],
      [1, 0],
      [0, 0],
      [0, 0],
    ]);
  });
});

test('2,000 hosts lose 2,000 x 7 / 7 agents a week', () => {
  const plan = { ...planOf(true), horizonMs: 7 * 24 * 60 * MINUTE };
  const gaps = createAgentGaps(plan, { ...defaultParameters(), agentRestartDays: 7 }, 2000);
  // Poisson of mean 2,000: within 4 standard deviations.
  expect(Math.abs((gaps?.startMs.length ?? 0) - 2000)).toBeLessThan(180);
  expect(createAgentGaps(planOf(false), defaultParameters(), 2000)).toBeNull();
});

test('while an agent is away its last report and its limit stand; the run ends otherwise than one without restarts', () => {
  const plan = planOf(true);
  const { engine } = prepare(plan, {});
  const { agentGaps, telemetry, cluster } = engine;
  let missed = 0;
  for (let atMs = MINUTE; atMs <= plan.horizonMs; atMs += MINUTE) {
    const limits = cluster.hosts.beQuotaUs.slice();
    runUntil(engine, atMs + 1);
    agentGaps?.isAway.forEach((isAway, host) => {
      if (isAway === 0) return;
      missed++;
      expect(telemetry.signals.sampledAtMs[host]).toBeLessThan(atMs);
      expect(cluster.hosts.beQuotaUs[host]).toBe(limits[host]);
    });
  }
  checkEngine(engine);
  // 60 hosts x 0.25 / 7 gaps a host x 70 / 60 windows a gap = 2.5 on average; this seed has some.
  expect(missed).toBeGreaterThan(1);
  const calm = prepare(planOf(false), {}).engine;
  runUntil(calm, calm.plan.horizonMs);
  expect(digestText(engine.cluster.digest)).not.toBe(digestText(calm.cluster.digest));
});
