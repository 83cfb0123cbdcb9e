/** What the plan makes go wrong at its time, and the way back: stores, schedulers, the master itself. */
import { fail } from '../../../policies/base/assert.ts';
import { setStoreFailed } from '../../../policies/chronos/framework.ts';
import type { ChronosState } from '../../../policies/chronos/state.ts';
import type { MesosIncidentPlan } from '../../plan/mesos.ts';
import { ask } from './answers.ts';
import { endDrains } from './closed-agents.ts';
import type { Driver } from './driver.ts';
import { answerDoors, shutDoor } from './front-door.ts';
import { maintain, nextMaintenanceMs } from './maintenance-windows.ts';
import { AGENT, createMaster, type MesosRun, masterOf } from './mesos-run.ts';
import { nextOperationMs, operate } from './operator.ts';
import { hearSilence, hostIsDead, nextSilenceMs, silence } from './partitions.ts';
import { missedUpdates, registerAgent, subscribe } from './registration.ts';
import { nextReservingMs, reserveWhatIsDue } from './reservations.ts';
import { nextExecutorMs, tendExecutors } from './spark-apps.ts';
import { countMasterLoss, countReturn } from './tally.ts';
import { tell } from './updates.ts';

/** A scheduler's driver waits a uniform part of this before it registers with a new master. */
const SCHEDULER_BACKOFF_MS = 2_000;

/** Lets every incident and every return that is due happen; plans list incidents in order of time. */
export function happen(run: MesosRun, nowMs: number): void {
  const { s, setup } = run;
  const { incidents } = setup.plan;
  while (s.incidentsDone < incidents.length && incidents[s.incidentsDone].atMs <= nowMs)
    strike(run, incidents[s.incidentsDone++], nowMs);
  hearSilence(run, nowMs);
  answerDoors(run, nowMs);
  maintain(run, nowMs);
  reserveWhatIsDue(run, nowMs);
  operate(run, nowMs);
  endDrains(run, nowMs);
  tendExecutors(run, nowMs);
  while (s.returning.length > 0 && s.returning[0].atMs <= nowMs) {
    const { kind, index } = s.returning.shift() ?? fail('somebody returns');
    if (kind === 'framework') {
      countReturn(s.tally, kind, setup.clusterOfDriver[index], nowMs);
      comeBack(run, s.drivers[index], nowMs);
    } else if (
      setup.context.cluster.hosts.outages[index] === 0 &&
      s.agent[index] === AGENT.unknown &&
      !s.silent.has(index)
    ) {
      countReturn(s.tally, kind, setup.clusterOfHost[index], nowMs);
      registerAgent(run, index);
    }
  }
}

/** When the next of them is due. */
export function nextIncidentMs(run: MesosRun): number {
  const { s, setup } = run;
  const incident = setup.plan.incidents[s.incidentsDone];
  const next = Math.min(
    incident?.atMs ?? Number.POSITIVE_INFINITY,
    s.returning[0]?.atMs ?? Number.POSITIVE_INFINITY,
    s.knocks[0]?.atMs ?? Number.POSITIVE_INFINITY,
  );
  const operator = Math.min(nextReservingMs(run), nextOperationMs(run), s.dying[0]?.atMs ?? Number.POSITIVE_INFINITY);
  return Math.min(next, nextSilenceMs(run), nextMaintenanceMs(run), operator, nextExecutorMs(run));
}

function strike(run: MesosRun, incident: MesosIncidentPlan, nowMs: number): void {
  const { s, setup } = run;
  if (incident.kind === 'partition') {
    for (const host of incident.hosts) if (!hostIsDead(run, host)) silence(run, host, nowMs, nowMs + incident.lastsMs);
    return;
  }
  if (incident.kind === 'maintenance') return;
  if (incident.kind === 'master-lost') {
    const named = setup.plan.clusters.findIndex(({ name }) => name === incident.cluster);
    loseMaster(run, Math.max(0, named), nowMs);
    return;
  }
  const driver = s.drivers.find(({ plan }) => plan.name === incident.framework) ?? fail('incident without framework');
  switch (incident.kind) {
    case 'store-fails':
      setStoreFailed(driver.state as ChronosState, true);
      break;
    case 'store-mended':
      setStoreFailed(driver.state as ChronosState, false);
      break;
    case 'scheduler-lost':
      s.backlog[driver.index] ??= [];
      masterOf(run, driver).disconnect(driver.plan.name);
      break;
    case 'leaders-disagree':
      if (incident.leaders === undefined) fail('leaders that disagree believe in somebody');
      shutDoor(run, driver, incident.leaders, incident.atMs + incident.lastsMs);
      break;
    case 'resubscribe':
      comeBack(run, driver, nowMs);
      break;
  }
}

/** A scheduler registers anew and hears what it missed. */
export function comeBack(run: MesosRun, driver: Driver, nowMs: number): void {
  const missed = missedUpdates(run, driver);
  subscribe(run, driver, nowMs);
  for (const update of missed) tell(run, driver, update, nowMs);
}

/**
 * The leading master dies. Offers are void, updates wait, and a new master begins with nothing: when the ZooKeeper session has ended,
 * agents and schedulers register after their random waits.
 */
function loseMaster(run: MesosRun, cluster: number, nowMs: number): void {
  const { s, setup } = run;
  const { plan } = setup;
  const old = s.masters[cluster];
  for (const offer of old.offers.values()) {
    const driver = s.drivers.find(({ plan: own }) => own.name === offer.framework) ?? fail('an offer has a framework');
    ask(run, driver, nowMs, (context, out) => driver.framework.rescind(driver.state, offer.id, context, out));
  }
  old.takeMessages();
  const electedMs = nowMs + plan.zooKeeperSessionMs;
  let frameworks = 0;
  for (const driver of s.drivers) {
    if (setup.clusterOfDriver[driver.index] !== cluster) continue;
    frameworks++;
    s.backlog[driver.index] ??= [];
    const atMs = electedMs + Math.floor(s.random.uniform() * SCHEDULER_BACKOFF_MS);
    s.returning.push({ atMs, kind: 'framework', index: driver.index });
  }
  const listed: string[] = [];
  for (let host = 0; host < s.agent.length; host++) {
    if (s.agent[host] === AGENT.unknown || setup.clusterOfHost[host] !== cluster) continue;
    listed.push(String(host));
    s.agent[host] = AGENT.unknown;
    const atMs = electedMs + SCHEDULER_BACKOFF_MS + Math.floor(s.random.uniform() * plan.agentBackoffMs);
    s.returning.push({ atMs, kind: 'agent', index: host });
  }
  countMasterLoss(s.tally, nowMs, cluster, listed.length, frameworks);
  s.masters[cluster] = createMaster(plan, s.roles[cluster], s.kinds, s.random, nowMs, listed.length);
  s.masters[cluster].agents.expect(listed, electedMs);
  s.returning.sort((a, b) => a.atMs - b.atMs);
}
