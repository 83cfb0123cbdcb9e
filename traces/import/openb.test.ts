import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { importOpenb } from './openb.ts';
import { createTestFiles, publicData } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const header =
  'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time';
const pods = `${header}
p-0,12000,16384,1,460,,LS,Running,20,100,25
p-1,6000,12288,2,1000,V100M16|V100M32,BE,Failed,10,15,
p-2,500,1024,0,0,,Burstable,Succeeded,0,50,0
`;
const nodes = 'sn,cpu_milli,memory_mib,gpu,model\nn-0,64000,262144,2,P100\nn-1,96000,786432,0,\n';

describe('quirks of the format', () => {
  const trace = importOpenb(files.write('pods.csv', pods), files.write('nodes.csv', nodes));

  test('pods are ordered by creation; a run lasts from scheduled to deleted, 25 to 100 s = 75 s', async () => {
    const { tasks } = await trace;
    expect(tasks.ids).toEqual(['p-2', 'p-1', 'p-0']);
    expect(Array.from(tasks.durationMs)).toEqual([50_000, Number.NaN, 75_000]);
  });

  test('an empty scheduled_time is a pod that never ran', async () => {
    expect((await trace).notes).toEqual(['1 pods were never scheduled: their duration is unknown']);
  });

  test('gpu_spec with a bar means either model, an empty one any; a share comes with one GPU', async () => {
    const { tasks } = await trace;
    expect(tasks.gpuModels).toEqual([[], ['V100M16', 'V100M32'], []]);
    expect(Array.from(tasks.gpus)).toEqual([0, 2, 1]);
    expect(Array.from(tasks.gpuMilli)).toEqual([0, 1_000, 460]);
  });

  test('nodes keep names, sizes and GPU model', async () => {
    const { hosts } = await trace;
    expect(hosts.ids).toEqual(['n-0', 'n-1']);
    expect(Array.from(hosts.memMib)).toEqual([262_144, 786_432]);
    expect(Array.from(hosts.gpus)).toEqual([2, 0]);
    expect(hosts.gpuModel).toEqual(['P100', '']);
  });

  test('a list of GPU nodes only numbers them anew: its n-0 is the n-1 of all nodes, and a note says that names differ', async () => {
    const head = 'sn,cpu_milli,memory_mib,gpu,model\n';
    const [all, gpuOnly] = await Promise.all(
      [`${head}n-0,32000,262144,0,\nn-1,64000,262144,2,P100\n`, `${head}n-0,64000,262144,2,P100\n`].map((list, at) =>
        importOpenb(files.write(`pods-${at}.csv`, pods), files.write(`nodes-${at}.csv`, list)),
      ),
    );
    expect([all.hosts.ids[1], all.hosts.milliCpu[1]]).toEqual(['n-1', 64_000]);
    expect([gpuOnly.hosts.ids[0], gpuOnly.hosts.milliCpu[0]]).toEqual(['n-0', 64_000]);
    const said = ({ notes }: { notes: readonly string[] }) => notes.filter((note) => note.includes('GPU nodes only'));
    expect([said(all).length, said(gpuOnly).length]).toEqual([0, 1]);
  });

  test('a multi-GPU list has five columns and no times: submitted at 0 in list order', async () => {
    const path = files.write('m.csv.gz', 'name,cpu_milli,memory_mib,num_gpu,gpu_milli\nb,1,2,4,1000\na,1,2,8,1000\n');
    const { tasks, notes } = await importOpenb(path);
    expect(tasks.ids).toEqual(['b', 'a']);
    expect(Array.from(tasks.submitMs)).toEqual([0, 0]);
    expect(notes).toEqual(['2 pods have no creation time; they are submitted at 0 in the order of the list']);
  });
});

describe('what is refused names file and row', () => {
  const cases: [string, string, RegExp][] = [
    ['a missing column', 'name,cpu_milli\na,1\n', /x\.csv:1 has no column memory_mib/],
    ['a short row', `${header}\na,1,2\n`, /x\.csv:2 has 3 fields; the header has 11/],
    [
      'a share of two GPUs',
      `${header}\na,1,2,2,500,,LS,Running,0,1,0\n`,
      /x\.csv:2 pod a asks for a share \(500\) of 2/,
    ],
    ['half a milli', `${header}\na,1.5,2,0,0,,LS,Running,0,1,0\n`, /x\.csv:2 cpu_milli is 1\.5/],
    ['deleted before scheduled', `${header}\na,1,2,0,0,,LS,Running,0,3,9\n`, /x\.csv:2 pod a is deleted 6 s before/],
    ['a pod twice', `${header}\na,1,2,0,0,,,,0,1,0\na,1,2,0,0,,,,0,1,0\n`, /x\.csv:3 pod a appears a second time/],
    ['an open quote', `${header}\n"a,1,2,0,0,,,,0,1,0\n`, /x\.csv:2 ends inside a quoted field/],
  ];
  for (const [what, content, message] of cases)
    test(what, () => expect(importOpenb(files.write('x.csv', content))).rejects.toThrow(message));
});

const data = publicData('openb lists of 8 152 pods and 1 213 nodes');
test.skipIf(data === '')('the default list has 8 152 pods, the GPU nodes 6 212 GPUs on 1 213 hosts', async () => {
  const folder = join(data, 'openb');
  const trace = await importOpenb(
    join(folder, 'openb_pod_list_default.csv'),
    join(folder, 'openb_node_list_gpu_node.csv'),
  );
  expect(trace.tasks.count).toBe(8_152);
  expect(trace.hosts.ids.length).toBe(1_213);
  expect(trace.hosts.gpus.reduce((a, b) => a + b, 0)).toBe(6_212);
});
