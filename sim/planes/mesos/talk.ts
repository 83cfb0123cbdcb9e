/** Messages between master and frameworks, carried until nobody has anything more to say at this moment. */
import { fail } from '../../../policies/base/assert.ts';
import { risingDelete, risingGet } from '../../../policies/base/rising-map.ts';
import { type Offers, TaskStatus } from '../../../policies/framework.ts';
import { DEFAULT_REFUSE_MS } from '../../../policies/mesos/allocator-state.ts';
import type { BulkOffers } from '../../../policies/mesos/bulk-offers.ts';
import type { MasterMessage, TaskId } from '../../../policies/mesos/master-messages.ts';
import { EVICT_REASON } from '../../../policies/ports.ts';
import { TASK_KIND } from '../../cluster/tasks.ts';
import { launchDelayMs } from '../launch-pipeline.ts';
import { freeCards, gpusOf } from './agents.ts';
import { ask, killTask, perform } from './answers.ts';
import { bulkColumns, type Driver, driverOfTask, giveBack, offerColumns, takeActions, taskNumber } from './driver.ts';
import { executorFromMaster, startExecutor } from './executors.ts';
import { waitAgain } from './job-runs.ts';
import { frameworkContext, type MesosRun, masterOf } from './mesos-run.ts';
import { agentGivenUp } from './partitions.ts';
import { hasSurplus, takeAway } from './spare-replicas.ts';
import { fineDelayMs, isExecutor } from './spark-apps.ts';
import { foundOver, foundUnreachable, tell } from './updates.ts';

/** More rounds than this in one millisecond are an endless talk. */
const MOST_ROUNDS = 10_000;

/** Runs pending allocations and carries messages until all are heard. */
export function deliverAll(run: MesosRun, nowMs: number): void {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let said = 0;
    for (const master of run.s.masters) {
      master.settle();
      const messages = master.takeMessages();
      said += messages.length;
      for (const message of messages) deliver(run, message, nowMs);
    }
    if (said === 0) return;
  }
  fail(`master and frameworks do not come to an end at ${nowMs} ms`);
}

function deliver(run: MesosRun, message: MasterMessage, nowMs: number): void {
  const { s } = run;
  switch (message.type) {
    case 'offers': {
      const driver = driverByName(run, message.framework);
      s.counters.offers += message.offers.length;
      s.tally.offers[driver.index] += message.offers.length;
      const offers = offerColumns(run.pool, s.kinds, message.offers);
      offer(run, driver, offers, null, nowMs);
      break;
    }
    case 'bulkOffers':
      offerInBulk(run, message.bulk, nowMs);
      break;
    case 'rescind': {
      const driver = driverByName(run, message.framework);
      s.counters.rescinds++;
      ask(run, driver, nowMs, (context, out) => driver.framework.rescind(driver.state, message.offerId, context, out));
      break;
    }
    case 'runTask':
      runTask(run, message.task, Number(message.agent), nowMs);
      break;
    case 'inverseOffer':
      answerInverseOffer(run, message.framework, message.agent, nowMs);
      break;
    case 'agentUnreachable':
      agentGivenUp(run, Number(message.agent), nowMs);
      break;
    case 'killTask':
      killTask(run, message.task, nowMs, message.maxGraceMs);
      break;
    case 'status':
      statusFromMaster(run, message.status.task, message.status.state, nowMs);
      break;
    default:
      // Errors, lost agents and shutdowns of frameworks change nothing here: what they mean is told task by task.
      break;
  }
}

/** Whole agents at once: asked about while they are not booked, or, when the master had to keep them meanwhile, like any other. */
function offerInBulk(run: MesosRun, bulk: BulkOffers, nowMs: number): void {
  const { s } = run;
  const driver = driverByName(run, bulk.framework);
  s.counters.offers += bulk.rows.length;
  s.tally.offers[driver.index] += bulk.rows.length;
  const offers =
    bulk.kept.length > 0
      ? offerColumns(run.pool, s.kinds, bulk.kept)
      : bulkColumns(run.pool, s.kinds, bulk, masterOf(run, driver).allocator.ledger.columns);
  offer(run, driver, offers, bulk.kept.length > 0 ? null : bulk, nowMs);
  masterOf(run, driver).keepRest(bulk);
}

/** Offers to a framework and does what it answers; `bulk` when they are those of a bulk. */
function offer(run: MesosRun, driver: Driver, offers: Offers, bulk: BulkOffers | null, nowMs: number): void {
  const out = takeActions(run.pool);
  driver.framework.resourceOffers(driver.state, offers, frameworkContext(run, nowMs), out);
  if (out.count > 0) perform(run, driver, out, nowMs, offers, bulk);
  giveBack(run.pool);
}

function driverByName(run: MesosRun, name: string): Driver {
  return run.s.drivers.find((driver) => driver.plan.name === name) ?? fail(`no framework "${name}"`);
}

/** The master let a task start: its row is bound, and runs when the host's daemon has created the container. */
function runTask(run: MesosRun, id: TaskId, host: number, nowMs: number): void {
  const { s, setup } = run;
  const { tasks } = setup.context.cluster;
  const driver = driverOfTask(s.drivers, id);
  const task = taskNumber(driver, id);
  if (isExecutor(run, driver, task)) {
    startExecutor(run, driver, task, host, nowMs);
    return;
  }
  const row = risingGet(driver.rowOfTask, task) ?? fail(`task ${id} was not launched`);
  s.counters.launches++;
  s.tally.launches[driver.index]++;
  s.tally.launchesOn[host]++;
  s.waiting[row] = 0;
  const group = tasks.group[row];
  const image = tasks.kind[row] === TASK_KIND.online ? group : setup.services.length + group;
  const online = tasks.kind[row] === TASK_KIND.online;
  if (!online) s.queued[driver.index]--;
  // A host that is cut off hears of the launch when it is back, if it is back in time.
  const healMs = s.silent.get(host)?.healMs ?? nowMs;
  const delayMs = driver.isFine
    ? fineDelayMs(run, driver, row, host, nowMs)
    : healMs - nowMs + launchDelayMs(s.pipeline, setup.plan.launch, host, image, healMs);
  const { cluster } = setup.context;
  const gpus = gpusOf(cluster, row);
  setup.context.bind(row, host, nowMs, delayMs, gpus === 0 ? 0 : freeCards(cluster.hosts.gpus, host, gpus));
}

/** What the master says of a task by itself: a launch that came too late, or the end of a framework or an agent. */
function statusFromMaster(run: MesosRun, id: TaskId, state: string, nowMs: number): void {
  const { s, setup } = run;
  const driver = driverOfTask(s.drivers, id);
  const task = taskNumber(driver, id);
  if (state === 'TASK_ERROR') fail(`the master refused task ${id} of ${driver.plan.name}`);
  const row = risingGet(driver.rowOfTask, task);
  if (isExecutor(run, driver, task)) {
    executorFromMaster(run, driver, task, state, nowMs);
    return;
  }
  if (row === undefined) {
    if (driver.unreachable.has(task)) foundUnreachable(run, driver, task, state, nowMs);
    else foundOver(run, driver, task, nowMs);
    return;
  }
  if (s.waiting[row] === 1) {
    // It never reached its agent.
    risingDelete(driver.rowOfTask, task);
    s.taskOfRow[row] = -1;
    const { tasks } = setup.context.cluster;
    if (tasks.kind[row] !== TASK_KIND.online) waitAgain(driver, s.workOfRow[row], row);
    else if (hasSurplus(run, tasks.group[row])) takeAway(run, row, nowMs);
    else s.waitingOf[tasks.group[row]].add(row);
    tell(run, driver, { task, status: TaskStatus.Lost, agent: -1 }, nowMs);
    return;
  }
  if (state === 'TASK_RUNNING') {
    tell(run, driver, { task, status: TaskStatus.Running, agent: setup.context.cluster.tasks.host[row] }, nowMs, true);
    return;
  }
  if (state === 'TASK_UNREACHABLE') {
    const agent = setup.context.cluster.tasks.host[row];
    tell(run, driver, { task, status: TaskStatus.Unreachable, agent }, nowMs, true);
    return;
  }
  // The container is stopped; its end is told to the framework when the engine has taken it off its host.
  setup.context.evict(row, nowMs, EVICT_REASON.drained);
}

/** Every framework agrees to leave, once: what it has there is moved when the window begins. */
function answerInverseOffer(run: MesosRun, name: string, agent: string, nowMs: number): void {
  run.s.counters.inverseOffers++;
  const { allocator } = masterOf(run, driverByName(run, name));
  const startMs = allocator.ledger.agents.get(agent)?.maintenance?.startMs ?? nowMs;
  allocator.updateInverseOffer(agent, name, 'ACCEPT', Math.max(DEFAULT_REFUSE_MS, startMs - nowMs));
}
