import { expect, test } from 'vitest';
import type { LabDocument } from '../../sim/results/lab-document.ts';
import { paretoCharts } from './pareto-charts.ts';

const arm = (name: string, cpuUtilisationMeanPercent: number) => ({
  name,
  estimates: {},
  pareto: {
    cpuUtilisationMeanPercent,
    violationServiceHourPercent: 2,
    wastedPercent: 3,
    costPerUsefulCoreHour: 0.5,
    efficient: true,
  },
});

test('arms that are alike in a figure have no leader in it', () => {
  const sentences = (cpus: readonly number[]) => {
    const arms = cpus.map((cpu, at) => arm(`line ${at}`, cpu));
    return paretoCharts({ arms, currency: 'EUR' } as unknown as LabDocument).map(({ sentence }) => sentence);
  };
  expect(sentences([55, 55])[0]).toMatch(/^Fullest: all alike \(55.* of CPU\)\. Safest: all alike \(2/);
  expect(sentences([55, 60])[0]).toMatch(/^Fullest: line 1 \(60.* of CPU\)\. Safest: all alike \(2/);
  expect(sentences([55, 60])[1]).toMatch(/^Cheapest: all alike .* Least wasted: all alike \(3/);
});
