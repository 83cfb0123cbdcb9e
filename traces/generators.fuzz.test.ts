import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigError } from '../policies/base/assert.ts';
import { type BatchConfig, expectedOffer } from './batch-config.ts';
import { createBatchChunk } from './format.ts';
import { createBatchSource } from './generate-batch.ts';
import { generateOnlineServices, type OnlineConfig } from './generate-online.ts';

const GIB = 1024 ** 3;

const onlineConfig: fc.Arbitrary<OnlineConfig> = fc
  .record({
    services: fc.integer({ min: 1, max: 40 }),
    podsPerService: fc.integer({ min: 1, max: 60 }),
    hosts: fc.integer({ min: 1, max: 500 }),
    cpuRequestPercent: fc.integer({ min: 1, max: 150 }),
    memRequestPercent: fc.integer({ min: 1, max: 150 }),
    limitOverRequest: fc.constantFrom(0, 1, 2.5),
    startDay: fc.constantFrom(0, 0.3, 6, -2, 40),
    loadFactor: fc.constantFrom(0.1, 1, 5),
  })
  .map(({ podsPerService, hosts, ...rest }) => ({
    ...rest,
    pods: rest.services * podsPerService,
    clusterMilliCpu: hosts * 64_000,
    clusterMemBytes: hosts * 256 * GIB,
    maxRequestMilliCpu: 32_000,
    maxRequestMemBytes: 128 * GIB,
  }));

test('200 random clusters: pods and requests add up, nothing is negative, not a number or above its cap, or it is refused', () => {
  let made = 0;
  fc.assert(
    fc.property(onlineConfig, fc.string(), (config, seed) => {
      let services: ReturnType<typeof generateOnlineServices>;
      try {
        services = generateOnlineServices(config, seed);
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        return;
      }
      made += 1;
      let pods = 0;
      let milliCpu = 0;
      let memBytes = 0;
      for (let row = 0; row < services.count; row++) {
        pods += services.replicas[row];
        milliCpu += services.replicas[row] * services.requestMilliCpu[row];
        memBytes += services.replicas[row] * services.requestMemBytes[row];
        expect(services.requestMilliCpu[row]).toBeLessThanOrEqual(config.maxRequestMilliCpu);
        expect(services.requestMemBytes[row]).toBeLessThanOrEqual(config.maxRequestMemBytes);
        expect(services.requestMilliCpu[row]).toBeGreaterThan(0);
      }
      expect(pods).toBe(config.pods);
      // Rounding of CPU is taken back unless requests sit at a bound: at most a step for each replica is left.
      expect(Math.abs(milliCpu - (config.clusterMilliCpu * config.cpuRequestPercent) / 100)).toBeLessThan(
        10 * config.pods,
      );
      const target = (config.clusterMemBytes * config.memRequestPercent) / 100;
      expect(Math.abs(memBytes - target)).toBeLessThan(2 ** 20 * config.pods);
      expect(services.baseRatio.every((ratio) => ratio >= 0 && ratio < 0.8 * config.loadFactor * 3)).toBe(true);
    }),
    { numRuns: 200, seed: 20_261_120 },
  );
  expect(made).toBeGreaterThan(60);
});

const population = fc.record({
  kind: fc.constantFrom('transcode' as const, 'analytics' as const),
  lifeLogMean: fc.double({ min: 0, max: 8, noNaN: true }),
  lifeLogSigma: fc.double({ min: 0, max: 2, noNaN: true }),
  coresChoices: fc.constantFrom([1], [0.5, 2, 16]),
  usageOverRequest: fc.constantFrom(0.05, 0.6, 1),
  arrivalByHour: fc.constantFrom(
    new Array<number>(24).fill(1),
    Array.from({ length: 24 }, (_, hour) => (hour === 3 ? 24 : 0)),
    Array.from({ length: 24 }, (_, hour) => hour),
  ),
  deadlineMs: fc.constantFrom(0, 60_000),
});

const batchConfig: fc.Arbitrary<BatchConfig> = fc
  .record({
    populations: fc.array(population, { minLength: 1, maxLength: 4 }),
    tasksPerWeek: fc.integer({ min: 0, max: 3_000 }),
    hours: fc.integer({ min: 1, max: 400 }),
    offeredPercent: fc.constantFrom(0, 0, 5, 60),
    startDay: fc.constantFrom(0, 0.5, 9),
  })
  .map(({ populations, hours, ...rest }) => ({
    ...rest,
    clusterCoreHoursPerWeek: 10_000,
    horizonMs: hours * 3_600_000 - 1,
    populations: populations.map((one, index) => ({
      ...one,
      name: `p${index}`,
      pressureClass: 'spark' as const,
      priority: 5_000,
      taskShare: 1 / populations.length,
      coresWeights: one.coresChoices.map((_, choice) => choice + 1),
      memGibPerCore: 2,
    })),
  }));

test('150 random loads: weeks hold exactly their tasks, every row is in its hour and within its request, or it is refused', () => {
  let made = 0;
  const chunk = createBatchChunk(1);
  fc.assert(
    fc.property(batchConfig, fc.string(), (config, seed) => {
      let source: ReturnType<typeof createBatchSource>;
      try {
        source = createBatchSource(config, seed);
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        return;
      }
      made += 1;
      const hours = source.firstJobOfHour.length - 1;
      expect(hours).toBe(Math.ceil(config.horizonMs / 3_600_000));
      let inWeek = 0;
      let broken = 0;
      for (let hour = 0; hour < hours; hour++) {
        if (hour % 168 === 0) inWeek = 0;
        source.fillHour(hour, chunk);
        inWeek += chunk.count;
        if (hour % 168 === 167) expect(inWeek).toBe(config.tasksPerWeek);
        for (let row = 0; row < chunk.count; row++) {
          const inHour = chunk.submitMs[row] >= hour * 3_600_000 && chunk.submitMs[row] < (hour + 1) * 3_600_000;
          const inJobs =
            chunk.job[row] >= source.firstJobOfHour[hour] && chunk.job[row] < source.firstJobOfHour[hour + 1];
          const fits =
            chunk.demandMilliCpu[row] >= 1 &&
            chunk.demandMilliCpu[row] <= chunk.requestMilliCpu[row] &&
            chunk.usedMemBytes[row] <= chunk.requestMemBytes[row] &&
            chunk.durationMs[row] >= 1 &&
            chunk.durationMs[row] <= 86_400_000;
          if (!inHour || !inJobs || !fits) broken += 1;
        }
      }
      expect(broken).toBe(0);
      if (config.offeredPercent > 0 && config.tasksPerWeek > 0)
        expect(expectedOffer(config).percent).toBeCloseTo(config.offeredPercent, 6);
    }),
    { numRuns: 150, seed: 20_261_120 },
  );
  expect(made).toBeGreaterThan(60);
});
