import { describe, expect, test } from 'vitest';
import type { MesosFrameworkPlan, MesosIncidentPlan, MesosPlan } from '../../plan/mesos.ts';
import { CONTRACT_CORES, type PlaneFactory, playPlane } from '../contract.ts';
import { agentDirectory } from './agents.ts';
import { MesosPlane } from './mesos-plane.ts';

function framework(name: string, kind: MesosFrameworkPlan['kind'], populations: string[]): MesosFrameworkPlan {
  const nothing = {
    services: [],
    constraints: [],
    cluster: '',
    scheduler: '',
    taskDiskMib: 0,
    spillAtQueue: 0,
    spillTo: [],
  };
  return {
    name,
    kind,
    role: '*',
    populations,
    ...nothing,
    gpuCapable: true,
    killGraceMs: 4_000,
    failoverTimeoutMs: 604_800_000,
    settings: {},
  };
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
    clusters: [],
    oversubscription: { kind: 'none' },
    launch: { lanes: 2, createMs: 500, startMs: 1_000, imageMb: 100, nicMbPerSecond: 1_000, registryMbPerSecond: 500 },
    agentPingTimeoutMs: 15_000,
    agentMaxPingTimeouts: 5,
    agentReregisterTimeoutMs: 600_000,
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
        {
          name: 'pods',
          milliCpu: CONTRACT_CORES[0] * 1_000,
          memMib: CONTRACT_CORES[0] * 1_024,
          gpus: 0,
          constraints: [],
        },
      ],
      driverOfPopulation: Int32Array.of(1),
      populations: ['batch'],
      shapeOfHost: Array.from({ length: hosts.count }, () => 'a'),
      reserving: [],
      driverOfService: Int32Array.of(0),
      clusterOfHost: new Int32Array(hosts.count),
      clusterOfDriver: new Int32Array(plan.frameworks.length),
      maintenance: plan.incidents.filter((incident) => incident.kind === 'maintenance'),
      salt: 42,
    });
  };
}

/** An incident at 60 s; hosts are struck for 30 s. */
function incident(kind: MesosIncidentPlan['kind'], hosts: number[]): MesosIncidentPlan {
  return { atMs: 60_000, kind, framework: '', cluster: '', hosts, lastsMs: 30_000, noticeMs: 20_000 };
}

const QUOTA = { name: 'batch', guaranteeMilliCpu: 4_000, guaranteeMemMib: 0, limitMilliCpu: 0, limitMemMib: 0 };

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

describe.each([
  ['Chronos', mesos('chronos')],
  ['Sisyphus', mesos('sisyphus')],
  ['Spark-like', mesos('spark-like')],
  [
    'Spark-like, fine-grained, two hosts cut off at 60 s',
    mesos('spark-like', {
      frameworks: [
        framework('marathon', 'marathon', []),
        { ...framework('batch', 'spark-like', ['batch']), settings: { mode: 'fine' } },
      ],
      incidents: [incident('partition', [0, 1])],
    }),
  ],
  [
    'a partition-aware Marathon, two hosts cut off at 60 s',
    mesos('sisyphus', {
      frameworks: [
        { ...framework('marathon', 'marathon', []), partitionAware: true },
        framework('batch', 'sisyphus', ['batch']),
      ],
      incidents: [incident('partition', [0, 1])],
    }),
  ],
  ['Storm-like', mesos('storm-like')],
  ['Chronos on Mesos 0.2x', mesos('chronos', { variant: '0.2x' })],
  ['Sisyphus on revocable CPU', mesos('sisyphus', { oversubscription: { kind: 'revocable' } })],
  ['Sisyphus, offers timed out after 3 s', mesos('sisyphus', { offerTimeoutMs: 3_000 })],
  ['Sisyphus, an allocator at work', mesos('sisyphus', { allocatorCost: { perAgentUs: 2e5, perAgentFrameworkUs: 0 } })],
  [
    'Chronos on Mesos 0.2x, an allocator at work',
    mesos('chronos', { variant: '0.2x', allocatorCost: { perAgentUs: 1e4, perAgentFrameworkUs: 1e3 } }),
  ],
  ['Sisyphus, two hosts cut off at 60 s', mesos('sisyphus', { incidents: [incident('partition', [0, 1])] })],
  ['Sisyphus, a host in maintenance from 60 s', mesos('sisyphus', { incidents: [incident('maintenance', [1])] })],
  [
    'Spark-like, a host drained at 60 s and taken back at 90 s, a quota from 70 s on',
    mesos('spark-like', {
      operations: [
        { atMs: 60_000, kind: 'drain-agents', cluster: '', hosts: [1], maxGraceMs: 10_000, marksGone: false },
        { atMs: 70_000, kind: 'update-quota', cluster: '', quotas: [QUOTA], force: true },
        { atMs: 80_000, kind: 'update-weights', cluster: '', weights: [{ role: '*', weight: 2 }] },
        { atMs: 90_000, kind: 'reactivate-agents', cluster: '', hosts: [1] },
      ],
    }),
  ],
  ['Sisyphus, the master lost at 60 s', mesos('sisyphus', { incidents: [incident('master-lost', [])] })],
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
