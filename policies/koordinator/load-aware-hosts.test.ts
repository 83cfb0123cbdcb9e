import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLoadAwareHosts, loadAwareKeepsOff, loadAwareScoreOf, REPORT } from './load-aware-hosts.ts';
import {
  DEFAULT_LOAD_AWARE_CONFIG,
  filterByLoad,
  type LoadAwareConfig,
  type NodeReport,
  scoreByLoad,
  type ThresholdProfile,
} from './load-aware-plugin.ts';
import { INTENDED_QUIRKS, PRODUCTION_QUIRKS } from './quirks.ts';

const percent = fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined });
const thresholds = fc.record({ cpu: percent, mem: percent }).map(({ cpu, mem }) => ({
  ...(cpu === undefined ? {} : { cpuPercent: cpu }),
  ...(mem === undefined ? {} : { memPercent: mem }),
}));
const type = fc.constantFrom('', 'avg', 'p95');
const durationMs = fc.constantFrom(0, 300_000, 600_000);
const profile: fc.Arbitrary<ThresholdProfile> = fc.record({
  usage: thresholds,
  prodUsage: thresholds,
  aggregated: fc.record({ type, durationMs, thresholds }),
});
const config: fc.Arbitrary<LoadAwareConfig> = fc
  .record({
    thresholds: profile,
    filterExpiredReports: fc.boolean(),
    scheduleOnExpiredReports: fc.boolean(),
    prodUsageIncludesSystem: fc.boolean(),
    scoreByProdUsage: fc.boolean(),
    scoreAggregation: fc.record({ type, durationMs }),
    quirks: fc.constantFrom(PRODUCTION_QUIRKS, INTENDED_QUIRKS),
    weights: fc.record({ cpuWeight: fc.nat(3), memWeight: fc.nat(3), dominantWeight: fc.nat(2) }),
  })
  .map((drawn) => ({ ...DEFAULT_LOAD_AWARE_CONFIG, ...drawn }));
const pair = fc.record({ milliCpu: fc.nat(12_000), memBytes: fc.nat(120) });
const ALLOCATABLE = { milliCpu: 10_000, memBytes: 100 };
const NOW = 1_000_000;

describe('LoadAware on columns against the plugin on objects', () => {
  test('the same refusal and the same score on 2,000 drawn hosts', () => {
    fc.assert(
      fc.property(
        config,
        fc.option(profile, { nil: undefined }),
        fc.record({ ageMs: fc.constantFrom(0, 179_999, 180_000), has: fc.boolean() }),
        fc.record({ node: pair, system: pair, prod: pair, delta: pair, prodDelta: pair, estimated: pair, pod: pair }),
        fc.array(fc.record({ type, durationMs: fc.constantFrom(300_000, 1_800_000), usage: pair }), { maxLength: 3 }),
        fc.boolean(),
        (drawn, own, { ageMs, has }, sums, windows, isProd) => {
          const report: NodeReport | undefined = has
            ? {
                reportedAtMs: NOW - ageMs,
                nodeUsage: sums.node,
                systemUsage: sums.system,
                aggregatedUsages: windows,
                assigned: {
                  nodeDelta: sums.delta,
                  nodeEstimated: sums.estimated,
                  prodUsage: sums.prod,
                  prodDelta: sums.prodDelta,
                },
              }
            : undefined;
          const load = createLoadAwareHosts(1, drawn, [own]);
          load.report[0] = !has ? REPORT.none : ageMs >= 180_000 ? REPORT.expired : REPORT.fresh;
          for (const [name, of] of [
            ['node', sums.node],
            ['system', sums.system],
            ['prod', sums.prod],
            ['delta', sums.delta],
            ['prodDelta', sums.prodDelta],
            ['estimated', sums.estimated],
          ] as const) {
            load[`${name}MilliCpu`][0] = of.milliCpu;
            load[`${name}MemBytes`][0] = of.memBytes;
          }
          load.choices.forEach((choice, at) => {
            // The longest window without a duration, the last of equal ones with it: as a report that lists each window once.
            const fitting = windows.filter((w) => w.type === choice.type);
            const longest = fitting.reduce((best, w) => (w.durationMs > best ? w.durationMs : best), 0);
            const wanted = choice.durationMs === 0 ? longest : choice.durationMs;
            const found = fitting.filter((w) => w.durationMs === wanted);
            const one = choice.durationMs === 0 ? found[0] : found[found.length - 1];
            load.aggregatedMilliCpu[at] = one?.usage.milliCpu ?? Number.NaN;
            load.aggregatedMemBytes[at] = one?.usage.memBytes ?? Number.NaN;
          });
          const pod = { isProd, isDaemonSet: false, estimate: sums.pod };
          const { pod: e } = sums;
          const { milliCpu, memBytes } = ALLOCATABLE;
          expect(loadAwareKeepsOff(load, 0, 0, isProd, e.milliCpu, e.memBytes, milliCpu, memBytes)).toBe(
            !filterByLoad(ALLOCATABLE, own, report, pod, drawn, NOW).schedulable,
          );
          expect(loadAwareScoreOf(load, 0, isProd, e.milliCpu, e.memBytes, milliCpu, memBytes)).toBe(
            scoreByLoad(ALLOCATABLE, report, pod, drawn, NOW),
          );
        },
      ),
      { numRuns: 2_000, seed: 1 },
    );
  });
});
