import { afterAll, expect, test } from 'vitest';
import { importNodeMetric } from './node-metric.ts';
import { testContext } from './test-context.ts';
import { createTestFiles } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const metric = (updateTime: string | undefined, cpu: string) => ({
  apiVersion: 'slo.koordinator.sh/v1alpha1',
  kind: 'NodeMetric',
  metadata: { name: 'n1' },
  status:
    updateTime === undefined
      ? {}
      : {
          updateTime,
          nodeMetric: {
            nodeUsage: { resources: { cpu, memory: '2Gi' } },
            systemUsage: { resources: { cpu: '250m', memory: '512Mi' } },
            aggregatedNodeUsages: [
              { duration: '5m0s', usage: { p95: { resources: { cpu: '3' } } } },
              { duration: '1h0m0s', usage: { p95: { resources: { cpu: '4' } } } },
              { duration: '30m0s', usage: { p95: { resources: { cpu: '5' } } } },
            ],
          },
          podsMetric: [
            { namespace: 'shop', name: 'web', qos: 'LS', podUsage: { resources: { cpu: '1001m', memory: '1Gi' } } },
          ],
          hostApplicationMetric: [{ name: 'nginx', qos: 'LS', usage: { resources: { cpu: '100m', memory: '64Mi' } } }],
          prodReclaimableMetric: { resource: { resources: { cpu: '7', memory: '3Gi' } } },
        },
});

test('a report gives node, system, pod and host application; p95 of the one-hour window is the peak; files are ordered by time', async () => {
  const later = files.write(
    'b.json',
    JSON.stringify({ kind: 'List', items: [metric('2024-05-01T00:01:00Z', '2500m'), metric(undefined, '0')] }),
  );
  const first = files.write('a.json', JSON.stringify(metric('2024-05-01T00:00:00Z', '2')));
  const { context, samples } = testContext();
  const { services, events, notes, startUnixMs } = await importNodeMetric([later, first], context);
  expect(startUnixMs).toBe(Date.UTC(2024, 4, 1));
  expect(services?.ids).toEqual(['node/n1', 'system/n1', 'shop/web', 'app/n1/nginx']);
  expect(
    samples
      .filter((one) => one.id === 'node/n1')
      .map((one) => [one.timeMs, one.milliCpu, one.peakMilliCpu, one.memMib]),
  ).toEqual([
    [0, 2_000, 4_000, 2_048],
    [60_000, 2_500, 4_000, 2_048],
  ]);
  expect(samples.find((one) => one.id === 'shop/web')?.milliCpu).toBe(1_001);
  expect(events?.details[0]).toBe('7000 milli-cores, 3072 MiB');
  expect(notes[1]).toBe('1 nodes have not reported yet and are left out');
});

test('another kind, a wrong time and no report at all are named', async () => {
  const of = (value: unknown) =>
    importNodeMetric([files.write('x.json', JSON.stringify(value))], testContext().context);
  await expect(of({ kind: 'Pod' })).rejects.toThrow(/x\.json: is a Pod; NodeMetric is expected/);
  await expect(of(metric('soon', '1'))).rejects.toThrow(/updateTime is "soon"/);
  await expect(of(metric(undefined, '1'))).rejects.toThrow(/no NodeMetric with a report/);
});
