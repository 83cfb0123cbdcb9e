import { afterAll, expect, test } from 'vitest';
import { importPrometheus } from './prometheus.ts';
import { testContext } from './test-context.ts';
import { createTestFiles } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const answer = (name: string, result: object[]) =>
  files.write(name, JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } }));
const pod = { namespace: 'shop', pod: 'web-1' };

test('a restart adds up, "" and POD are dropped, NaN and +Inf are unknown, a gap stays a gap', async () => {
  const cpu = answer('container_cpu_usage_seconds_total.json', [
    {
      metric: { ...pod, container: 'app', id: 'old' },
      values: [
        [1_700_000_000, '0.5'],
        [1_700_000_060, 'NaN'],
      ],
    },
    {
      metric: { ...pod, container: 'app', id: 'new' },
      values: [
        [1_700_000_000, '0.25'],
        [1_700_000_180, '1'],
      ],
    },
    { metric: { ...pod, container: '' }, values: [[1_700_000_000, '9']] },
    { metric: { ...pod, container: 'POD' }, values: [[1_700_000_000, '9']] },
  ]);
  const mem = answer('mem.json', [
    {
      metric: { __name__: 'container_memory_working_set_bytes', ...pod, container: 'app' },
      values: [
        [1_700_000_000, '1048576'],
        [1_700_000_060, '+Inf'],
      ],
    },
    { metric: { __name__: 'up' }, values: [] },
  ]);
  const { context, samples } = testContext();
  const { notes, startUnixMs } = await importPrometheus([cpu, mem], context);
  expect(startUnixMs).toBe(1_700_000_000_000);
  expect(samples.map((one) => [one.timeMs, one.milliCpu, one.memMib])).toEqual([
    [0, 750, 1],
    [180_000, 1_000, Number.NaN],
  ]);
  expect(notes).toEqual([
    '2 series of container "" or "POD" repeat the pod and are left out',
    '2 values are NaN or infinite and count as not measured',
    '1 series are of metrics that are not needed',
  ]);
});

test('requests of two containers add up; batch CPU of 3 000 is milli; allocatable wins over capacity; owner, host, QoS, created', async () => {
  const one = (name: string, labels: object, value: string) => ({
    metric: { __name__: name, ...labels },
    values: [[1_700_000_000, value]],
  });
  const path = answer('all.json', [
    one('container_cpu_usage_seconds_total', { ...pod, container: 'app' }, '1'),
    one('kube_pod_container_resource_requests', { ...pod, container: 'a', resource: 'cpu' }, '0.5'),
    one('kube_pod_container_resource_requests', { ...pod, container: 'b', resource: 'cpu' }, '1.25'),
    one('kube_pod_container_resource_requests', { ...pod, container: 'a', resource: 'memory' }, '2097152'),
    one(
      'kube_pod_container_resource_requests',
      { namespace: 'x', pod: 'be', resource: 'kubernetes_io_batch_cpu' },
      '3000',
    ),
    one('kube_pod_info', { ...pod, node: 'n1', created_by_kind: 'ReplicaSet', created_by_name: 'web' }, '1'),
    one('kube_pod_status_qos_class', { ...pod, qos_class: 'Burstable' }, '1'),
    one('kube_pod_status_qos_class', { ...pod, qos_class: 'Guaranteed' }, '0'),
    one('kube_pod_created', pod, '1699999990'),
    one('kube_node_status_allocatable', { node: 'n1', resource: 'cpu' }, '95.5'),
    one('kube_node_status_capacity', { node: 'n1', resource: 'cpu' }, '96'),
    one('kube_node_status_capacity', { node: 'n1', resource: 'memory' }, '1048576'),
  ]);
  const { services, hosts } = await importPrometheus([path], testContext().context);
  expect(services?.ids).toEqual(['shop/web-1', 'x/be']);
  expect(Array.from(services?.requestMilliCpu ?? [])).toEqual([1_750, 3_000]);
  expect(services?.qos).toEqual(['Burstable', 'BE']);
  expect(services?.groups[0]).toBe('shop/ReplicaSet/web');
  expect(services?.startMs[0]).toBe(-10_000);
  expect(Array.from(hosts.milliCpu)).toEqual([95_500]);
  expect(Array.from(hosts.memMib)).toEqual([1]);
});

test('11 000 points are noted as cut off; an error, a vector and a text for a value are refused', async () => {
  const values = Array.from({ length: 11_000 }, (_, at) => [at, '1']);
  const long = answer('container_cpu_usage_seconds_total-2.json', [{ metric: { ...pod, container: 'a' }, values }]);
  expect((await importPrometheus([long], testContext().context)).notes[0]).toMatch(/^1 series have 11000 points/);
  const failed = files.write('e.json', '{"status":"error"}');
  await expect(importPrometheus([failed], testContext().context)).rejects.toThrow(/e\.json: status is not success/);
  const vector = files.write('v.json', '{"status":"success","data":{"resultType":"vector"}}');
  await expect(importPrometheus([vector], testContext().context)).rejects.toThrow(/resultType is vector; a matrix/);
  const odd = answer('container_memory_rss.json', [{ metric: { ...pod, container: 'a' }, values: [[1, 'x']] }]);
  await expect(importPrometheus([odd], testContext().context)).rejects.toThrow(/values\[0\]\[1\] is "x"/);
});

test('completion comes before deletion, creation before start; the owner groups pods; taints, a cordon and label_ names stay with the node', async () => {
  const one = (name: string, labels: object, value: string) => ({
    metric: { __name__: name, ...labels },
    values: [[1_700_000_000, value]],
  });
  const gone = { namespace: 'shop', pod: 'web-2' };
  const path = answer('more.json', [
    one('container_cpu_usage_seconds_total', { ...pod, container: 'app' }, '1'),
    one('kube_pod_owner', { ...pod, owner_kind: 'StatefulSet', owner_name: 'web' }, '1'),
    one('kube_pod_created', pod, '1699999990'),
    one('kube_pod_start_time', pod, '1699999995'),
    one('kube_pod_completion_time', pod, '1700000020'),
    one('kube_pod_deletion_timestamp', pod, '1700000030'),
    one('kube_pod_start_time', gone, '1700000005'),
    one('kube_pod_deletion_timestamp', gone, '1700000060'),
    one('kube_node_status_capacity', { node: 'n', resource: 'cpu' }, '4'),
    one('kube_node_labels', { node: 'n', job: 'ksm', label_pool: 'mixed' }, '1'),
    one('kube_node_spec_taint', { node: 'n', key: 'dedicated', value: 'video', effect: 'NoSchedule' }, '1'),
    one('kube_node_spec_taint', { node: 'n', key: 'x', value: '', effect: 'NoExecute' }, '1'),
    one('kube_node_spec_unschedulable', { node: 'n' }, '1'),
    one('kube_node_status_capacity', { node: 'm', resource: 'cpu' }, '4'),
    one('kube_node_spec_unschedulable', { node: 'm' }, '0'),
  ]);
  const { services, hosts } = await importPrometheus([path], testContext().context);
  expect(services?.ids).toEqual(['shop/web-1', 'shop/web-2']);
  expect(services?.groups[0]).toBe('shop/StatefulSet/web');
  expect(Array.from(services?.startMs ?? [])).toEqual([-10_000, 5_000]);
  expect(Array.from(services?.endMs ?? [])).toEqual([20_000, 60_000]);
  expect(Array.from(hosts.milliCpu)).toEqual([4_000, 4_000]);
  expect(hosts.labels).toEqual([{ pool: 'mixed' }, {}]);
  expect(hosts.taints).toEqual([
    ['dedicated=video:NoSchedule', 'node.kubernetes.io/unschedulable:NoSchedule', 'x:NoExecute'],
    [],
  ]);
});
