import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { importGpuV2020 } from './gpu-v2020.ts';
import { importGpuV2025 } from './gpu-v2025.ts';
import { testContext } from './test-context.ts';
import { createTestFiles, publicData } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

test('v2020: 4 instances of 600/100 cores, 29.3 GB and half a GPU are 24 cores and 4 GPUs of 500; 150 rounds up to 2 whole ones', async () => {
  const tasks = files.write(
    'pai_task_table.csv',
    [
      'job1,worker,4,Terminated,100,160,600,29.296875,50,T4',
      'job1,ps,1,Failed,100,,600,10,,CPU',
      'job2,w,1,Running,90,80,100,1,150,MISC',
    ].join('\n'),
  );
  const instances = files.write(
    'pai_instance_table.csv',
    'job1,worker,a,w,i,T,1,2,m1\njob1,worker,b,w,i,T,1,2,m2\njob2,w,a,w,i,T,1,2,m3',
  );
  const jobs = files.write('pai_job_table.csv', 'job1,i,alice,Terminated,1,2');
  const { tasks: columns, notes } = await importGpuV2020([jobs, tasks, instances], testContext().context);
  expect(columns.ids).toEqual(['job2/w', 'job1/worker', 'job1/ps']);
  expect(Array.from(columns.requestMilliCpu)).toEqual([1_000, 24_000, 6_000]);
  expect(columns.requestMemMib[1]).toBe(29.296875 * 1024 * 4);
  expect(Array.from(columns.gpus)).toEqual([2, 4, 0]);
  expect(Array.from(columns.gpuMilli)).toEqual([1_000, 500, 0]);
  expect(columns.gpuModels).toEqual([[], ['T4'], ['CPU']]);
  expect(Array.from(columns.durationMs)).toEqual([Number.NaN, 60_000, Number.NaN]);
  expect(columns.hosts).toEqual(['m3', '', '']);
  expect(columns.qos[1]).toBe('alice');
  expect(notes).toEqual([
    'dates are shifted; hours of the day and days of the week are true for UTC+8',
    '2 tasks did not end as Terminated, the only success',
    '2 tasks have no start or no end: their duration is unknown',
    '1 tasks ask for more than one GPU but not for whole ones; rounded up',
  ]);
});

test('v2020: header lines are skipped, sensor and metric tables of a folder are not read; a task row that is repeated counts once, the last', async () => {
  files.write(
    'pai/pai_task_table.csv',
    [
      'job_name,task_name,inst_num,status,start_time,end_time,plan_cpu,plan_mem,plan_gpu,gpu_type',
      'j,w,1,Terminated,10,20,100,1,200,V100',
      'j,w,1,Terminated,10,40,100,1,200,V100',
    ].join('\n'),
  );
  files.write(
    'pai/pai_machine_spec.csv',
    'machine,gpu_type,cap_cpu,cap_mem,cap_gpu\nm,P100,64,512,2\nc,CPU,96,512,0\n',
  );
  files.write('pai/pai_sensor_table.csv', 'not,a,table,of,ours');
  files.write('pai/pai_machine_metric.csv', 'neither');
  const { tasks, hosts } = await importGpuV2020([files.path('pai')], testContext().context);
  expect(tasks.ids).toEqual(['j/w']);
  expect(Array.from(tasks.durationMs)).toEqual([30_000]);
  expect(Array.from(tasks.gpus)).toEqual([2]);
  expect(Array.from(tasks.gpuMilli)).toEqual([1_000]);
  expect(hosts.ids).toEqual(['m', 'c']);
  expect(Array.from(hosts.memMib)).toEqual([524_288, 524_288]);
  expect(hosts.gpuModel).toEqual(['P100', '']);
});

const HEADER =
  'instance_sn,role,app_name,cpu_request,cpu_limit,gpu_request,gpu_limit,rdma_request,rdma_limit,memory_request,memory_limit,' +
  'disk_request,disk_limit,max_instance_per_node,creation_time,scheduled_time,deletion_time';

test('v2025: an empty time lies outside the window; -1 is no limit; a column that is missing is named', async () => {
  const path = files.write(
    'dlrm.csv',
    `${HEADER}\ni1,HN,app_1,12,16,1,1,25,25,100,120,0,0,-1,,10,70\ni2,CN,app_1,64,64,0,0,25,25,320,320,0,0,2,5,20,\n`,
  );
  const { tasks, notes } = await importGpuV2025(path, testContext().context);
  expect(Array.from(tasks.submitMs)).toEqual([0, 5_000]);
  expect(Array.from(tasks.durationMs)).toEqual([60_000, Number.NaN]);
  expect(Array.from(tasks.requestMilliCpu)).toEqual([12_000, 64_000]);
  expect(tasks.qos).toEqual(['HN', 'CN']);
  expect(notes.map((note) => note.split(' ')[0])).toEqual(['1', '1', '1']);
  const bad = files.write('short.csv', 'instance_sn,role\na,CN\n');
  await expect(importGpuV2025(bad, testContext().context)).rejects.toThrow(/short\.csv:1 has no column app_name/);
});

const data = publicData('GPU v2020 list of 1 897 machines');
test.skipIf(data === '')('the public list has 1 897 machines with a header line; 6 742 GPUs', async () => {
  const { hosts } = await importGpuV2020([join(data, 'alibaba-gpu-v2020')], testContext().context);
  expect(hosts.ids.length).toBe(1_897);
  expect(hosts.gpus.reduce((sum, gpus) => sum + gpus, 0)).toBe(6_742);
});
