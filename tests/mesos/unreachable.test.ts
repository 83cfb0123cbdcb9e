// Marathon's unreachable strategy in a run: the timelines of upstream's docs/docs/unreachable.md with its agents given up after 75 s.
import { describe, expect, test } from 'vitest';
import { countInState, TASK_KIND, TASK_STATE } from '../../sim/cluster/tasks.ts';
import { runUntil } from '../../sim/engine/run.ts';
import { HOUR, libraryPlan, MINUTE, mesosOf, runTo } from './run-scenario.ts';

const CUT = 3 * HOUR;
const MARATHON = 'controlPlane.frameworks.marathon';

/** Four agents with two replicas of web each, cut off for `minutes` at 3 h; how many replicas run there and in all, `seconds` later. */
async function played(minutes: number, ...sets: string[]) {
  const engine = runTo(
    await libraryPlan('mesos-partition', [
      `controlPlane.incidents=[{ at: 3h, kind: partition, hosts: [4, 5, 6, 7], lasts: ${minutes}m }]`,
      `${MARATHON}.partitionAware=true`,
      ...sets,
    ]),
    CUT,
  );
  const at = (seconds: number) => {
    runUntil(engine, CUT + 1000 * seconds);
    const { podCount } = engine.cluster.hosts;
    const there = podCount[4] + podCount[5] + podCount[6] + podCount[7];
    return [there, countInState(engine.cluster.tasks, TASK_KIND.online, TASK_STATE.running)];
  };
  return { engine, at };
}

/** Offers are declined for 120 s, revives go out once in 5 s, a run comes each second; then 1.57 s for the container. */
const LAUNCHED_S = 9;

describe('replicas on agents that are cut off', () => {
  test('{0, 0}: replaced when the agents are given up at 75 s, and killed when they are back at 10 min', async () => {
    const { at, engine } = await played(10);
    expect(at(74)).toEqual([8, 48]);
    // The first run on there, and answer.
    expect(at(75 + LAUNCHED_S)).toEqual([8, 56]);
    expect(at(599)).toEqual([8, 56]);
    expect(at(601)).toEqual([0, 48]);
    expect(mesosOf(engine).notes().join('\n')).toContain(
      'Marathon launched 8 replicas a second time while the first ran on; 8 were one too many',
    );
    runUntil(engine, 4 * HOUR);
    const { firstBestEffort } = engine.cluster.tasks;
    expect(
      mesosOf(engine)
        .waitingRows()
        .filter((row) => row < firstBestEffort),
    ).toEqual([]);
    expect(countInState(engine.cluster.tasks, TASK_KIND.online, TASK_STATE.running)).toBe(48);
  });

  test('{0, 1 h}: two of one run from 6 min on until a scale check kills the younger, which are the replacements', async () => {
    const { at } = await played(6, `${MARATHON}.unreachable={web: {inactiveAfter: 0s, expungeAfter: 1h}}`);
    expect(at(75 + LAUNCHED_S)).toEqual([8, 56]);
    // Checks are 15 s after Marathon subscribed and each 300 s: 10,815 s, 11,115 s, 11,415 s, which is 615 s after the cut.
    expect(at(361)).toEqual([8, 56]);
    expect(at(614)).toEqual([8, 56]);
    expect(at(616)).toEqual([8, 48]);
  });

  test('{5 min, 5 min}: replaced with the first reconciliation after 375 s, which comes at 615 s', async () => {
    const { at } = await played(
      15,
      `${MARATHON}.settings.unreachable={inactiveAfterMs: 300000, expungeAfterMs: 300000}`,
    );
    expect(at(376 + LAUNCHED_S)).toEqual([8, 48]);
    expect(at(614)).toEqual([8, 48]);
    expect(at(615 + LAUNCHED_S)).toEqual([8, 56]);
    // Forgotten at the timer of 30 s behind that; strangers when they are back at 900 s.
    expect(at(899)).toEqual([8, 56]);
    expect(at(901)).toEqual([0, 48]);
  });

  test('disabled for web: nothing is replaced, nothing is killed; cache, which has no strategy of its own, is on other agents', async () => {
    const { at, engine } = await played(30, `${MARATHON}.unreachable={web: disabled}`);
    expect(at(1799)).toEqual([8, 48]);
    expect(at(1860)).toEqual([8, 48]);
    expect(mesosOf(engine).notes().join('\n')).not.toContain('a second time');
  });

  test('a service made smaller meanwhile gives up one that cannot be reached first', async () => {
    const { at, engine } = await played(30, `${MARATHON}.unreachable={web: disabled}`);
    at(100);
    const row = mesosOf(engine).replicaToStop(engine.online.services.names.indexOf('web'), CUT + 100_000);
    expect([4, 5, 6, 7]).toContain(engine.cluster.tasks.host[row]);
  });
});

describe('replicas of a host that died', () => {
  /** When all of web answer again after host 4 died at 3 h for 30 min, seconds. */
  async function wholeAgain(...sets: string[]): Promise<number> {
    const engine = runTo(
      await libraryPlan('mesos-unit', [
        'failures.outages=[{host: 4, at: 3h, duration: 30m}]',
        `${MARATHON}.partitionAware=true`,
        ...sets,
      ]),
      CUT + 1,
    );
    const web = engine.online.services.names.indexOf('web');
    expect(engine.online.ready[web]).toBe(38);
    let seconds = 0;
    while (engine.online.ready[web] < 40 && seconds < 3600) runUntil(engine, CUT + 1000 * ++seconds);
    return seconds;
  }

  test('by default are replaced at 75 s; after 5 min of patience at the reconciliation at 615 s', async () => {
    const atOnce = await wholeAgain();
    expect(atOnce).toBeGreaterThanOrEqual(75);
    expect(atOnce).toBeLessThanOrEqual(75 + LAUNCHED_S);
    const patient = await wholeAgain(`${MARATHON}.unreachable={web: {inactiveAfter: 5m, expungeAfter: 10m}}`);
    expect(patient).toBeGreaterThanOrEqual(615);
    expect(patient).toBeLessThanOrEqual(615 + LAUNCHED_S);
  });

  test('are waited for when the strategy is disabled, until the host is back and says that they are gone', async () => {
    const seconds = await wholeAgain(`${MARATHON}.unreachable={web: disabled}`);
    expect(seconds).toBeGreaterThanOrEqual(30 * 60);
    // A failure: the first back-off is a second.
    expect(seconds).toBeLessThanOrEqual(30 * 60 + 1 + LAUNCHED_S);
    expect(seconds * 1000).toBeLessThan(31 * MINUTE);
  });
});
