/** What the Mesos plane says of itself in the report: how offers went, and who stands outside. */
import type { ChronosConfig, ChronosState } from '../../../policies/chronos/state.ts';
import { operationsPerJob, SISYPHUS_STORE_OPERATIONS } from '../../../policies/chronos/store-cost.ts';
import type { SisyphusState } from '../../../policies/sisyphus/framework.ts';
import { gpusOf } from './agents.ts';
import type { Driver } from './driver.ts';
import { executorSentences } from './executors.ts';
import { agentSentences } from './explain-agents.ts';
import { counterSentences } from './explain-counters.ts';
import { operatorSentences } from './explain-operator.ts';
import { queueSentences } from './explain-queues.ts';
import { doorSentences } from './front-door.ts';
import { type MesosRun, type MesosState, masterOf } from './mesos-run.ts';
import { hasQueue, oldestWaiting, roomFor } from './room.ts';

/** Sentences for the report, with numbers. */
export function describe(run: MesosRun): readonly string[] {
  const { s, setup } = run;
  const { offers, launches, declines, rescinds } = s.counters;
  const each = launches > 0 ? (offers / launches).toFixed(1) : '-';
  const sentences = [
    `Mesos made ${offers} offers for ${launches} launches (${each} a launch); ${declines} were declined, ${rescinds} rescinded.`,
  ];
  for (const { allocator } of s.masters)
    if (allocator.pace !== null) sentences.push(paceSentence(allocator.pace.longestMs, run));
  sentences.push(...doorSentences(run), ...radiusSentences(run));
  const { inverseOffers, spilled } = s.counters;
  if (inverseOffers > 0)
    sentences.push(`${inverseOffers} inverse offers asked frameworks to leave agents before their maintenance.`);
  const { unheard, reconciled } = s.counters;
  if (unheard > 0)
    sentences.push(
      `${unheard} tasks ended without their framework hearing of it: a scheduler or a master was lost when they did; reconciliation found ${reconciled} of them.`,
    );
  if (spilled > 0) sentences.push(`${spilled} tasks spilled over from a full queue to that of another cluster.`);
  const { made, refused } = s.reservations;
  if (made + refused > 0)
    sentences.push(
      `The operator reserved or gave back resources on ${made} agents; ${refused} agents refused, because what was asked for was in use or they were away.`,
    );
  sentences.push(...operatorSentences(run), ...counterSentences(run));
  for (const driver of s.drivers) {
    const { name } = driver.plan;
    const own = s.outages.filter((outage) => outage.driver === driver.index);
    if (own.length > 0) sentences.push(outageSentence(name, driver.plan.scheduler, own, run.now.nowMs));
    const held = [...masterOf(run, driver).offers.values()].filter(({ framework }) => framework === name);
    const agents = new Set(held.map(({ agent }) => agent)).size;
    if (held.length > 0)
      sentences.push(
        `At the end "${name}" holds ${held.length} offers on ${agents} of ${setup.agents.hostname.length} agents and answers none; an offer timeout would take them back.`,
      );
    const missed = s.backlog[driver.index];
    if (missed !== null)
      sentences.push(
        `At the end "${name}" is not subscribed: it is offered nothing until it subscribes anew, and ${missed.length} updates wait for it.`,
      );
  }
  sentences.push(...executorSentences(run), ...agentSentences(run), ...queueSentences(run));
  for (const driver of s.drivers) {
    const short = hasQueue(run, driver) ? shortage(run, driver) : '';
    if (short !== '') sentences.push(short);
  }
  for (const driver of s.drivers) {
    const store = storeSentence(driver, run.now.nowMs);
    if (store !== '') sentences.push(store);
  }
  return sentences;
}

function paceSentence(longestMs: number, { setup }: MesosRun): string {
  const { allocationIntervalMs } = setup.plan;
  const periodMs = allocationIntervalMs + longestMs;
  return `An allocation run took up to ${longestMs} ms and its offers left at its end, so runs came every ${periodMs} ms instead of every ${allocationIntervalMs} ms.`;
}

/** What the job store allows a Chronos or a Sisyphus, where its round trips take time. */
function storeSentence({ plan, state }: Driver, nowMs: number): string {
  if (plan.kind !== 'chronos' && plan.kind !== 'sisyphus') return '';
  const { store, config } = state as ChronosState | SisyphusState;
  const operations = plan.kind === 'chronos' ? (config as ChronosConfig).storeOperations : SISYPHUS_STORE_OPERATIONS;
  const { storeOperationMs } = config;
  if (storeOperationMs === 0 || nowMs === 0) return '';
  const each = operationsPerJob(operations);
  const most = (1000 / (each * storeOperationMs)).toFixed(1);
  const busy = Math.min(100, (100 * store.operations * storeOperationMs) / nowMs).toFixed(0);
  return `The job store of "${plan.name}" takes ${storeOperationMs} ms a round trip and ${each} of them a job, so at most ${most} jobs a second; it was busy for ${busy} % of the time.`;
}

/** How far the loss of schedulers reached: how many frameworks, how many at once, and how long in all. */
function radiusSentences({ s, now }: MesosRun): string[] {
  const struck = new Set(s.outages.map(({ driver }) => driver));
  if (struck.size < 2) return [];
  let seconds = 0;
  let most = 0;
  for (const { fromMs, toMs } of s.outages) {
    seconds += (Math.min(toMs, now.nowMs) - fromMs) / 1000;
    most = Math.max(most, s.outages.filter((other) => other.fromMs <= fromMs && fromMs < other.toMs).length);
  }
  return [
    `${struck.size} of ${s.drivers.length} frameworks were without a scheduler, ${most} at once, ${seconds.toFixed(1)} s in all.`,
  ];
}

function outageSentence(name: string, service: string, outages: MesosState['outages'], nowMs: number): string {
  const seconds = outages.reduce((sum, { fromMs, toMs }) => sum + Math.min(toMs, nowMs) - fromMs, 0) / 1000;
  return `The scheduler of "${name}" (service ${service}) was away ${outages.length === 1 ? 'once' : `${outages.length} times`}, ${seconds.toFixed(1)} s in all.`;
}

/** Which resource keeps the oldest waiting task of a framework off its agents, from what is available there. */
function shortage(run: MesosRun, driver: Driver): string {
  const row = oldestWaiting(run, driver);
  if (row < 0) return '';
  const { agents, cpu, mem, disk, gpus, all } = roomFor(run, driver, row, 'available');
  const least = Math.min(cpu, mem, disk, gpus);
  const others = least === mem ? 'memory' : least === disk ? 'disk' : 'the number of GPUs';
  const short = least === cpu ? 'CPU' : others;
  // A few agents with room are gaps that the next run fills; most of them with room are no shortage.
  const what = 2 * all > agents ? `${all} have all of it, so offers are short` : `${short} is short`;
  const withDevices = gpusOf(run.setup.context.cluster, row) === 0 ? '' : `, ${gpus} the GPUs`;
  return `At the end ${run.s.queued[driver.index]} tasks wait at "${driver.plan.name}"; of ${agents} agents ${cpu} have the CPU one asks for, ${mem} the memory, ${disk} the disk${withDevices}: ${what}.`;
}
