import { describe, expect, test } from 'vitest';
import { DEFAULT_COLOCATION_STRATEGY as defaults, nodeStrategy, strategyProblems } from './colocation-strategy.ts';

describe('who overrides whom', () => {
  const configs = [
    { matchLabels: { pool: 'a' }, strategy: { cpuReclaimThresholdPercent: 70, degradeTimeMinutes: 5 } },
    { matchLabels: {}, strategy: { cpuReclaimThresholdPercent: 80, memoryReclaimThresholdPercent: 80 } },
  ];

  test('without anything the cluster strategy holds: 60 % cpu, 65 % memory', () => {
    const strategy = nodeStrategy(defaults, [], { labels: {} });
    expect([strategy.cpuReclaimThresholdPercent, strategy.memoryReclaimThresholdPercent]).toEqual([60, 65]);
  });

  test('only the first matching node config counts: pool a gets 70 % cpu and keeps 65 % memory', () => {
    const strategy = nodeStrategy(defaults, configs, { labels: { pool: 'a' } });
    expect([strategy.cpuReclaimThresholdPercent, strategy.memoryReclaimThresholdPercent]).toEqual([70, 65]);
    expect(nodeStrategy(defaults, configs, { labels: { pool: 'b' } }).cpuReclaimThresholdPercent).toBe(80);
  });

  test('annotation beats config, label beats annotation: 0.825 becomes 82 %', () => {
    const labels = { pool: 'a', 'node.koordinator.sh/cpu-reclaim-ratio': '0.825' };
    const node = { labels, annotatedStrategy: { cpuReclaimThresholdPercent: 75, degradeTimeMinutes: 9 } };
    const strategy = nodeStrategy(defaults, configs, node);
    expect([strategy.cpuReclaimThresholdPercent, strategy.degradeTimeMinutes]).toEqual([82, 9]);
  });

  test('labels that are negative or no number are ignored', () => {
    for (const text of ['-0.5', 'much', ''])
      expect(
        nodeStrategy(defaults, [], { labels: { 'node.koordinator.sh/memory-reclaim-ratio': text } })
          .memoryReclaimThresholdPercent,
      ).toBe(65);
  });
});

describe('legal values', () => {
  test('the defaults are legal, and so is a reclaim percent of 150', () => {
    expect(strategyProblems(defaults)).toEqual([]);
    expect(strategyProblems({ cpuReclaimThresholdPercent: 150 })).toEqual([]);
  });

  test('each range names its field and value', () => {
    expect(strategyProblems({ degradeTimeMinutes: 0 })).toEqual(['degradeTimeMinutes is 0; must be above 0']);
    expect(strategyProblems({ batchCpuThresholdPercent: -1 })).toEqual([
      'batchCpuThresholdPercent is -1; must be 0 or more',
    ]);
    expect(strategyProblems({ midCpuThresholdPercent: 101 })).toEqual([
      'midCpuThresholdPercent is 101; must be 0 to 100',
    ]);
    expect(strategyProblems({ resourceDiffThresholdRatio: 0 })).toHaveLength(1);
    expect(strategyProblems({ metricMemoryCollectPolicy: '' })).toHaveLength(1);
  });
});
