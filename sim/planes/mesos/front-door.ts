/**
 * The balancer in front of a replicated scheduler, while its nodes disagree who leads: a request goes round among them until the balancer
 * gives up, its client asks again at once, and no task gets in until they agree.
 *
 * A task that comes in is a request. What the nodes' time costs the scheduler beside it is left out: 200 hops a second for each client that
 * waits (at 5 ms a hop) load the nodes, not the clusters' hosts. A request under way when they agree is answered with its next hop.
 */
import { redirect } from '../../../policies/chronos/leader-redirect.ts';
import type { LeadersPlan } from '../../plan/mesos.ts';
import type { Driver } from './driver.ts';
import type { MesosRun } from './mesos-run.ts';
import { takeTask } from './notes.ts';

/** What the leaders' disagreement made of the requests so far. */
export interface Door {
  readonly leaders: LeadersPlan;
  /** When the nodes agree again. */
  readonly agreeMs: number;
  /** Node that the balancer takes next. */
  turn: number;
  /** Requests of clients, those among the nodes, and those that the balancer gave up. */
  asked: number;
  redirected: number;
  givenUp: number;
}

/** A client whose request is under way: when it ends, for which task. */
export interface Knock {
  readonly atMs: number;
  readonly row: number;
  readonly id: number;
}

/** The nodes of a scheduler disagree from now on. */
export function shutDoor(run: MesosRun, driver: Driver, leaders: LeadersPlan, agreeMs: number): void {
  run.s.doors.set(driver.index, { leaders, agreeMs, turn: 0, asked: 0, redirected: 0, givenUp: 0 });
}

/** Whether a task that comes in now has to wait: its request is sent, and heard of when it ends. */
export function waitsAtDoor(run: MesosRun, driver: Driver, row: number, nowMs: number): boolean {
  const door = run.s.doors.get(driver.index);
  if (door === undefined) return false;
  const { agreeMs } = door;
  const { believed, balancer } = door.leaders;
  if (nowMs >= agreeMs) return false;
  const first = door.turn;
  door.turn = (door.turn + 1) % believed.length;
  const { answeredBy, requests, tookMs } = redirect(believed, first, balancer);
  door.asked++;
  const hops = Math.floor((agreeMs - nowMs) / balancer.hopMs) + 1;
  if (requests < hops) {
    door.redirected += requests;
    if (answeredBy >= 0) return false;
    door.givenUp++;
    wait(run, row, nowMs + tookMs);
  } else {
    door.redirected += hops;
    wait(run, row, agreeMs);
  }
  return true;
}

/** Requests that end now: their tasks come in, or ask again. */
export function answerDoors(run: MesosRun, nowMs: number): void {
  const { s, setup } = run;
  const { tasks } = setup.context.cluster;
  while (s.knocks.length > 0 && s.knocks[0].atMs <= nowMs) {
    const [{ row, id }] = s.knocks.splice(0, 1);
    if (tasks.id[row] === id && s.waiting[row] === 1 && s.workOfRow[row] < 0) takeTask(run, row, nowMs);
  }
}

/** What the report says of it. */
export function doorSentences(run: MesosRun): string[] {
  const sentences: string[] = [];
  for (const [index, { leaders, asked, redirected, givenUp }] of run.s.doors) {
    const { name } = run.s.drivers[index].plan;
    const { hopMs, timeoutMs, tries } = leaders.balancer;
    sentences.push(
      `While the ${leaders.believed.length} nodes of "${name}" disagreed who leads, ${asked} requests of clients became ${redirected} among its nodes (a hop takes ${hopMs} ms, the balancer waits ${timeoutMs / 1000} s and tries ${tries} times); it gave up ${givenUp}, and no task came in.`,
    );
  }
  return sentences;
}

function wait(run: MesosRun, row: number, atMs: number): void {
  const { knocks } = run.s;
  const knock = { atMs, row, id: run.setup.context.cluster.tasks.id[row] };
  let at = knocks.length;
  while (at > 0 && knocks[at - 1].atMs > atMs) at--;
  knocks.splice(at, 0, knock);
  run.setup.context.wakeAt(atMs);
}
