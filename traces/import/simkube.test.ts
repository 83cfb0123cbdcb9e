import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { importSimkube } from './simkube.ts';
import { createTestFiles, publicData } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const PACKAGE: string = '@msgpack/msgpack';
const missing = await import(PACKAGE).then(
  () => false,
  () => true,
);
if (missing) console.log(`skipped: ${PACKAGE} is not installed`);

const pod = (cpu: string) => ({ spec: { containers: [{ resources: { requests: { cpu, memory: '1Gi' } } }] } });
const object = (name: string, kind: string, spec: object) => ({
  apiVersion: kind === 'Deployment' ? 'apps/v1' : 'x/v1',
  kind,
  metadata: { name, namespace: 'ns' },
  spec,
});
const trace = {
  version: 2,
  config: {
    trackedObjects: {
      'apps/v1.Deployment': { podSpecTemplatePaths: ['/spec/template'] },
      'x/v1.Job2': { podSpecTemplatePaths: ['/spec/roles/0/pod', '/spec/roles/1/pod'] },
    },
  },
  events: [
    {
      ts: 1_710_892_138,
      applied_objs: [object('web', 'Deployment', { replicas: 2, template: pod('500m') })],
      deleted_objs: [],
    },
    {
      ts: 1_710_892_148,
      applied_objs: [
        object('web', 'Deployment', { replicas: 5, template: pod('750m') }),
        object('two', 'Job2', { roles: [{ pod: pod('1') }, { pod: pod('2') }] }),
        object('odd', 'Other', {}),
      ],
    },
    { ts: 1_710_892_158, deleted_objs: [object('web', 'Deployment', {})] },
  ],
  pod_lifecycles: { a: {}, b: {} },
};

test('web starts with 2, is resized to 5 of 750m and goes after 20 s; pods are found at the tracked paths', async () => {
  const { services, events, notes, startUnixMs } = await importSimkube(files.write('a.json', JSON.stringify(trace)));
  expect(startUnixMs).toBe(1_710_892_138_000);
  expect(services?.ids).toEqual(['ns/Deployment/web', 'ns/Job2/two', 'ns/Other/odd']);
  expect(Array.from(services?.replicas ?? [])).toEqual([5, 1, 1]);
  expect(Array.from(services?.requestMilliCpu ?? [])).toEqual([750, 3_000, 0]);
  expect(Array.from(services?.requestMemMib ?? [])).toEqual([1_024, 2_048, 0]);
  expect(Array.from(services?.startMs ?? [])).toEqual([0, 10_000, 10_000]);
  expect(Array.from(services?.endMs ?? [])).toEqual([20_000, Number.NaN, Number.NaN]);
  expect(events?.kinds).toEqual(['add', 'update', 'add', 'add', 'remove']);
  expect(notes).toEqual([
    '1 objects were applied again; the last size counts',
    '1 objects are of a kind the trace does not track; spec.template is taken',
    '1 objects hold no pod: their request is 0',
    '2 pod lifecycles are not kept',
  ]);
});

test('version 1 and an empty trace are refused', async () => {
  const of = (value: object) => importSimkube(files.write('b.json', JSON.stringify({ ...trace, ...value })));
  await expect(of({ version: 1 })).rejects.toThrow(/version is 1; 2 or 3 is expected/);
  await expect(of({ events: [] })).rejects.toThrow(/no object was applied/);
});

test('version 3 may leave paths out or null: those of Deployment, CronJob and Pod are known', async () => {
  const cron = object('tick', 'CronJob', { jobTemplate: { spec: { template: pod('2') } } });
  const value = {
    version: 3,
    config: {
      trackedObjects: { 'apps/v1.Deployment': { podSpecTemplatePaths: null }, 'x/v1.CronJob': {}, 'x/v1.Pod': {} },
    },
    events: [
      {
        ts: 5,
        applied_objs: [object('web', 'Deployment', { template: pod('1') }), cron, object('p', 'Pod', pod('3').spec)],
        deleted_objs: [],
      },
    ],
    index: {},
  };
  const { services } = await importSimkube(files.write('v3.json', JSON.stringify(value)));
  expect(Array.from(services?.requestMilliCpu ?? [])).toEqual([1_000, 2_000, 3_000]);
});

/** MessagePack by hand, of what a trace has: maps, lists, text, whole numbers up to 32 bits; keys of maps may be lists. */
function packed(value: unknown): number[] {
  const word = (marker: number, count: number) => [
    marker,
    count >>> 24,
    (count >>> 16) & 255,
    (count >>> 8) & 255,
    count & 255,
  ];
  if (value === null) return [0xc0];
  if (typeof value === 'boolean') return [value ? 0xc3 : 0xc2];
  if (typeof value === 'number') return value < 128 ? [value] : word(0xce, value);
  if (typeof value === 'string') {
    const bytes = Array.from(new TextEncoder().encode(value));
    return bytes.length < 32 ? [0xa0 + bytes.length, ...bytes] : [...word(0xdb, bytes.length), ...bytes];
  }
  if (Array.isArray(value)) return [...word(0xdd, value.length), ...value.flatMap(packed)];
  const entries = value instanceof Map ? Array.from(value) : Object.entries(value as object);
  return [...word(0xdf, entries.length), ...entries.flatMap(([key, inner]) => [...packed(key), ...packed(inner)])];
}

test.skipIf(missing)(
  'an .sktrace gives what the same trace gives as JSON; its lifecycles have keys that are lists',
  async () => {
    const lifecycles = new Map<unknown, unknown>([
      [['apps/v1.Deployment', 'ns/web'], new Map([[7, []]])],
      [['x/v1.Job2', 'ns/two'], {}],
    ]);
    const path = files.path('a.sktrace');
    files.writeBytes('a.sktrace', Uint8Array.from(packed({ ...trace, pod_lifecycles: lifecycles })));
    const fromJson = await importSimkube(files.write('same.json', JSON.stringify(trace)));
    expect(await importSimkube(path)).toEqual(fromJson);
  },
);

test.skipIf(missing)('an .sktrace that is cut off, that goes on, or that is no trace is named', async () => {
  const whole = packed(trace);
  const of = (name: string, bytes: number[]) => importSimkube(files.writeBytes(name, Uint8Array.from(bytes)));
  await expect(of('cut.sktrace', whole.slice(0, -9))).rejects.toThrow(/cut\.sktrace: not MessagePack/);
  await expect(of('long.sktrace', [...whole, 1])).rejects.toThrow(/long\.sktrace: not MessagePack/);
  await expect(of('other.sktrace', packed([1]))).rejects.toThrow(/other\.sktrace: is \[1\]; an object is expected/);
  await expect(importSimkube(files.path('absent.sktrace'))).rejects.toThrow(/absent\.sktrace: .*ENOENT/);
});

const data = publicData('SimKube trace of the social network');
test.skipIf(data === '')('the public trace is of DeathStarBench: 27 or more deployments of one replica', async () => {
  const { services } = await importSimkube(join(data, 'simkube/large_trace.json.gz'));
  expect(services?.count).toBeGreaterThanOrEqual(27);
  expect(services?.kinds.includes('deployment')).toBe(true);
});
