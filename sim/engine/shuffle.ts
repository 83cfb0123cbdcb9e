/**
 * Output of a stage that lies on the hosts of its tasks until the next stage is done, and is made again when it is lost.
 *
 *   lost = output of the job on the host / its executors there, x (1 - moved),  moved = min(1, grace x bandwidth / bytes) on a drained host, else 0
 *
 * Who starts next of the job makes what was lost again before its own work: one task after the other, where Spark would spread it over its executors. If
 * nobody starts any more, everybody had read it. A host that dies takes the output of all jobs. With a shuffle service (`remote`) nothing lies on hosts.
 */
import { taskRowsOnHost } from '../cluster/apply.ts';
import { TASK_STATE } from '../cluster/tasks.ts';
import { migratedShare } from '../host/best-effort.ts';
import type { Engine } from './engine.ts';
import type { Execution, Output } from './execution.ts';

/** The task has ended: its output lies on its host if its job has stages to come. */
export function keepOutput(engine: Engine, execution: Execution, row: number): void {
  const { tasks } = engine.cluster;
  const job = tasks.job[row];
  if (execution.ways[tasks.group[row]].shuffle !== 'local' || engine.jobs.firstHeld[job] < 0) return;
  execution.outputs[job] ??= { held: [], making: [], lostCoreMs: 0 };
  add(execution.outputs[job].making, tasks.host[row], tasks.durationMs[row] * tasks.demandMilliCpu[row]);
}

/** The next stage of a job is released: it reads what the last one made. */
export function openStage(execution: Execution, job: number): void {
  const outputs = execution.outputs[job];
  if (outputs === undefined) return;
  outputs.held = outputs.making;
  outputs.making = [];
}

/** The job is over. */
export function dropOutputs(execution: Execution, job: number): void {
  delete execution.outputs[job];
}

/** A running task is about to lose its executor: its share of the job's output on the host goes with it, but for what is moved in `graceSeconds`. */
export function loseOutput(engine: Engine, execution: Execution, row: number, graceSeconds: number): void {
  const { cluster, rows } = engine;
  const { tasks } = cluster;
  const outputs = execution.outputs[tasks.job[row]];
  if (outputs === undefined || tasks.state[row] !== TASK_STATE.running) return;
  const host = tasks.host[row];
  let executors = 0;
  const n = taskRowsOnHost(cluster, host, rows);
  for (let i = 0; i < n; i++) {
    if (tasks.job[rows[i]] === tasks.job[row] && tasks.state[rows[i]] === TASK_STATE.running) executors++;
  }
  const bytes = (coreMsOn(outputs.held, host) + coreMsOn(outputs.making, host)) * execution.bytesPerCoreMs;
  const moved = migratedShare(graceSeconds, execution.migrateBytesPerSecond, bytes);
  const share = (1 - moved) / executors;
  outputs.lostCoreMs += takeFrom(outputs.held, host, share) + takeFrom(outputs.making, host, share);
}

/** A host has died: all output on it is lost. */
export function loseOutputsOn(execution: Execution, host: number): void {
  for (const outputs of Object.values(execution.outputs))
    outputs.lostCoreMs += takeFrom(outputs.held, host, 1) + takeFrom(outputs.making, host, 1);
}

/** Core-ms that a task of the job which starts on `host` makes again; the output then lies there. */
export function takeLostOutput(execution: Execution, job: number, host: number): number {
  const outputs = execution.outputs[job];
  if (outputs === undefined || outputs.lostCoreMs === 0) return 0;
  const { lostCoreMs } = outputs;
  outputs.lostCoreMs = 0;
  add(outputs.held, host, lostCoreMs);
  return lostCoreMs;
}

function add(list: Output[], host: number, coreMs: number): void {
  const known = list.find((output) => output.host === host);
  if (known === undefined) list.push({ host, coreMs });
  else known.coreMs += coreMs;
}

function coreMsOn(list: readonly Output[], host: number): number {
  return list.find((output) => output.host === host)?.coreMs ?? 0;
}

function takeFrom(list: readonly Output[], host: number, share: number): number {
  const known = list.find((output) => output.host === host);
  if (known === undefined) return 0;
  const taken = share * known.coreMs;
  known.coreMs -= taken;
  return taken;
}
