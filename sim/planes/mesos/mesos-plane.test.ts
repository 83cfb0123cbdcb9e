import { describe, expect, test } from 'vitest';
import type { MesosFrameworkPlan, MesosPlan } from '../../plan.ts';
import { CONTRACT_CORES, type PlaneFactory, playPlane } from '../contract.ts';
import { agentDirectory } from './agents.ts';
import { MesosPlane } from './mesos-plane.ts';

function framework(name: string, kind: MesosFrameworkPlan['kind'], populations: string[]): MesosFrameworkPlan {
  return { name, kind, role: '*', populations, gpuCapable: true, failoverTimeoutMs: 604_800_000, settings: {} };
}

function mesos(kind: MesosFrameworkPlan['kind'], changes: Partial<MesosPlan> = {}): MesosPlan {
  return {
    kind: 'mesos',
    variant: 'modern',
    allocationIntervalMs: 1_000,
    offerTimeoutMs: 0,
    roleSorter: 'drf',
    frameworkSorter: 'drf',
    filterGpuResources: true,
    roles: [],
    frameworks: [framework('marathon', 'marathon', []), framework('batch', kind, ['batch'])],
    oversubscription: { kind: 'none' },
    launch: { lanes: 2, createMs: 500, startMs: 1_000, imageMb: 100, nicMbPerSecond: 1_000, registryMbPerSecond: 500 },
    agentPingTimeoutMs: 15_000,
    agentMaxPingTimeouts: 5,
    agentBackoffMs: 1_000,
    zooKeeperSessionMs: 10_000,
    diskGibPerAgent: 100,
    incidents: [],
    ...changes,
  };
}

/** A Mesos over the contract's cluster: 8 replicas of one service, and one population. */
function factory(plan: MesosPlan): PlaneFactory {
  return (context) => {
    const { hosts } = context.cluster;
    const cluster = {
      shapes: [{ labels: {} }],
    } as unknown as Parameters<typeof agentDirectory>[1];
    return new MesosPlane({
      context,
      plan,
      agents: agentDirectory(hosts, cluster),
      gpus: new Int32Array(hosts.count),
      services: [
        { name: 'pods', milliCpu: CONTRACT_CORES[0] * 1_000, memMib: CONTRACT_CORES[0] * 1_024, constraints: [] },
      ],
      driverOfPopulation: Int32Array.of(1),
      driverOfServices: 0,
      salt: 42,
    });
  };
}

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

describe.each([
  ['Chronos', mesos('chronos')],
  ['Sisyphus', mesos('sisyphus')],
  ['Spark-like', mesos('spark-like')],
  ['Storm-like', mesos('storm-like')],
  ['Chronos on Mesos 0.2x', mesos('chronos', { variant: '0.2x' })],
  ['Sisyphus on revocable CPU', mesos('sisyphus', { oversubscription: { kind: 'revocable' } })],
  ['Sisyphus, offers timed out after 3 s', mesos('sisyphus', { offerTimeoutMs: 3_000 })],
  [
    'Sisyphus, the master lost at 60 s',
    mesos('sisyphus', { incidents: [{ atMs: 60_000, kind: 'master-lost', framework: '' }] }),
  ],
])('Mesos with %s keeps the contract of control planes', (_, plan) => {
  test.each(SEEDS)('story %i: all 60 tasks are done, no capacity is exceeded, nothing is lost', (seed) => {
    expect(playPlane(factory(plan), seed).finished).toBe(60);
  });

  test('the same story gives the same digest twice, and when the plane is copied after 50, 100 and 200 events', () => {
    const straight = playPlane(factory(plan), 1);
    expect(playPlane(factory(plan), 1)).toEqual(straight);
    for (const copyAfter of [50, 100, 200]) expect(playPlane(factory(plan), 1, { copyAfter })).toEqual(straight);
  });
});
