import { describe, expect, test } from 'vitest';
import type { Table } from '../sim/results/schema.ts';
import { violationShare, wilsonInterval } from './violation.ts';

/** Hours of services: each inner list holds the late requests of one service per hour, of 100 requests each. */
function serviceHours(lateByService: readonly (readonly number[])[]): Table<'serviceHours'> {
  const rows = lateByService.flatMap((late, service) => late.map((l, hour) => ({ service, hour, late: l })));
  const zeros = new Float64Array(rows.length);
  return {
    name: 'serviceHours',
    rows: rows.length,
    columns: {
      service: Int32Array.from(rows, (row) => row.service),
      hour: Int32Array.from(rows, (row) => row.hour),
      requests: zeros.map(() => 100),
      violatingRequests: Float64Array.from(rows, (row) => row.late),
      violatingRequestsAlone: zeros,
      violatingThrottled: zeros,
      violatingDeadHosts: zeros,
      violatingUnplaced: zeros,
      sloMinutes: zeros,
      waitMsP99: zeros,
      readyReplicas: zeros,
    },
  };
}

describe("Wilson's interval", () => {
  test('of 1 in 10 at 95 % is 1.79 % to 40.42 %', () => {
    // z^2 = 3.8415: centre 0.1 + 0.19207, reach 1.96 sqrt(0.009 + 0.0096036) = 0.26733, over 1.38415
    const [low, high] = wilsonInterval(0.1, 10, 0.95);
    expect(low).toBeCloseTo(0.017876, 5);
    expect(high).toBeCloseTo(0.40415, 5);
  });

  test('of 0 in n ends at z^2 / (n + z^2)', () => {
    const [low, high] = wilsonInterval(0, 300, 0.95);
    expect(low).toBe(0);
    expect(high).toBeCloseTo(3.841459 / 303.841459, 8);
  });
});

describe('violationShare with an objective of 99 %', () => {
  test('hour 0 is warm-up: 1 of 4 service-hours is over 1 late of 100', () => {
    const share = violationShare(
      serviceHours([
        [90, 1, 0],
        [90, 2, 1],
      ]),
      99,
      3_600_000,
    );
    expect(share).toMatchObject({ violating: 1, serviceHours: 4, services: 2, percent: 25 });
  });

  test('violations in one of four services count as four trials, not as 16', () => {
    // p = 1/4; squares (4 - 1)^2 + 3 x 1 = 12; var = 4/3 x 12 / 256 = 1/16; n_eff = (3/16) / (1/16) = 3, kept at 4
    const share = violationShare(
      serviceHours([
        [9, 9, 9, 9],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
      ]),
      99,
      0,
    );
    expect(share.effectiveServiceHours).toBe(4);
    expect(share.highPercent).toBeCloseTo(100 * wilsonInterval(0.25, 4, 0.95)[1], 10);
  });

  test('violations spread evenly over services count as all 16 trials', () => {
    const share = violationShare(
      serviceHours([
        [9, 0, 0, 0],
        [0, 9, 0, 0],
        [0, 0, 9, 0],
        [0, 0, 0, 9],
      ]),
      99,
      0,
    );
    expect(share.effectiveServiceHours).toBe(16);
  });

  test('no violation in 2 services of 3 hours: 2 trials, upper end z^2 / (2 + z^2) = 65.8 %', () => {
    const share = violationShare(
      serviceHours([
        [0, 0, 0],
        [0, 0, 0],
      ]),
      99,
      0,
    );
    expect(share.percent).toBe(0);
    expect(share.highPercent).toBeCloseTo((100 * 3.841459) / 5.841459, 5);
  });
});
