import { describe, expect, test } from 'vitest';
import { selling } from './selling.ts';

describe('selling', () => {
  test('one row a seller: the one that sells least gains 0, the oracle is 0 below itself', async () => {
    let text = '';
    const rows = await selling(
      'overcommit',
      {
        policies: 'limit-sum, n-sigma, peak-oracle',
        set: [
          'cluster.hosts.plain.count=4',
          'online.pods=40',
          'bestEffort.tasksPerWeek=6000',
          'horizon=8h',
          'warmUp=3h',
        ],
        json: false,
      },
      (part) => {
        text += part;
      },
    );
    expect(rows.map(({ name }) => name)).toEqual(['limit-sum', 'n-sigma', 'peak-oracle']);
    expect(rows[0].gainCoreHours).toBe(0);
    expect(rows[2].gainCoreHours).toBeGreaterThan(0);
    expect(rows[2].soldBelowOraclePercent).toBe(0);
    expect(rows[0].soldBelowOraclePercent).toBeGreaterThan(rows[1].soldBelowOraclePercent);
    expect(rows[2].violatedPercent).toBe(0);
    const lines = text.split('\n');
    expect(lines[0]).toMatch(
      /^seller +sold % +used % +gain core-h +P\(viol\) % +late % +broken % +severity % +below oracle$/,
    );
    expect(lines[3]).toMatch(/^peak-oracle/);
  });
});
