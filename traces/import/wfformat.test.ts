import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createTestFiles, publicData } from './test-files.ts';
import { importWfformat } from './wfformat.ts';

const files = createTestFiles();
afterAll(() => files.remove());
const write = (name: string, value: unknown) => files.write(name, JSON.stringify(value));

test('schema 1.3: parents by name, memory in KB, avgCPU 96 % of a core; a child listed before its parent', async () => {
  const path = write('a.json', {
    name: 'w',
    workflow: {
      machines: [{ nodeName: 'n', memory: 131_795_968, cpu: { count: 48 } }],
      tasks: [
        { name: 'b', runtime: 2.0005, parents: ['a', 'gone'], cores: 2, memory: 2048 },
        { name: 'a', runtime: 11.904, parents: [], avgCPU: 96 },
      ],
    },
  });
  const { tasks, hosts, notes } = await importWfformat(path);
  expect(tasks.ids).toEqual(['b', 'a']);
  expect(Array.from(tasks.parents)).toEqual([1]);
  expect(Array.from(tasks.durationMs)).toEqual([2_001, 11_904]);
  expect(tasks.requestMemMib[0]).toBe(2);
  expect(tasks.usedMilliCpu[1]).toBe(960);
  // 131 795 968 KB / 1024.
  expect(hosts.memMib[0]).toBe(128_707);
  expect(notes).toEqual(['1 parents are not in the workflow and are left out']);
});

test('schema 1.5: specification and execution joined by id, memory in bytes; older files call tasks jobs', async () => {
  const path = write('b.json', {
    workflow: {
      specification: {
        tasks: [
          { name: 'x', id: 'x_1', parents: [] },
          { name: 'x', id: 'x_2', parents: ['x_1'] },
        ],
      },
      execution: {
        tasks: [{ id: 'x_2', runtimeInSeconds: 3, coreCount: 4, memoryInBytes: 1_073_741_824 }],
        machines: [{ nodeName: 'n', memoryInBytes: 1_048_576, cpu: { coreCount: 8 } }],
      },
    },
  });
  const { tasks, hosts, notes } = await importWfformat(path);
  expect(Array.from(tasks.durationMs)).toEqual([Number.NaN, 3_000]);
  expect(tasks.requestMilliCpu[1]).toBe(4_000);
  expect(tasks.requestMemMib[1]).toBe(1_024);
  expect(Array.from(tasks.parents)).toEqual([0]);
  expect(hosts.milliCpu[0]).toBe(8_000);
  expect(notes).toEqual(['1 tasks have no run time']);
  const old = await importWfformat(write('c.json', { workflow: { jobs: [{ name: 'a', runtime: 1 }] } }));
  expect(old.tasks.count).toBe(1);
  await expect(importWfformat(write('d.json', { workflow: { tasks: [] } }))).rejects.toThrow(/d\.json: no task/);
  await expect(importWfformat(write('e.json', { workflow: {} }))).rejects.toThrow(/workflow\.jobs is missing/);
});

const data = publicData('WfFormat instance of epigenomics');
test.skipIf(data === '')(
  'the public epigenomics instance has tasks on 3 machines of 48 cores and no lost parent',
  async () => {
    const { tasks, hosts, notes } = await importWfformat(
      join(data, 'wfformat/epigenomics-chameleon-ilmn-2seq-50k-001.json.gz'),
    );
    expect(tasks.count).toBeGreaterThan(100);
    expect(Array.from(hosts.milliCpu)).toEqual([48_000, 48_000, 48_000]);
    expect(notes).toEqual([]);
  },
);
