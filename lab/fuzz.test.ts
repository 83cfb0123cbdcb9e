import { describe, expect, test } from 'vitest';
import type { Policy } from '../policies/ports.ts';
import { drawScenario } from './draw-scenario.ts';
import { fuzz } from './fuzz.ts';
import { moduleStateCanary, randomCanary } from './fuzz-canaries.ts';

const SEEDS = 200;

test(`${SEEDS} drawn scenarios keep every task, every capacity and their digest`, () => {
  const report = fuzz({ seeds: SEEDS, from: 0 });
  expect(report.failures).toEqual([]);
  expect(report.passed + report.refused).toBe(SEEDS);
  // A scenario that the generators refuse tests nothing: few may be.
  expect(report.refused).toBeLessThan(SEEDS / 10);
  expect(report.events).toBeGreaterThan(100_000);
}, 600_000);

describe('the suite catches what it is there to catch', () => {
  test.each([randomCanary, moduleStateCanary])('$name: $about', (canary: Policy) => {
    const report = fuzz({
      seeds: 40,
      from: 0,
      extraPolicies: { [canary.name]: canary },
      onSeed: (_seed, outcome) => outcome.kind !== 'failed',
    });
    expect(report.failures).toHaveLength(1);
    const [{ seed, message, command }] = report.failures;
    expect(message).toMatch(/the same plan run twice: digest|a run forked from its middle: digest/);
    expect(command).toBe(`tidemark fuzz --seeds 1 --from ${seed}`);
  });

  test('a policy that evicts a task from a host where it does not run', () => {
    const wrong: Policy = {
      ...randomCanary,
      name: 'canary-wrong-host',
      decide(signals, _config, _state, out) {
        if (signals.nowMs === 0) return;
        out.kind[0] = 2;
        out.host[0] = 0;
        out.task[0] = signals.tasks.priority.length - 1;
        out.count = 1;
      },
    };
    const report = fuzz({ seeds: 5, from: 0, extraPolicies: { [wrong.name]: wrong } });
    expect(report.failures.length).toBeGreaterThan(0);
    expect(report.failures[0].message).toContain('evicts task row');
  });
});

test('a seed gives the same plan twice, and another one than its neighbour', () => {
  expect(drawScenario(7)).toEqual(drawScenario(7));
  expect(drawScenario(7)).not.toEqual(drawScenario(8));
});

test('200 plans hold 5 to 40 hosts, hours rather than days, and windows from 1 s to 5 min', () => {
  const windows = new Set<number>();
  for (let seed = 0; seed < SEEDS; seed++) {
    const plan = drawScenario(seed);
    const hosts = plan.cluster.shapes.reduce((sum, shape) => sum + shape.count, 0);
    expect(hosts).toBeGreaterThanOrEqual(5);
    expect(hosts).toBeLessThanOrEqual(40);
    expect(plan.horizonMs).toBeLessThanOrEqual(6 * 3_600_000);
    expect(plan.horizonMs % plan.windowMs).toBe(0);
    windows.add(plan.windowMs);
  }
  expect([...windows].sort((a, b) => a - b)).toEqual([1_000, 10_000, 60_000, 300_000]);
});
