// Reserved parts of agents: who is offered them, what an operator can reserve, what a refined reservation shuts out.
import { describe, expect, test } from 'vitest';
import { checkCluster } from '../../sim/cluster/check-cluster.ts';
import { TASK_STATE } from '../../sim/cluster/tasks.ts';
import type { Engine } from '../../sim/engine/engine.ts';
import { HOUR, libraryPlan, MINUTE, mesosOf, runTo, startSeconds } from './run-scenario.ts';

/** Offer within 6 s, container in 1.57 s; a revived framework waits for the next run alone. */
const SLACK_SECONDS = 6 + 1.57;
const NONE = 'controlPlane.reservations={nights: null, more: null, reports: null}';
const IDLE = 'bestEffort.tasksPerWeek=0';

function running(engine: Engine, group: number): number {
  const { tasks } = engine.cluster;
  let count = 0;
  for (let row = tasks.firstBestEffort; row < tasks.used; row++)
    if (tasks.state[row] === TASK_STATE.running && tasks.group[row] === group) count++;
  return count;
}

describe('four of sixteen cores reserved for a role', () => {
  test('leave transcoding 12 cores an agent: 60 tasks of 2 cores on ten agents instead of 80', async () => {
    const withThem = runTo(await libraryPlan('mesos-reservations'), 25 * MINUTE);
    checkCluster(withThem.cluster);
    expect(running(withThem, 0)).toBe(10 * 6);
    expect(running(runTo(await libraryPlan('mesos-reservations', [NONE]), 25 * MINUTE), 0)).toBe(10 * 8);
  });

  test("start the role's job on time in a full cluster; without them it waits for two slots at once on one agent", async () => {
    const first = async (...sets: string[]) =>
      startSeconds(await libraryPlan('mesos-reservations', sets), 2 * HOUR).starts['night/load'][0] ?? Infinity;
    const kept = await first();
    expect(kept).toBeGreaterThanOrEqual(3600);
    expect(kept).toBeLessThanOrEqual(3600 + SLACK_SECONDS);
    expect(await first(NONE)).toBeGreaterThan(3600 + 60);
  });
});

describe('what an operator reserves', () => {
  test('on idle agents is made on all ten, passed on on all ten, and given back twice ten times', async () => {
    const engine = runTo(await libraryPlan('mesos-reservations', [IDLE]), 5 * HOUR);
    expect(mesosOf(engine).notes()[1]).toMatch(/^The operator reserved or gave back resources on 40 agents; 0 agents/);
  });

  test('is refused where tasks use what is asked for, and then there is nothing to pass on', async () => {
    // 12 cores of each agent are unreserved and six tasks of two cores use them all.
    const sets = ['bestEffort.populations.transcode.lifeLogMean=10', 'controlPlane.reservations.more.at=30m'];
    const plan = await libraryPlan('mesos-reservations', [...sets, 'controlPlane.reservations.reports.at=30m']);
    expect(mesosOf(runTo(plan, HOUR)).notes()[1]).toMatch(/on 0 agents; 20 agents refused/);
  });
});

describe('a job of all sixteen cores', () => {
  /** Idle agents: 4 cores for night, 2 passed on to night/reports from 21:00 to 23:00, 10 for anybody. A job at 22:10 (3 h 10 min). */
  const whole = 'whole: {schedule: R1/2014-03-08T22:10:00Z/P1D, duration: 10m, cpu: 16 cores, memory: 32GiB}';
  const startOf = async (framework: string, ...sets: string[]) => {
    const jobs = framework === 'night' ? `{load: null, ${whole}}` : `{print: null, ${whole}}`;
    const other = framework === 'night' ? 'reports.jobs={print: null}' : 'night.jobs={load: null}';
    const plan = await libraryPlan('mesos-reservations', [
      IDLE,
      `controlPlane.frameworks.${framework}.jobs=${jobs}`,
      `controlPlane.frameworks.${other}`,
      ...sets,
    ]);
    const { engine, starts } = startSeconds(plan, 5 * HOUR);
    checkCluster(engine.cluster);
    expect(starts[`${framework}/whole`]).toHaveLength(1);
    return starts[`${framework}/whole`][0] / 60;
  };
  const onTime = (minutes: number, due: number) => {
    expect(minutes).toBeGreaterThanOrEqual(due);
    expect(minutes).toBeLessThanOrEqual(due + SLACK_SECONDS / 60);
  };

  test('of night/reports starts at once: it may use what is reserved for it, for night, and for nobody', async () => {
    onTime(await startOf('reports'), 190);
  });

  test('of night waits until what was passed on to night/reports is given back at four hours', async () => {
    onTime(await startOf('night'), 240);
  });

  test('of a framework that cannot take refined reservations waits as long', async () => {
    onTime(await startOf('reports', 'controlPlane.frameworks.reports.reservationRefinement=false'), 240);
  });

  test('of night waits as long when the master or an agent was lost meanwhile: agents keep what was reserved on them', async () => {
    onTime(await startOf('night', 'controlPlane.incidents=[{at: 150m, kind: master-lost}]'), 240);
    onTime(await startOf('night', 'failures.outages=[{host: 0, at: 130m, duration: 20m}]'), 240);
  });
});
