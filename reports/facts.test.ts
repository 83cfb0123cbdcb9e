import { describe, expect, test } from 'vitest';
import { threeWindowResults } from '../sim/results/testing/three-windows.ts';
import { factsOf } from './facts.ts';

const facts = factsOf(threeWindowResults());

describe('facts of three windows, the first of them warm-up', () => {
  test('the shape big used 40 % and 30 % online, 10 % and 20 % best effort: 35 and 15 on average, both hours at 50', () => {
    const [big, small] = facts.shapes;
    expect(big.shape).toBe('big');
    expect(big.onlinePercent).toBeCloseTo(35, 10);
    expect(big.bestEffortPercent).toBeCloseTo(15, 10);
    expect(big.peakHourPercent).toBeCloseTo(50, 10);
    expect(big.strandedCpuPercent).toBeCloseTo(10, 10);
    // small: 20 + 30 in hour 1, 10 + 30 in hour 2; 100 of 1000 MiB stranded
    expect(small.peakHourPercent).toBeCloseTo(50, 10);
    expect(small.onlinePercent).toBeCloseTo(15, 10);
    expect(small.strandedMemPercent).toBeCloseTo(10, 10);
  });

  test('from the busiest hour of 50 % and 8.33 % system there are 6.67 % to a squeeze line of 65 %; no line, no room', () => {
    // system: 1000 + 500 of 18000 milli-CPU
    const run = threeWindowResults();
    const plan = { ...(run.plan as object), koordinator: { cpuSuppressThresholdPercent: 65 } };
    expect(factsOf({ ...run, plan }).shapes[0].roomPercent).toBeCloseTo(65 - 100 / 12 - 50, 10);
    expect(facts.shapes[0].roomPercent).toBeNull();
  });

  test('web is worse (120 of 5000) than search (20 of 2000)', () => {
    expect(facts.worst.map(({ name }) => name)).toEqual(['web', 'search']);
    expect(facts.worst[0].latePercent).toBeCloseTo(2.4, 10);
  });

  test('the queue counts hours 1 and 2 only: 20 submitted, 4 evicted, 10 % wasted, 1 of 4 deadlines missed', () => {
    expect(facts.queues[0]).toMatchObject({
      population: 'transcode',
      submitted: 20,
      finished: 17,
      evicted: 4,
      wastedPercent: 10,
      deadlineMissPercent: 25,
      waitMsP95: 60_000,
    });
  });

  test('the share of service-hours is that of the summary: 1 of 3', () => {
    expect(facts.violation).toMatchObject({ violating: 1, serviceHours: 3 });
    expect(facts.violation.percent).toBeCloseTo(facts.results.summary.violationServiceHourPercent, 12);
  });
});
