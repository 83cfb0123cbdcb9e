/** Made tables of the bulk formats, as many tasks as wanted: ids, orders and repetitions as in the public files, other numbers at random. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { keyedWord } from '../sim/kernel/random.ts';

const CHUNK = 2_000;
const TASKS_PER_JOB = 5;
/** 2 of 3 tasks of a job wait for the one before it. */
const dagName = (at: number) => (at % 3 === 0 ? `M${at + 1}` : `R${at + 1}_${at}`);
const draw = (row: number, part: number, below: number) => (keyedWord(part, row) >>> 0) % below;
const unit = (row: number, part: number) => ((keyedWord(part, row) >>> 0) / 4_294_967_296).toFixed(9);

/** The line of a row, or several. */
type Line = (row: number) => string;

function* chunks(rows: number, line: Line, head = ''): Generator<string> {
  if (head !== '') yield head;
  for (let first = 0; first < rows; first += CHUNK) {
    let text = '';
    for (let row = first; row < Math.min(rows, first + CHUNK); row++) text += line(row);
    yield text;
  }
}

const jobOf = (task: number) => 6_250_000_000 + Math.floor(task / TASKS_PER_JOB) * 7;
const hexOf = (task: number) =>
  [0, 1, 2].map((part) => (keyedWord(part, task) >>> 0).toString(16).padStart(8, '0')).join('');
const secondOf = (task: number) => 600 + Math.floor(task / 20);
const json = (value: object) => `${JSON.stringify(value)}\n`;

/** Tables of each format by name of the file: how many lines a task has, and what they are. */
const TABLES: Readonly<Record<string, Readonly<Record<string, { head?: string; line: Line }>>>> = {
  'google-2011': {
    'task_events/part-00000-of-00001.csv.gz': {
      line: (task) =>
        [0, 1, 4]
          .map(
            (type) =>
              `${(secondOf(task) + type * draw(task, 3, 900)) * 1e6},,${jobOf(task)},${task % TASKS_PER_JOB},${type === 0 ? '' : 38_676_000 + draw(task, 5, 12_500)},${type},${hexOf(task)}=,2,${draw(task, 4, 12)},${unit(task, 6)},${unit(task, 7)},${unit(task, 8)},0\n`,
          )
          .join(''),
    },
    'task_usage/part-00000-of-00001.csv.gz': {
      line: (task) =>
        `${secondOf(task) * 1e6},${(secondOf(task) + 300) * 1e6},${jobOf(task)},${task % TASKS_PER_JOB},${38_676_000 + draw(task, 5, 12_500)},${unit(task, 9)},${unit(task, 10)},0.1,0,0,0.2,0,0,${unit(task, 11)},0,2.1,0.01,0,1,0\n`,
    },
  },
  'google-2019': {
    'instance_events.json.gz': {
      line: (task) =>
        [0, 3, 6]
          .map((type) =>
            json({
              time: String((secondOf(task) + type) * 1e6),
              type,
              collection_id: String(jobOf(task)),
              scheduling_class: 2,
              priority: 200,
              instance_index: task % TASKS_PER_JOB,
              machine_id: String(38_676_000 + draw(task, 5, 12_500)),
              resource_request: { cpus: Number(unit(task, 6)), memory: Number(unit(task, 7)) },
            }),
          )
          .join(''),
    },
    'instance_usage.json.gz': {
      line: (task) =>
        json({
          start_time: String(secondOf(task) * 1e6),
          end_time: String((secondOf(task) + 300) * 1e6),
          collection_id: String(jobOf(task)),
          instance_index: task % TASKS_PER_JOB,
          average_usage: { cpus: Number(unit(task, 9)), memory: Number(unit(task, 10)) },
          maximum_usage: { cpus: Number(unit(task, 11)) },
        }),
    },
  },
  'alibaba-2017': {
    'batch_task.csv.gz': {
      line: (task) =>
        `${secondOf(task)},${secondOf(task) + draw(task, 3, 900)},${jobOf(task)},${task % TASKS_PER_JOB},2,Terminated,50,${unit(task, 6)}\n`,
    },
    'batch_instance.csv.gz': {
      line: (task) =>
        `${secondOf(task)},${secondOf(task) + draw(task, 3, 900)},${jobOf(task)},${task % TASKS_PER_JOB},${draw(task, 5, 1300)},Terminated,1,1,${unit(task, 8)},${unit(task, 9)},0.1,0.1\n`.repeat(
          2,
        ),
    },
  },
  'alibaba-2018': {
    'batch_task.csv.gz': {
      line: (task) =>
        `${dagName(task % TASKS_PER_JOB)},2,j_${jobOf(task)},${1 + draw(task, 4, 12)},Terminated,${secondOf(task)},${secondOf(task) + draw(task, 3, 900)},100,${unit(task, 6)}\n`,
    },
    'batch_instance.csv.gz': {
      line: (task) =>
        [1, 2]
          .map(
            (seq) =>
              `ins_${hexOf(task + seq)},${dagName(task % TASKS_PER_JOB)},j_${jobOf(task)},1,Terminated,${secondOf(task)},${secondOf(task) + draw(task, 3, 900)},m_${draw(task, 5, 4000)},${seq},2,${unit(task, 8)},${unit(task, 9)},0.1,0.1\n`,
          )
          .join(''),
    },
  },
  'gpu-v2020': {
    'pai_task_table.csv.gz': {
      line: (task) =>
        `${hexOf(Math.floor(task / 2))},w${task % 2},2,Terminated,${secondOf(task)}.0,${secondOf(task) + draw(task, 3, 9000)}.0,600.0,29.296875,${draw(task, 4, 4) * 50}.0,MISC\n`,
    },
    'pai_instance_table.csv.gz': {
      line: (task) =>
        `${hexOf(Math.floor(task / 2))},w${task % 2},${hexOf(task)}i,${hexOf(task)}k,${hexOf(task)}n,Terminated,${secondOf(task)}.0,${secondOf(task) + 5}.0,${hexOf(draw(task, 5, 1800))}\n`,
    },
    'pai_job_table.csv.gz': {
      line: (task) =>
        task % 2 === 0
          ? `${hexOf(task / 2)},${hexOf(task)}k,${hexOf(draw(task, 6, 1200))},Terminated,${secondOf(task)}.0,${secondOf(task) + 9}.0\n`
          : '',
    },
  },
  'gpu-v2025': {
    'list.csv.gz': {
      head: 'instance_sn,role,app_name,cpu_request,cpu_limit,gpu_request,gpu_limit,rdma_request,rdma_limit,memory_request,memory_limit,disk_request,disk_limit,max_instance_per_node,creation_time,scheduled_time,deletion_time\n',
      line: (task) =>
        `instance_${hexOf(task)},CN,app_${draw(task, 4, 150)},8,8,0,0,1,1,${16 + draw(task, 5, 90)},64,100,100,-1,${secondOf(task)},${secondOf(task) + 5},${secondOf(task) + draw(task, 3, 90_000) + 5}\n`,
    },
  },
  azure: {
    'vmtable.csv.gz': {
      line: (task) =>
        `${hexOf(task)}+/=,${hexOf(draw(task, 4, 6000))},${hexOf(draw(task, 5, 30_000))},${draw(task, 3, 1000) * 300},2591400,${unit(task, 6)},${unit(task, 7)},${unit(task, 8)},Interactive,${2 + 2 * draw(task, 9, 2)},4\n`,
    },
    'vm_cpu_readings-file-1-of-1.csv.gz': {
      line: (task) =>
        `${Math.floor(task / 4) * 300},${hexOf(task)}+/=,${unit(task, 10)},${unit(task, 11)},${unit(task, 12)}\n`.repeat(
          2,
        ),
    },
  },
};

export const BULK_FORMATS = Object.keys(TABLES);

/** Writes the tables of `format` for so many tasks (VMs, instances) below `folder`; gives their paths. */
export async function makeBulkFiles(format: string, tasks: number, folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const [name, { head = '', line }] of Object.entries(TABLES[format])) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await pipeline(Readable.from(chunks(tasks, line, head)), createGzip({ level: 1 }), createWriteStream(path));
    paths.push(path);
  }
  return paths;
}
