import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addAssignedDeltas, addProdUsed, NOT_REPORTED } from './load-aware-columns.ts';
import { type AssignedPod, sumAssignedPods } from './load-aware-estimate.ts';

test('columns add per host what sumAssignedPods says pod by pod, for any mix of pods on three hosts', () => {
  const anyPod = fc.record({
    host: fc.integer({ min: -1, max: 2 }),
    estimate: fc.integer({ min: 0, max: 4000 }),
    usage: fc.option(fc.integer({ min: 0, max: 4000 }), { nil: undefined }),
    isProd: fc.boolean(),
    reportedAsProd: fc.boolean(),
    scheduledAtMs: fc.integer({ min: 0, max: 300 }).map((seconds) => seconds * 1000),
  });
  fc.assert(
    fc.property(fc.array(anyPod, { maxLength: 12 }), (pods) => {
      const reportedAtMs = Float64Array.of(100_000, 200_000, 300_000);
      const column = (of: (pod: (typeof pods)[number]) => number): Float64Array => Float64Array.from(pods, of);
      const host = Int32Array.from(pods, (pod) => pod.host);
      const estimate = column((pod) => pod.estimate);
      const usage = column((pod) => pod.usage ?? NOT_REPORTED);
      const scheduledAtMs = column((pod) => pod.scheduledAtMs);
      const isProd = Uint8Array.from(pods, (pod) => (pod.isProd ? 1 : 0));
      const asProd = Uint8Array.from(pods, (pod) => (pod.reportedAsProd ? 1 : 0));
      const delta = new Float64Array(3);
      const prod = new Float64Array(3);
      addAssignedDeltas(pods.length, host, estimate, usage, scheduledAtMs, reportedAtMs, 60_000, delta);
      addProdUsed(pods.length, host, isProd, asProd, estimate, usage, scheduledAtMs, reportedAtMs, 60_000, prod);
      for (let h = 0; h < 3; h++) {
        const onHost = pods
          .filter((pod) => pod.host === h)
          .map(
            (pod): AssignedPod => ({
              estimate: { milliCpu: pod.estimate, memBytes: 0 },
              isProd: pod.isProd,
              scheduledAtMs: pod.scheduledAtMs,
              ...(pod.usage === undefined
                ? {}
                : { reportedUsage: { milliCpu: pod.usage, memBytes: 0 }, reportedAsProd: pod.reportedAsProd }),
            }),
          );
        const sums = sumAssignedPods(onHost, reportedAtMs[h], 60_000);
        expect(delta[h]).toBe(sums.nodeDelta.milliCpu);
        expect(prod[h]).toBe(sums.prodUsage.milliCpu + sums.prodDelta.milliCpu);
      }
    }),
    { numRuns: 300, seed: 3 },
  );
});
