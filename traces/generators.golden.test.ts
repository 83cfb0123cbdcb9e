import { expect, test } from 'vitest';
import { createBatchChunk } from './format.ts';
import { createBatchSource } from './generate-batch.ts';
import { generateOnlineServices } from './generate-online.ts';
import { createStream } from './streams.ts';

/** FNV-1a over the bytes of columns. */
function digest(...columns: readonly ArrayBufferView[]): string {
  let hash = 0x811c9dc5;
  for (const column of columns) {
    const bytes = new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
    for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193) >>> 0;
  }
  return hash.toString(16).padStart(8, '0');
}

// Snapshots: a change of any of these is a change of every simulated world and needs its line in the change log.

test('the first draws of stream golden/a', () => {
  const stream = createStream('golden', 'a');
  expect([stream.nextUint32(), stream.nextUint32(), stream.next()]).toEqual([
    1_633_040_948, 1_744_985_694, 0.2876074364109211,
  ]);
});

test('online services of seed golden', () => {
  const services = generateOnlineServices(
    {
      services: 12,
      pods: 300,
      clusterMilliCpu: 3_200_000,
      clusterMemBytes: 50 * 256 * 1024 ** 3,
      cpuRequestPercent: 60,
      memRequestPercent: 50,
      maxRequestMilliCpu: 32_000,
      maxRequestMemBytes: 128 * 1024 ** 3,
      limitOverRequest: 2,
      startDay: 0,
      loadFactor: 1,
    },
    'golden',
  );
  expect(
    digest(
      services.replicas,
      services.requestMilliCpu,
      services.requestMemBytes,
      services.memUsageRatio,
      services.peakOverMean,
    ),
  ).toBe('83e5c663');
  expect(digest(services.baseRatio)).toBe('dbeb2090');
});

test('hour 5 of a batch load of seed golden', () => {
  const common = {
    pressureClass: 'spark',
    priority: 5_500,
    taskShare: 0.5,
    lifeLogMean: 5.6,
    lifeLogSigma: 1.5,
    coresChoices: [1, 4],
    coresWeights: [0.5, 0.5],
    memGibPerCore: 2,
    usageOverRequest: 0.6,
    arrivalByHour: new Array<number>(24).fill(1),
    deadlineMs: 0,
  } as const;
  const source = createBatchSource(
    {
      tasksPerWeek: 50_000,
      offeredPercent: 40,
      clusterCoreHoursPerWeek: 200_000,
      horizonMs: 86_400_000,
      startDay: 0,
      populations: [
        { ...common, name: 'transcode', kind: 'transcode' },
        { ...common, name: 'analytics', kind: 'analytics' },
      ],
    },
    'golden',
  );
  const chunk = createBatchChunk(1);
  source.fillHour(5, chunk);
  const rows = chunk.count;
  expect(rows).toBe(287);
  expect(
    digest(
      chunk.submitMs.subarray(0, rows),
      chunk.job.subarray(0, rows),
      chunk.stage.subarray(0, rows),
      chunk.requestMilliCpu.subarray(0, rows),
      chunk.demandMilliCpu.subarray(0, rows),
      chunk.usedMemBytes.subarray(0, rows),
      chunk.durationMs.subarray(0, rows),
    ),
  ).toBe('abee9f73');
});
