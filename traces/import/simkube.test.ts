import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { importSimkube } from './simkube.ts';
import { createTestFiles, publicData } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

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

test('msgpack, version 1 and an empty trace are refused', async () => {
  await expect(importSimkube('a.sktrace')).rejects.toThrow(/a\.sktrace: the msgpack form is not read/);
  const of = (value: object) => importSimkube(files.write('b.json', JSON.stringify({ ...trace, ...value })));
  await expect(of({ version: 1 })).rejects.toThrow(/version is 1; 2 is expected/);
  await expect(of({ events: [] })).rejects.toThrow(/no object was applied/);
});

const data = publicData('SimKube trace of the social network');
test.skipIf(data === '')('the public trace is of DeathStarBench: 27 or more deployments of one replica', async () => {
  const { services } = await importSimkube(join(data, 'simkube/large_trace.json.gz'));
  expect(services?.count).toBeGreaterThanOrEqual(27);
  expect(services?.kinds.includes('deployment')).toBe(true);
});
