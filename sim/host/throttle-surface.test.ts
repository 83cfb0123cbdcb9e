/** The surface that runs read against the exact share, and laws of the exact one. */
import { describe, expect, test } from 'vitest';
import { createThrottleSurface, quietUse, type ThrottledService, throttle } from './throttle-surface.ts';
import { createThrottleTable } from './throttling.ts';
import { kappaPlace, violationsAt } from './violation-lookup.ts';

const table = createThrottleTable();
/** An rpc service: 5 ms of CPU, target 25 ms behind a mean answer of 10. */
const RPC: ThrottledService = { workMs: 5, scv: 0.6, rateCv: 0.4, slackMs: 15, cpuMs: 5 };

function lateAt(service: ThrottledService, use: number, quotaCpus: number, kappa: number, burst = 0): number {
  const pod = { fraction: 0, late: 0 };
  throttle(table, service, use, quotaCpus, burst, kappa, pod);
  return pod.late;
}

/** One pod read as a batch of one. */
function read(surface: Float32Array, load: number, place: number): number {
  const out = new Float64Array(1);
  violationsAt(surface, surface, Float64Array.of(load), Float64Array.of(place), null, 1, out);
  return out[0];
}

describe('requests late for a limit', () => {
  test('a surface is within 15 % of the exact share where that is above 1 in 10,000', () => {
    for (const [service, quota] of [
      [RPC, 4],
      [{ ...RPC, workMs: 0.1, slackMs: 1, cpuMs: 0.1, rateCv: 0.87 }, 2],
      [{ ...RPC, workMs: 32, slackMs: 60, cpuMs: 32 }, 8],
    ] as const) {
      const surface = createThrottleSurface(table, service, quota);
      for (let n = 0; n < 2000; n++) {
        const use = 0.05 + 0.93 * ((n * 0.618034) % 1);
        const kappa = 1 + 1.5 * ((n * 0.7548777) % 1);
        const exact = lateAt(service, use, quota, kappa);
        if (exact < 1e-4) continue;
        expect(Math.abs(Math.log(read(surface, use, kappaPlace(kappa)) / exact)), `${use} ${kappa}`).toBeLessThan(0.15);
      }
    }
  });

  test('more use, more slowdown and a tighter target never make fewer requests late; burst never more', () => {
    for (let n = 0; n < 500; n++) {
      const use = 0.1 + 0.8 * ((n * 0.618034) % 1);
      const kappa = 1 + ((n * 0.7548777) % 1);
      const late = lateAt(RPC, use, 4, kappa);
      expect(lateAt(RPC, use + 0.05, 4, kappa)).toBeGreaterThanOrEqual(late * (1 - 1e-9));
      expect(lateAt({ ...RPC, slackMs: 5 }, use, 4, kappa)).toBeGreaterThanOrEqual(late);
      expect(lateAt(RPC, use, 4, kappa, 1)).toBeLessThanOrEqual(late);
      expect(late).toBeGreaterThanOrEqual(0);
      expect(late).toBeLessThanOrEqual(1);
    }
  });

  test('the quiet use is the last of 256 steps with less than the share late', () => {
    const quiet = quietUse(table, RPC, 4, 2, 1e-5);
    expect(lateAt(RPC, quiet, 4, 2)).toBeLessThan(1e-5);
    expect(lateAt(RPC, quiet + 1 / 256, 4, 2)).toBeGreaterThanOrEqual(1e-5);
    expect(quietUse(table, { ...RPC, rateCv: 0.01, workMs: 0.001 }, 4, 1, 1e-5)).toBeGreaterThan(0.9);
  });
});
