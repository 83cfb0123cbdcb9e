/** Best-effort load written out by hand, task by task, for tests. */
import { MS_PER_HOUR } from '../../policies/base/units.ts';
import { type BatchSource, growBatchChunk, type PressureClass } from '../../traces/format.ts';

const GIB = 1_073_741_824;

export interface HandTask {
  readonly submitMs: number;
  readonly durationMs: number;
  readonly cores: number;
  /** Absent = a job of its own. Jobs are numbered from 0 in the order they are submitted. */
  readonly job?: number;
  readonly stage?: number;
  readonly requestGib?: number;
  /** Absent = as requested. */
  readonly usedGib?: number;
}

/** A source of one population, `work`. Tasks come in the order (submitMs, job, stage). */
export function batchOf(tasks: readonly HandTask[], pressureClass: PressureClass = 'spin'): BatchSource {
  const hourOf = (task: HandTask) => Math.floor(task.submitMs / MS_PER_HOUR);
  const jobOf = (task: HandTask, at: number) => task.job ?? at;
  const hours = 1 + Math.max(...tasks.map(hourOf));
  const firstJobOfHour = Int32Array.from({ length: hours + 1 }, (_, hour) => {
    const later = tasks.findIndex((task) => hourOf(task) >= hour);
    return later >= 0 ? jobOf(tasks[later], later) : jobOf(tasks[tasks.length - 1], tasks.length - 1) + 1;
  });
  return {
    populations: [{ name: 'work', pressureClass, priority: 5500 }],
    firstJobOfHour,
    fillHour(hour, out) {
      out.count = 0;
      growBatchChunk(out, tasks.length);
      tasks.forEach((task, index) => {
        if (hourOf(task) !== hour) return;
        const at = out.count++;
        out.submitMs[at] = task.submitMs;
        out.population[at] = 0;
        out.job[at] = jobOf(task, index);
        out.stage[at] = task.stage ?? 0;
        out.requestMilliCpu[at] = 1000 * task.cores;
        out.demandMilliCpu[at] = 1000 * task.cores;
        out.requestMemBytes[at] = (task.requestGib ?? 1) * GIB;
        out.usedMemBytes[at] = (task.usedGib ?? task.requestGib ?? 1) * GIB;
        out.gpu[at] = 0;
        out.durationMs[at] = task.durationMs;
        out.deadlineMs[at] = Infinity;
      });
    },
  };
}
