// Revocable CPU in a run: who sells it, how much, and who takes it back. 24 hosts of 64 cores, services ask for 80 % and use a tenth.
import { describe, expect, test } from 'vitest';
import { checkCluster } from '../../sim/cluster/check-cluster.ts';
import { TIER } from '../../sim/cluster/hosts.ts';
import type { Engine } from '../../sim/engine/engine.ts';
import { batchSum, HOUR, libraryPlan, mesosOf, results, runTo } from './run-scenario.ts';

const SMALL = 'bestEffort.populations.transcode.sizes=[{cores: 2, weight: 1}]';

/** A run of the revocable cluster under these policies, to two hours. */
async function ran(policies: string, ...sets: string[]): Promise<Engine> {
  const plan = await libraryPlan('mesos-compare-revocable', [`policies=[${policies}]`, 'horizon=2h', ...sets]);
  const engine = runTo(plan, 2 * HOUR);
  checkCluster(engine.cluster);
  return engine;
}

/** Revocable cores of each host: held by tasks, and sold. */
function cores({ cluster: { hosts } }: Engine, column: 'allocatedMilliCpu' | 'soldMilliCpu'): number[] {
  return Array.from(
    hosts[column].subarray(TIER.batch * hosts.count, (TIER.batch + 1) * hosts.count),
    (milli) => milli / 1000,
  );
}

const note = (engine: Engine) => mesosOf(engine).notes().join('\n');

describe('estimators', () => {
  test('none (the noop estimator never answers): nothing is revocable and no task runs', async () => {
    const engine = await ran('');
    expect(Math.max(...cores(engine, 'soldMilliCpu'))).toBe(0);
    expect(batchSum(results(engine), 'finished')).toBe(0);
    expect(note(engine)).toContain('At the end agents count 240 latency-sensitive and 0 best-effort executors');
  });

  test('fixed at 14 cores: seven tasks of two cores fill every agent, whatever is used', async () => {
    const engine = await ran('{name: fixed-estimator, config: {cpus: 14}}', SMALL);
    expect(cores(engine, 'soldMilliCpu')).toEqual(new Array(24).fill(14));
    const held = cores(engine, 'allocatedMilliCpu');
    expect(Math.max(...held)).toBe(14);
    // An agent has a slot free for a second or two after a task ends.
    expect(held.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(0.97 * 24 * 14);
    expect(note(engine)).toMatch(/best effort holds 3\d\d\.0 of 336\.0 revocable cores/);
  });

  test('usage-based with a cap of 0.3: no agent has sold more than 19.2 cores less what its services use', async () => {
    const engine = await ran('{name: slack-estimator, config: {capFraction: 0.3}}', SMALL);
    const sold = cores(engine, 'soldMilliCpu');
    expect(Math.max(...sold)).toBeLessThan(0.3 * 64);
    // Services use a tenth of 64 on average.
    expect(sold.reduce((sum, each) => sum + each, 0) / 24).toBeGreaterThan(0.3 * 64 - 2 * 6.4);
    cores(engine, 'allocatedMilliCpu').forEach((held, host) => {
      expect(held).toBeLessThanOrEqual(sold[host]);
    });
  });

  test('a new estimate takes back the revocable offers that a framework holds', async () => {
    const storm = 'controlPlane.frameworks.sisyphus.kind=storm-like';
    const changing = await ran('{name: slack-estimator}', storm);
    const fixed = await ran('{name: fixed-estimator, config: {cpus: 14}}', storm);
    expect(mesosOf(fixed).counters().rescinds).toBe(0);
    expect(mesosOf(changing).counters().rescinds).toBeGreaterThan(24);
  });
});

describe('revocable CPU beside reserved memory', () => {
  test('tasks of two revocable cores and 16 GiB take what is reserved for their role, and fill every agent to less than one of them', async () => {
    const engine = await ran(
      '{name: fixed-estimator, config: {cpus: 40}}',
      SMALL,
      'bestEffort.populations.transcode.memPerCore=8GiB',
      'controlPlane.frameworks.sisyphus.role=batch',
      'controlPlane.reservations={kept: {role: batch, memory: 100GiB}}',
    );
    const { hosts } = engine.cluster;
    for (let host = 0; host < hosts.count; host++) {
      const held = hosts.allocatedMemBytes[host] + hosts.allocatedMemBytes[TIER.batch * hosts.count + host];
      const freeGib = (hosts.soldMemBytes[host] - held) / 2 ** 30;
      // Six tasks fit the reserved 100 GiB by themselves; memory is short long before 40 cores are.
      expect(hosts.taskCount[host]).toBeGreaterThan(6);
      expect(hosts.taskCount[host]).toBeLessThan(20);
      expect(freeGib).toBeLessThan(16);
    }
  });
});

describe('Serenity', () => {
  const LINE = 0.45;

  test('above its line kills a few of the youngest, waits ten reports and sells nothing new; load QoS kills everything again and again', async () => {
    const serenity = await ran(`{name: serenity, config: {overloadFraction: ${LINE}}}`);
    const load = await ran(`{name: slack-estimator}, {name: load-qos, config: {load5ThresholdPercent: ${100 * LINE}}}`);
    const kills = batchSum(results(serenity), 'evicted');
    const [, said] =
      notesOf(serenity).match(/Serenity killed (\d+) revocable tasks for CPU above its line and 0 for/) ?? [];
    expect(Number(said)).toBe(kills);
    // At most one correction in eleven reports of a minute: eleven in two hours, of less than one in five tasks of an agent each.
    expect(kills).toBeGreaterThan(24);
    expect(kills).toBeLessThan(24 * 11 * 4);
    expect(batchSum(results(load), 'evicted')).toBeGreaterThan(10 * kills);
    expect(results(serenity).summary.doneCoreHours).toBeGreaterThan(results(load).summary.doneCoreHours);
  });

  test('kills when neighbours press on instructions per cycle, and the more the less isolation there is', async () => {
    const config = '{name: serenity, config: {overloadFraction: 1, alpha: 1, fractionalThreshold: 0.02}}';
    const killed = async (isolation: string) => {
      const said = notesOf(await ran(config, `physics.isolation=${isolation}`));
      return Number(said.match(/line and (\d+) for a drop of instructions/)?.[1]);
    };
    const equal = await killed('equal');
    expect(equal).toBeGreaterThan(24);
    expect(await killed('group-identity')).toBeLessThan(equal);
  });
});

/** What the policies of a run say of it. */
function notesOf({ policies }: Engine): string {
  return policies.flatMap(({ policy, state }) => policy.notes?.(state) ?? []).join('\n');
}
