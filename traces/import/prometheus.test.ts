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
    one('container_memory_working_set_bytes', { ...pod, container: 'app' }, '1'),
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
    one('container_memory_working_set_bytes', { ...pod, container: 'app' }, '1'),
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

const at = (name: string, labels: object, ...values: readonly (readonly [second: number, value: string])[]) => ({
  metric: { __name__: name, ...labels },
  values: values.map(([second, value]) => [1_700_000_000 + second, value]),
});

test('a named counter is not a rate: 60 s of CPU in 120 s are half a core, a restart counts from 0, and rates of a file stay as they are', async () => {
  const path = answer('raw.json', [
    at('container_cpu_usage_seconds_total', { ...pod, container: 'app' }, [0, '1000'], [120, '1060'], [240, '30']),
  ]);
  const { context, samples } = testContext();
  const { notes } = await importPrometheus([path], context);
  expect(samples.map((one) => [one.timeMs, one.milliCpu])).toEqual([
    [0, 500],
    [120_000, 250],
  ]);
  expect(notes).toEqual(['1 series are counters (they have a name, which rate() drops); their growth is used']);
});

test('throttling: 30 of 100 and 10 of 100 periods of two containers are a fifth; no period is no throttling; a pod without is unknown', async () => {
  const paths = [
    answer('container_cpu_cfs_throttled_periods_total.json', [
      {
        metric: { ...pod, container: 'a' },
        values: [
          [0, '3'],
          [60, '0'],
          [120, '1'],
        ],
      },
      { metric: { ...pod, container: 'b' }, values: [[0, '1']] },
    ]),
    answer('container_cpu_cfs_periods_total.json', [
      {
        metric: { ...pod, container: 'a' },
        values: [
          [0, '10'],
          [60, '0'],
          [120, '10'],
        ],
      },
      { metric: { ...pod, container: 'b' }, values: [[0, '10']] },
    ]),
    answer('container_cpu_usage_seconds_total.json', [
      { metric: { namespace: 'shop', pod: 'free', container: 'a' }, values: [[60, '2']] },
    ]),
  ];
  const { context, samples } = testContext();
  const { columns } = await importPrometheus(paths, context);
  expect(samples.map((one) => [one.id, one.timeMs, one.milliCpu, one.throttledShare])).toEqual([
    ['shop/free', 60_000, 2_000, Number.NaN],
    ['shop/web-1', 0, Number.NaN, 0.2],
    ['shop/web-1', 60_000, Number.NaN, 0],
    ['shop/web-1', 120_000, Number.NaN, 0.1],
  ]);
  expect(columns['usage.throttledShare'].from).toContain('container_cpu_cfs_throttled_periods_total');
});

test('limits of all containers add up to 3 cores; one container without a limit leaves the pod without; batch limits stand in', async () => {
  const limit = (labels: object, resource: string, value: string) =>
    at('kube_pod_container_resource_limits', { ...labels, resource }, [0, value]);
  const free = { namespace: 'shop', pod: 'web-2' };
  const batch = { namespace: 'x', pod: 'be', container: 'm' };
  const path = answer('limits.json', [
    at('container_memory_working_set_bytes', { ...pod, container: 'a' }, [0, '1']),
    limit({ ...pod, container: 'a' }, 'cpu', '2'),
    limit({ ...pod, container: 'b' }, 'cpu', '1'),
    limit({ ...pod, container: 'a' }, 'memory', '2097152'),
    limit({ ...free, container: 'a' }, 'cpu', '2'),
    at('container_memory_working_set_bytes', { ...free, container: 'side' }, [0, '1']),
    limit(batch, 'kubernetes_io_batch_cpu', '4000'),
    limit(batch, 'kubernetes_io_batch_memory', '1048576'),
  ]);
  const { services } = await importPrometheus([path], testContext().context);
  expect(services?.ids).toEqual(['shop/web-1', 'shop/web-2', 'x/be']);
  expect(Array.from(services?.limitMilliCpu ?? [])).toEqual([3_000, Number.NaN, 4_000]);
  expect(Array.from(services?.limitMemMib ?? [])).toEqual([Number.NaN, Number.NaN, 1]);
});

test('a pod that was made again under its name asks once: the later request counts, not the sum', async () => {
  const ask = (uid: string, second: number, value: string) =>
    at('kube_pod_container_resource_requests', { ...pod, uid, container: 'a', resource: 'cpu' }, [second, value]);
  const path = answer('again.json', [ask('new', 600, '3'), ask('old', 0, '2')]);
  const { services } = await importPrometheus([path], testContext().context);
  expect(Array.from(services?.requestMilliCpu ?? [])).toEqual([3_000]);
});

test('labels lose their label_; of the phases the last that was 1 is the status, and the first second of Succeeded is the end', async () => {
  const phase = (name: string, ...values: readonly (readonly [number, string])[]) =>
    at('kube_pod_status_phase', { ...pod, phase: name }, ...values);
  const path = answer('phases.json', [
    at('container_memory_working_set_bytes', { ...pod, container: 'a' }, [0, '1']),
    at('kube_pod_labels', { ...pod, job: 'ksm', label_app: 'web', label_tier: 'front' }, [0, '1']),
    phase('Running', [0, '1'], [60, '1'], [120, '0'], [180, '0']),
    phase('Succeeded', [0, '0'], [60, '0'], [120, '1'], [180, '1']),
  ]);
  const { services } = await importPrometheus([path], testContext().context);
  expect(services?.labels).toEqual([{ app: 'web', tier: 'front' }]);
  expect(services?.status).toEqual(['Succeeded']);
  expect(Array.from(services?.endMs ?? [])).toEqual([120_000]);
});

test('use of a node is that of its modes but idle, iowait and steal; kube_node_info tells whose address it is', async () => {
  const cpu = (instance: string, cpuId: string, mode: string, value: string) => ({
    metric: { instance, cpu: cpuId, mode },
    values: [[1_700_000_000, value]],
  });
  const paths = [
    answer('node_cpu_seconds_total.json', [
      cpu('10.0.0.7:9100', '0', 'user', '0.5'),
      cpu('10.0.0.7:9100', '0', 'system', '0.25'),
      cpu('10.0.0.7:9100', '0', 'idle', '0.125'),
      cpu('10.0.0.7:9100', '0', 'iowait', '0.0625'),
      cpu('10.0.0.7:9100', '0', 'steal', '0.0625'),
      cpu('10.0.0.7:9100', '1', 'user', '1'),
      cpu('n2:9100', '0', 'user', '1'),
    ]),
    answer('info.json', [
      at('kube_node_info', { node: 'n1', internal_ip: '10.0.0.7', kernel_version: '6.6', os_image: '' }, [0, '1']),
      at('machine_cpu_cores', { instance: '10.0.0.7:10250' }, [0, '96']),
      at('kube_node_status_capacity', { node: 'n2', resource: 'cpu' }, [0, '4']),
      at('kube_node_status_capacity', { node: 'n2', resource: 'nvidia_com_gpu' }, [0, '8']),
    ]),
  ];
  const { context, samples } = testContext();
  const { hosts, services } = await importPrometheus(paths, context);
  expect(hosts.ids).toEqual(['n1', 'n2']);
  expect(Array.from(hosts.milliCpu)).toEqual([96_000, 4_000]);
  expect(Array.from(hosts.gpus)).toEqual([0, 8]);
  expect(hosts.labels).toEqual([{ kernel_version: '6.6' }, {}]);
  expect(samples.map((one) => [one.table, one.id, one.milliCpu])).toEqual([
    ['nodes', 'node/n1', 1_750],
    ['nodes', 'node/n2', 1_000],
  ]);
  expect(services?.kinds).toEqual(['host', 'host']);
  expect(Array.from(services?.requestMilliCpu ?? [])).toEqual([96_000, 4_000]);
});

test('memory is the working set; a pod without one shows its RSS', async () => {
  const path = answer('memory.json', [
    at('container_memory_rss', { ...pod, container: 'a' }, [0, '1048576']),
    at('container_memory_working_set_bytes', { ...pod, container: 'a' }, [0, '2097152']),
    at('container_memory_rss', { ...pod, pod: 'web-2', container: 'a' }, [0, '3145728'], [60, '4194304']),
  ]);
  const { context, samples } = testContext();
  await importPrometheus([path], context);
  expect(samples.map((one) => [one.id, one.timeMs, one.memMib])).toEqual([
    ['shop/web-1', 0, 2],
    ['shop/web-2', 0, 3],
    ['shop/web-2', 60_000, 4],
  ]);
});

test('without a sample time 0 is when the first pod was made', async () => {
  const path = answer('bare.json', [
    at('kube_pod_created', pod, [0, '1700000005']),
    at('kube_pod_created', { ...pod, pod: 'web-9' }, [0, '1700000000']),
  ]);
  const { services, startUnixMs } = await importPrometheus([path], testContext().context);
  expect(startUnixMs).toBe(1_700_000_000_000);
  expect(Array.from(services?.startMs ?? [])).toEqual([5_000, 0]);
});
