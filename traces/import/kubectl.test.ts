import { afterAll, describe, expect, test } from 'vitest';
import { importKubectl } from './kubectl.ts';
import { milliCpuOf, parseQuantity } from './quantity.ts';
import { createTestFiles } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const needs = (cpu: string, memory: string) => ({ resources: { requests: { cpu, memory } } });

const nodes = [
  {
    kind: 'Node',
    metadata: { name: 'n-0', labels: { pool: 'mixed', 'nvidia.com/gpu.product': 'T4' } },
    spec: {
      taints: [
        { key: 'dedicated', value: 'video', effect: 'NoSchedule' },
        { key: 'x', effect: 'NoExecute' },
      ],
    },
    status: {
      capacity: { cpu: '96', memory: '384Gi' },
      allocatable: { cpu: '95500m', memory: '128974848Ki', 'nvidia.com/gpu': '2' },
    },
  },
  {
    kind: 'Node',
    metadata: { name: 'n-1' },
    spec: { unschedulable: true },
    status: { capacity: { cpu: '4', memory: '8Gi' } },
  },
];

const pods = [
  {
    kind: 'Pod',
    metadata: {
      name: 'web-7d4b9-abc',
      namespace: 'shop',
      creationTimestamp: '2024-05-01T00:00:10Z',
      labels: { 'pod-template-hash': '7d4b9', 'koordinator.sh/qosClass': 'LSR' },
      ownerReferences: [{ kind: 'ReplicaSet', name: 'web-7d4b9', controller: true }],
    },
    spec: {
      nodeName: 'n-0',
      containers: [needs('500m', '256Mi'), { resources: { limits: { cpu: '1', memory: '1Gi' } } }, {}],
      initContainers: [
        { ...needs('200m', '64Mi'), restartPolicy: 'Always' },
        needs('2', '128Mi'),
        { ...needs('100m', '64Mi'), restartPolicy: 'Always' },
      ],
      overhead: { cpu: '250m', memory: '120Mi' },
    },
    status: { phase: 'Running', qosClass: 'Burstable' },
  },
  {
    kind: 'Pod',
    metadata: { name: 'encode', namespace: 'batch', creationTimestamp: '2024-05-01T00:00:00Z' },
    spec: {
      priorityClassName: 'koord-batch',
      containers: [
        { resources: { requests: { 'kubernetes.io/batch-cpu': '3000', 'kubernetes.io/batch-memory': '2Gi' } } },
      ],
    },
    status: { phase: 'Pending', qosClass: 'BestEffort' },
  },
  {
    kind: 'Pod',
    metadata: { name: 'done', creationTimestamp: '2023-01-01T00:00:00Z' },
    spec: { containers: [needs('1', '1Gi')] },
    status: { phase: 'Succeeded' },
  },
  { kind: 'Service', metadata: { name: 's' } },
];

const list = (items: readonly object[]) => JSON.stringify({ kind: 'List', apiVersion: 'v1', items });

describe('quirks of the format', () => {
  const trace = importKubectl(files.write('k.json.gz', list([...nodes, ...pods])));

  test('allocatable counts before capacity: 95.5 cores, 128 974 848 Ki = 125 952 MiB; capacity where there is no more', async () => {
    const { hosts } = await trace;
    expect(Array.from(hosts.milliCpu)).toEqual([95_500, 4_000]);
    expect(Array.from(hosts.memMib)).toEqual([125_952, 8_192]);
    expect(Array.from(hosts.gpus)).toEqual([2, 0]);
    expect(hosts.gpuModel).toEqual(['T4', '']);
  });

  test('taints read key=value:Effect; a cordoned node gets the taint of one', async () => {
    expect((await trace).hosts.taints).toEqual([
      ['dedicated=video:NoSchedule', 'x:NoExecute'],
      ['node.kubernetes.io/unschedulable:NoSchedule'],
    ]);
  });

  test('containers 500m + 1 (its limit) and sidecars 200m + 100m give 1.8; the init container 2 + .2; with overhead 2 450m', async () => {
    const { tasks } = await trace;
    const row = tasks.ids.indexOf('shop/web-7d4b9-abc');
    expect(tasks.requestMilliCpu[row]).toBe(2_450);
    // Memory: 256 + 1024 + 64 + 64 = 1408 against 128 + 64 while starting; 120 of overhead.
    expect(tasks.requestMemMib[row]).toBe(1_528);
  });

  test('a container without a limit leaves its pod without one; 2 + .5 of a sidecar and .25 of overhead are 2 750m, the init container does not count', async () => {
    const limits = (cpu: string, memory: string) => ({ resources: { limits: { cpu, memory } } });
    const limited = {
      ...pods[0],
      spec: {
        containers: [limits('2', '1Gi')],
        initContainers: [{ ...limits('500m', '64Mi'), restartPolicy: 'Always' }, limits('8', '8Gi')],
        overhead: { cpu: '250m' },
      },
    };
    const batch = {
      ...pods[1],
      spec: { containers: [{ resources: { limits: { 'kubernetes.io/batch-cpu': '3000' } } }] },
    };
    const { tasks } = await importKubectl(files.write('limits.json', list([limited, batch])));
    expect(tasks.ids).toEqual(['batch/encode', 'shop/web-7d4b9-abc']);
    expect(Array.from(tasks.limitMilliCpu)).toEqual([3_000, 2_750]);
    expect(Array.from(tasks.limitMemMib)).toEqual([Number.NaN, 1_088]);
    expect(Array.from((await trace).tasks.limitMilliCpu)).toEqual([Number.NaN, Number.NaN]);
  });

  test('labels of pods stay', async () => {
    expect((await trace).tasks.labels).toEqual([
      {},
      { 'pod-template-hash': '7d4b9', 'koordinator.sh/qosClass': 'LSR' },
    ]);
  });

  test('batch-cpu is already milli: 3000 is three cores', async () => {
    const { tasks } = await trace;
    const row = tasks.ids.indexOf('batch/encode');
    expect(tasks.requestMilliCpu[row]).toBe(3_000);
    expect(tasks.requestMemMib[row]).toBe(2_048);
  });

  test('QoS: the label LSR wins over Burstable, the class koord-batch makes BE', async () => {
    const { tasks } = await trace;
    expect(tasks.ids).toEqual(['batch/encode', 'shop/web-7d4b9-abc']);
    expect(tasks.qos).toEqual(['BE', 'LSR']);
  });

  test('time 0 is the oldest pod that still runs; the owner of a ReplicaSet pod is its Deployment', async () => {
    const { tasks, startUnixMs } = await trace;
    expect(startUnixMs).toBe(Date.UTC(2024, 4, 1));
    expect(Array.from(tasks.submitMs)).toEqual([0, 10_000]);
    expect(tasks.groups).toEqual(['batch', 'shop/Deployment/web']);
    expect(tasks.hosts).toEqual(['', 'n-0']);
  });

  test('ended pods and other kinds are left out and counted', async () => {
    expect((await trace).notes).toEqual([
      '1 pods have ended (Succeeded or Failed) and are left out',
      '1 nodes are cordoned; they carry the taint node.kubernetes.io/unschedulable',
      '1 objects are neither nodes nor pods and are left out',
    ]);
  });

  test('requests of the pod as a whole replace the sum over its containers', async () => {
    const pod = { ...pods[1], spec: { resources: { requests: { cpu: '3' } }, containers: [needs('1', '1Gi')] } };
    const { tasks } = await importKubectl(files.write('p.json', JSON.stringify(pod)));
    expect(tasks.requestMilliCpu[0]).toBe(3_000);
    expect(tasks.requestMemMib[0]).toBe(1_024);
  });
});

describe('what is refused names file and JSON path', () => {
  const cases: [string, string, RegExp][] = [
    [
      'a wrong quantity',
      list([{ ...nodes[1], status: { capacity: { cpu: '4x' } } }]),
      /x\.json: items\[0\]\.status\.capacity\.cpu is "4x"/,
    ],
    [
      'no creation time',
      list([{ ...pods[1], metadata: { name: 'a' } }]),
      /items\[0\]\.metadata\.creationTimestamp is missing/,
    ],
    ['a pod twice', list([pods[1], pods[1]]), /x\.json: pod batch\/encode appears a second time/],
    ['nothing that runs', list([pods[2]]), /x\.json: no node and no pod that runs/],
  ];
  for (const [what, content, message] of cases)
    test(what, () => expect(importKubectl(files.write('x.json', content))).rejects.toThrow(message));
});

test('quantities: 3920m, .5, 1e3, 384Gi, 100k, 2E, 5n', () => {
  const values = ['3920m', '.5', '1e3', '384Gi', '100k', '2E', '5n', 7].map((text) => parseQuantity(text, 'here'));
  expect(values).toEqual([3.92, 0.5, 1000, 412_316_860_416, 100_000, 2e18, 5e-9, 7]);
  for (const text of ['', 'Gi', '1 Gi', '1gi', '--1', null])
    expect(() => parseQuantity(text, 'here')).toThrow(/^here is/);
});

test('1.001 cores are 1 001 milli in spite of binary fractions, .0001 cores round up to 1', () => {
  expect(milliCpuOf(1.001)).toBe(1_001);
  expect(milliCpuOf(0.0001)).toBe(1);
  expect(milliCpuOf(parseQuantity('3920m', 'x'))).toBe(3_920);
});
