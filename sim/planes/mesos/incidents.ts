/** What the plan makes go wrong at its time, and the way back: stores, schedulers, the master itself. */
import { fail } from '../../../policies/base/assert.ts';
import { setStoreFailed } from '../../../policies/chronos/framework.ts';
import type { ChronosState } from '../../../policies/chronos/state.ts';
import type { MesosIncidentPlan } from '../../plan.ts';
import type { Driver } from './driver.ts';
import { AGENT, createMaster, type MesosRun } from './mesos-run.ts';
import { missedUpdates, registerAgent, subscribe } from './registration.ts';
import { ask, tell } from './talk.ts';

/** A scheduler's driver waits a uniform part of this before it registers with a new master. */
const SCHEDULER_BACKOFF_MS = 2_000;

/** Lets every incident and every return that is due happen; plans list incidents in order of time. */
export function happen(run: MesosRun, nowMs: number): void {
  const { s, setup } = run;
  const { incidents } = setup.plan;
  while (s.incidentsDone < incidents.length && incidents[s.incidentsDone].atMs <= nowMs)
    strike(run, incidents[s.incidentsDone++], nowMs);
  while (s.returning.length > 0 && s.returning[0].atMs <= nowMs) {
    const { kind, index } = s.returning.shift() ?? fail('somebody returns');
    if (kind === 'framework') comeBack(run, s.drivers[index], nowMs);
    else if (setup.context.cluster.hosts.outages[index] === 0 && s.agent[index] === AGENT.unknown)
      registerAgent(run, index);
  }
}

/** When the next of them is due. */
export function nextIncidentMs(run: MesosRun): number {
  const { s, setup } = run;
  const incident = setup.plan.incidents[s.incidentsDone];
  return Math.min(incident?.atMs ?? Infinity, s.returning[0]?.atMs ?? Infinity);
}

function strike(run: MesosRun, incident: MesosIncidentPlan, nowMs: number): void {
  const { s } = run;
  if (incident.kind === 'master-lost') {
    loseMaster(run, nowMs);
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
      s.master.disconnect(driver.plan.name);
      break;
    case 'resubscribe':
      comeBack(run, driver, nowMs);
      break;
  }
}

/** A scheduler registers anew and hears what it missed. */
function comeBack(run: MesosRun, driver: Driver, nowMs: number): void {
  const missed = missedUpdates(run, driver);
  subscribe(run, driver, nowMs);
  for (const update of missed) tell(run, driver, update, nowMs);
}

/**
 * The leading master dies. Offers are void, updates wait, and a new master begins with nothing: when the ZooKeeper session has ended,
 * agents and schedulers register after their random waits.
 */
function loseMaster(run: MesosRun, nowMs: number): void {
  const { s, setup } = run;
  const { plan } = setup;
  for (const offer of s.master.offers.values()) {
    const driver = s.drivers.find(({ plan: own }) => own.name === offer.framework) ?? fail('an offer has a framework');
    ask(run, driver, nowMs, (context, out) => driver.framework.rescind(driver.state, offer.id, context, out));
  }
  s.master.takeMessages();
  s.launches.clear();
  s.master = createMaster(plan, s.kinds, s.random, nowMs);
  const electedMs = nowMs + plan.zooKeeperSessionMs;
  for (const driver of s.drivers) {
    s.backlog[driver.index] ??= [];
    const atMs = electedMs + Math.floor(s.random.uniform() * SCHEDULER_BACKOFF_MS);
    s.returning.push({ atMs, kind: 'framework', index: driver.index });
  }
  for (let host = 0; host < s.agent.length; host++) {
    if (s.agent[host] === AGENT.unknown) continue;
    s.agent[host] = AGENT.unknown;
    const atMs = electedMs + SCHEDULER_BACKOFF_MS + Math.floor(s.random.uniform() * plan.agentBackoffMs);
    s.returning.push({ atMs, kind: 'agent', index: host });
  }
  s.returning.sort((a, b) => a.atMs - b.atMs);
}
