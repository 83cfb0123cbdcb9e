import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { MesosPlan } from '../sim/plan/mesos.ts';
import { loadPlan } from './load.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesos-scenario-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Ten valid lines; the lines of the control plane start on line 11. */
const BASE = `name: a
cluster:
  hosts:
    web: { count: 2, cpu: 64 cores, memory: 512GiB }
online: { source: none }
bestEffort:
  tasksPerWeek: 10
  populations: { video: { kind: transcode, taskShare: 100% } }
controlPlane:
  kind: mesos
`;

async function read(text: string): Promise<MesosPlan | string> {
  const path = join(folder, 's.yaml');
  writeFileSync(path, text);
  return loadPlan(path).then(
    ({ plan }) => plan.controlPlane as MesosPlan,
    (error: Error) => error.message.replaceAll(`${folder}/`, ''),
  );
}

describe('a Mesos control plane', () => {
  test('with nothing but its frameworks has upstream defaults: 1 s, no offer timeout, lost after 5 pings of 15 s', async () => {
    const plan = await read(`${BASE}  frameworks: { short: { kind: sisyphus, populations: [video] } }\n`);
    expect(plan).toMatchObject({
      kind: 'mesos',
      variant: 'modern',
      allocationIntervalMs: 1_000,
      offerTimeoutMs: 0,
      agentPingTimeoutMs: 15_000,
      agentMaxPingTimeouts: 5,
      zooKeeperSessionMs: 10_000,
      oversubscription: { kind: 'none' },
      frameworks: [
        { name: 'short', kind: 'sisyphus', role: '*', populations: ['video'], failoverTimeoutMs: 604_800_000 },
      ],
    });
  });

  test('refuses unreachable strategies that cannot act, by file, line and rule', async () => {
    const base = BASE.replace(
      'online: { source: none }',
      'online: { source: none, explicit: { web: { replicas: 1, cpuRequest: 1 core, memRequest: 1GiB } } }',
    );
    const said = (more: string) =>
      read(
        `${base}  frameworks:\n    m: { kind: marathon, ${more} }\n    short: { kind: sisyphus, populations: [video] }\n`,
      );
    const strategy = '{ inactiveAfter: 5m, expungeAfter: 10m }';
    expect(await said(`unreachable: { web: ${strategy} }`)).toContain(
      's.yaml:12:46 controlPlane.frameworks.m.unreachable.web is given, but partitionAware is false',
    );
    expect(await said(`partitionAware: true, unreachable: { weg: ${strategy} }`)).toMatch(
      /s\.yaml:12:\d+ controlPlane\.frameworks\.m\.unreachable\.weg is no service; known: web/,
    );
    expect(await said('partitionAware: true, unreachable: { web: { inactiveAfter: 5m, expungeAfter: 4m } }')).toMatch(
      /s\.yaml:12:\d+ .*expungeAfter is before inactiveAfter/,
    );
    expect(await said('settings: { unreachable: { inactiveAfterMs: 1000, expungeAfterMs: 1000 } }')).toMatch(
      /s\.yaml:12:\d+ controlPlane\.frameworks\.m\.settings\.unreachable is given, but partitionAware is false/,
    );
    const plan = await said(`partitionAware: true, unreachable: { web: disabled }`);
    expect((plan as MesosPlan).frameworks[0].unreachable).toEqual([{ service: 'web', strategy: null }]);
  });

  test('refuses health checks that Marathon refuses, and checks of services that it does not run, by file, line and rule', async () => {
    const said = (check: string, frameworks = 'm: { kind: marathon }') => {
      const web = `web: { replicas: 1, cpuRequest: 1 core, memRequest: 1GiB, healthCheck: { ${check} } }`;
      const base = BASE.replace('online: { source: none }', `online: { source: none, explicit: { ${web} } }`);
      return read(`${base}  frameworks:\n    ${frameworks}\n    short: { kind: sisyphus, populations: [video] }\n`);
    };
    expect(await said('interval: 10s')).toMatch(
      /s\.yaml:5:\d+ online\.explicit\.web\.healthCheck.* the timeout must be less than the interval/,
    );
    expect(await said('intervall: 10s')).toMatch(/s\.yaml:5:\d+ .*intervall.*interval/s);
    expect(await said('', 'm: { kind: root-framework, services: [web] }')).toContain(
      'healthCheck is given, but "m" runs the service and has no health checks',
    );
  });

  test('refuses tasks that do not fit an executor of a coarse-grained Spark, and revocable resources for it, by file and line', async () => {
    const said = (settings: string, more = '') =>
      read(
        `${BASE}  frameworks: { spark: { kind: spark-like, populations: [video], settings: { ${settings} } } }\n${more}`,
      );
    expect(await said('executorCores: 1')).toMatch(
      /s\.yaml:11:\d+ controlPlane\.frameworks\.spark\.populations\[0\] is "video", whose tasks ask for \d+ cores; executors of "spark" have 1/,
    );
    expect(await said('executorCores: 8, coresMax: 4')).toMatch(/s\.yaml:11:\d+ .*coresMax is 4; 0, or at least the 8/);
    expect(await said('executorCores: 8', '  oversubscription: { kind: revocable }\n')).toMatch(
      /s\.yaml:11:\d+ .*executors hold regular resources/,
    );
    expect(typeof (await said('mode: fine', '  oversubscription: { kind: revocable }\n'))).toBe('object');
  });

  test('lists incidents in order of time, however they were written', async () => {
    const plan = await read(`${BASE}  frameworks: { short: { kind: sisyphus, populations: [video] } }
  incidents: [{ at: 2h, kind: resubscribe, framework: short }, { at: 1h, kind: scheduler-lost, framework: short }]
`);
    expect((plan as MesosPlan).incidents.map(({ atMs }) => atMs)).toEqual([3_600_000, 7_200_000]);
  });

  test('switches Koordinator off, which works on Kubernetes', async () => {
    const path = join(folder, 'k.yaml');
    writeFileSync(path, `${BASE}  frameworks: { short: { kind: sisyphus, populations: [video] } }\n`);
    expect((await loadPlan(path)).plan.koordinator.enabled).toBe(false);
  });
});

describe('what Mesos refuses is refused with file, line and rule', () => {
  /** A Chronos with jobs, on line 14 from column 9 on. */
  const chronos = (jobs: string, more = '') =>
    `  frameworks:\n    c:\n      { kind: chronos, populations: [video], ${more === '' ? 'jobs:' : `${more} }`}\n${more === '' ? `      { ${jobs} } }` : ''}\n`;
  /** Reservations on line 12, beside a framework of role dev/ads. */
  const reserved = (reservations: string, variant = 'modern') =>
    `  frameworks: { short: { kind: sisyphus, populations: [video], role: dev/ads } }\n  reservations: { ${reservations} }\n  variant: ${variant}\n`;
  const frameworks = '  frameworks: { short: { kind: sisyphus, populations: [video] } }\n';
  test.each([
    [
      '  frameworks: { short: { kind: sisyfus } }\n',
      's.yaml:11:32 controlPlane.frameworks.short.kind is "sisyfus"; known: marathon, chronos, sisyphus, spark-like, storm-like, root-framework. Did you mean "sisyphus"?',
    ],
    [
      '  frameworks: { short: { kind: sisyphus, populations: [vidio] } }\n',
      'controlPlane.frameworks.short.populations[0] is "vidio"; known: video',
    ],
    [
      '  frameworks: { short: { kind: sisyphus } }\n',
      'controlPlane.frameworks leave out the population "video"; a framework must list it',
    ],
    [
      '  frameworks: { short: { kind: sisyphus, populations: [video], settings: { lanez: 3 } } }\n',
      'controlPlane.frameworks.short.settings.lanez is no setting of sisyphus; known: ',
    ],
    [
      '  frameworks: { short: { kind: sisyphus, populations: [video], role: "-x" } }\n',
      'is "-x", no role name of Mesos',
    ],
    [
      `${frameworks}  roles: { '*': { cpuGuarantee: 200 cores } }\n`,
      'controlPlane.roles guarantee 200 cores; the agents have 126',
    ],
    [`${frameworks}  roles: { a/b: { cpuGuarantee: 2 cores } }\n`, 'Mesos takes quotas for top-level roles only'],
    [
      `${frameworks}  variant: 0.2x\n  roles: { a: { cpuLimit: 2 cores } }\n`,
      'has a quota, but variant is 0.2x; guarantees came with Mesos 0.27, limits with 1.9',
    ],
    [
      `${frameworks}  roles: { a: { cpuGuarantee: 4 cores, cpuLimit: 2 cores } }\n`,
      'controlPlane.roles.a.cpuGuarantee is above the limit of the role',
    ],
    [
      '  oversubscription: { kind: revocable }\n  frameworks: { c: { kind: chronos, populations: [video] } }\n',
      'is chronos, which cannot take revocable resources; sisyphus, spark-like and storm-like can',
    ],
    [
      `${frameworks}  oversubscription: { cpuRatio: 2 }\n`,
      'controlPlane.oversubscription.cpuRatio is given, but kind is none; ratios are for static',
    ],
    [
      `${frameworks}  incidents: [{ at: 1h, kind: store-fails, framework: short }]\n`,
      'controlPlane.incidents[0].framework is "short" of kind sisyphus; only chronos has a store that fails',
    ],
    [`${frameworks}  incidents: [{ at: 1h, kind: resubscribe, framework: shrt }]\n`, 'is "shrt"; known: short'],
    [
      `  clusters: { east: { hosts: [web, disk] } }\n  frameworks: { short: { kind: sisyphus, populations: [video], cluster: est } }\n`,
      's.yaml:11:36 controlPlane.clusters.east.hosts[1] is "disk"; known: web',
    ],
    [
      `  clusters: { east: { hosts: [web] } }\n  frameworks: { short: { kind: sisyphus, populations: [video], cluster: est } }\n`,
      'controlPlane.frameworks.short.cluster is "est"; known: east',
    ],
    [
      `  frameworks: { short: { kind: sisyphus, populations: [video], spillAtQueue: 5, spillTo: [other] } }\n`,
      'controlPlane.frameworks.short.spillTo[0] is "other"; known: ',
    ],
    [
      `${frameworks}  incidents: [{ at: 1h, kind: partition, hosts: [2], lasts: 1m }]\n`,
      's.yaml:12:50 controlPlane.incidents[0].hosts[0] is 2; the hosts are 0 to 1',
    ],
    [
      `${frameworks}  incidents: [{ at: 1h, kind: maintenance, hosts: [1] }]\n`,
      'controlPlane.incidents[0].lasts is 0; a maintenance lasts a while',
    ],
    [
      `  frameworks: { short: { kind: sisyphus, populations: [video] }, m: { kind: marathon, constraints: { web: ['zone:GROUP_BYE:2'] } } }\n`,
      'controlPlane.frameworks.m.constraints.web[0] is "zone:GROUP_BYE:2": ',
    ],
    [
      `  frameworks: { short: { kind: sisyphus, populations: [video] }, m: { kind: marathon, constraints: { web: ['hostname:UNIQUE:1'] } } }\n`,
      'is "hostname:UNIQUE:1": constraint hostname UNIQUE: Value specified but not used',
    ],
    [
      `${chronos('a: { schedule: R/2014-13-01T00:00:00Z/P1D, duration: 1m }')}`,
      `s.yaml:14:24 controlPlane.frameworks.c.jobs.a.schedule is refused: Cannot parse schedule 'R/2014-13-01T00:00:00Z/P1D': "2014-13-01T00:00:00Z": month 13 is not 1 to 12`,
    ],
    [
      `${chronos('a: { schedule: every night, duration: 1m }')}`,
      `s.yaml:14:24 controlPlane.frameworks.c.jobs.a.schedule is refused: Cannot parse schedule 'every night': "every night" is no ISO 8601 repeating interval; the form is R[n]/start/period`,
    ],
    [
      `${chronos('a: { schedule: R/2024-01-01T00:00:00Z/1D, duration: 1m }')}`,
      'is no ISO 8601 repeating interval; the form is R[n]/start/period',
    ],
    [
      `${chronos('a: { schedule: R/2022-12-31T23:59:59Z/P1D, duration: 1m }')}`,
      "a.schedule is refused: Scheduled start date '2022-12-31T23:59:59.000Z' is more than 1 year in the past! The run begins at 2024-01-01T00:00:00.000Z",
    ],
    [
      `${chronos('a: { schedule: R/2024-01-01T02:00:00Z/P1D, timeZone: Asia/Shangri-La, duration: 1m }')}`,
      'c.jobs.a.timeZone is refused: unknown time zone "Asia/Shangri-La"; known: UTC, +hh:mm, or a tz name such as Asia/Shanghai',
    ],
    [
      `${chronos('a: { parents: [c], duration: 1m }, b: { parents: [a], duration: 1m }, c: { parents: [b], duration: 1m }')}`,
      's.yaml:14:94 controlPlane.frameworks.c.jobs.c.parents[0] is "b": dependency b -> c makes a cycle: c -> a -> b -> c',
    ],
    [
      `${chronos('a: { parents: [a], duration: 1m }')}`,
      'controlPlane.frameworks.c.jobs.a.parents[0] is "a": a job cannot follow itself',
    ],
    [
      `${chronos('alpha: { schedule: R//P1D, duration: 1m }, b: { parents: [alpah], duration: 1m }')}`,
      'controlPlane.frameworks.c.jobs.b.parents[0] is "alpah": Error, parent does not exist; known: alpha, b. Did you mean "alpha"?',
    ],
    [
      `${chronos('a: { duration: 1m }')}`,
      's.yaml:14:12 controlPlane.frameworks.c.jobs.a has neither schedule nor parents',
    ],
    [
      `${chronos('a: { schedule: R//P1D, parents: [b], duration: 1m }, b: { schedule: R//P1D, duration: 1m }')}`,
      'controlPlane.frameworks.c.jobs.a.schedule is given, and parents too; a job has one of them',
    ],
    [
      `${chronos('"a b": { schedule: R//P1D, duration: 1m }')}`,
      'jobs["a b"] has the name "a b"; names are letters, digits',
    ],
    [
      `${chronos('a: { schedule: R//P1D, duration: 1m, lane: 2 }')}`,
      'controlPlane.frameworks.c.jobs.a.lane is 2; the lanes are 0 to 1',
    ],
    [
      `${chronos('a: { schedule: R//P1D, duration: 1m, constraints: ["rack:GROUP_BY:2"] }')}`,
      'jobs.a.constraints[0] is "rack:GROUP_BY:2": constraint rack GROUP_BY: unknown operator; known: EQUALS, LIKE, UNLIKE',
    ],
    [
      `${chronos('a: { schedule: R//P1D, duration: 1m, cpu: 65 cores }')}`,
      'controlPlane.frameworks.c.jobs.a asks for 65000m and 128 MiB a run; no agent has that much',
    ],
    [
      `${frameworks.replace('populations: [video]', 'populations: [video], jobs: { a: { schedule: R//P1D, duration: 1m } }')}`,
      'controlPlane.frameworks.short.jobs are given, but kind is sisyphus; only chronos runs schedules and job graphs',
    ],
    [
      `${chronos('a: { schedule: R//P1D, duration: 1m }')}  startsAt: tonight\n`,
      'controlPlane.startsAt is "tonight": ',
    ],
    [
      `${chronos('', 'settings: { era: "2015" }')}`,
      'controlPlane.frameworks.c.settings.era is refused: chronos: era is "2015"; known: 2014, batch',
    ],
    [
      `${chronos('', 'settings: { quirks: { storeWritesTimesOfers: false } }')}`,
      'controlPlane.frameworks.c.settings.quirks.storeWritesTimesOfers is no setting of chronos; known: storeWritesTimesOffers, hoardOffersOnStoreFailure, abortDriverOnStoreFailure. Did you mean "storeWritesTimesOffers"?',
    ],
    [
      `${frameworks}    m: { kind: marathon, settings: { upgrade: { minimumHealthCapacity: 1.5 } } }\n`.replace(
        '{ short: { kind: sisyphus, populations: [video] } }',
        '\n    short: { kind: sisyphus, populations: [video] }',
      ),
      'controlPlane.frameworks.m.settings.upgrade is refused: upgrade strategy: minimumHealthCapacity is 1.5; it must be 0 to 1',
    ],
    [
      `${reserved('a: { role: ads, cpu: 2 cores }')}`,
      's.yaml:12:30 controlPlane.reservations.a.role names the unknown role "ads": no framework registers with it or below it; known: dev/ads',
    ],
    [
      `${reserved("a: { role: '*', cpu: 2 cores }")}`,
      'controlPlane.reservations.a.role is "*": Invalid reservation: role "*" cannot be reserved',
    ],
    [
      `${reserved('a: { role: "dev//ads", cpu: 2 cores }')}`,
      'a.role is "dev//ads": Invalid reservation: role "dev//ads" has an empty component',
    ],
    [
      `${reserved('a: { role: dev, cpu: 40 cores }, b: { role: dev/ads, cpu: 30 cores }')}`,
      's.yaml:12:77 controlPlane.reservations.b.cpu is 30 cores: Invalid RESERVE operation: with it 70 cores of an agent "web" are reserved, which has 63.36 cores',
    ],
    [
      `${reserved('a: { role: dev, memory: 600GiB }')}`,
      'controlPlane.reservations.a.memory is 614400 MiB: Invalid RESERVE operation: with it 614400 MiB of an agent "web" are reserved, which has',
    ],
    [
      `${reserved('a: { role: dev, cpu: 4 cores }, b: { role: dev/ads, kind: dynamic, refines: a, cpu: 5 cores }')}`,
      'controlPlane.reservations.b.cpu is 5 cores: Invalid RESERVE operation: "a" has 4 cores left',
    ],
    [
      `${reserved('a: { role: dev, cpu: 4 cores }, b: { role: dev/ads, refines: a, cpu: 2 cores }')}`,
      'controlPlane.reservations.b.kind is static: Invalid refined reservation: A refined reservation cannot be STATIC',
    ],
    [
      `${reserved('a: { role: dev/ads, cpu: 4 cores }, b: { role: dev, kind: dynamic, refines: a, cpu: 2 cores }')}`,
      "controlPlane.reservations.b.role is \"dev\": Invalid refined reservation: role 'dev' is not a refinement of 'dev/ads'",
    ],
    [
      `${reserved('a: { role: dev, cpu: 4 cores, at: 1h }')}`,
      'controlPlane.reservations.a.at is given, but kind is static; an agent starts with it',
    ],
    [
      `${reserved('a: { role: dev, kind: dynamic, cpu: 4 cores }', '0.2x')}`,
      'controlPlane.reservations.a.kind is dynamic, but variant is 0.2x; operators reserve since Mesos 0.25',
    ],
    [
      `  frameworks: { short: { kind: sisyphus, populations: [video], role: ads } }\n  variant: 0.2x\n`,
      's.yaml:11:70 controlPlane.frameworks.short.role is "ads": Role \'ads\' is not valid; a master of 0.2x knows the roles it is started with',
    ],
    [
      `${frameworks}  roles: { ads: { cpuGuarantee: 2 cores } }\n`,
      's.yaml:12:17 controlPlane.roles.ads names the unknown role "ads": no framework registers with it or below it; known: *.',
    ],
    [
      `${frameworks}    m: { kind: marathon, settings: { healthCheck: { intervalMs: 5000, timeoutMs: 9000 } } }\n`.replace(
        '{ short: { kind: sisyphus, populations: [video] } }',
        '\n    short: { kind: sisyphus, populations: [video] }',
      ),
      'controlPlane.frameworks.m.settings.healthCheck is refused: health check: the timeout must be less than the interval',
    ],
    [
      `${frameworks}    m: { kind: marathon, settings: { healthCheck: { interval: 5000 } } }\n`.replace(
        '{ short: { kind: sisyphus, populations: [video] } }',
        '\n    short: { kind: sisyphus, populations: [video] }',
      ),
      'settings.healthCheck is refused: health check: interval is no setting; known: gracePeriodMs, intervalMs',
    ],
    [`${frameworks}  podsPerSecond: 3\n`, 's.yaml:12:3 controlPlane.podsPerSecond is an unknown key; known: '],
  ])('%s', async (lines, message) => {
    expect(await read(BASE + lines)).toContain(message);
  });

  test('an unknown orchestrator names those there are', async () => {
    const text = BASE.replace('kind: mesos', 'kind: mesoz');
    expect(await read(text)).toContain(
      's.yaml:10:9 controlPlane.kind is "mesoz"; known: kubernetes, mesos, batch. Did you mean "mesos"?',
    );
  });

  test('services need a Marathon', async () => {
    const text = `${BASE.replace('online: { source: none }', 'online: { services: 2, pods: 4 }')}${frameworks}`;
    expect(await read(text)).toContain('controlPlane.frameworks hold no marathon, but there are services');
  });
});

describe('leaders that disagree are refused', () => {
  const incident = (text: string) =>
    read(`${BASE}  frameworks: { jobs: { kind: chronos, populations: [video] } }
  incidents:
    - { at: 1h, ${text} }
`);
  const OF_JOBS = 'kind: leaders-disagree, framework: jobs';

  test.each([
    ['without nodes', `${OF_JOBS}, lasts: 10m`, 'believed is empty; it names the leader each node believes in'],
    ['for no time', `${OF_JOBS}, believed: [1, 0]`, 'lasts is 0; leaders disagree for a while'],
    ['believing in a node there is not', `${OF_JOBS}, lasts: 1m, believed: [1, 3, 1]`, 'is 3; the nodes are 0 to 2'],
    ['for another incident', 'kind: scheduler-lost, framework: jobs, believed: [1, 0]', 'but kind is scheduler-lost'],
    [
      'with hosts',
      `${OF_JOBS}, lasts: 1m, believed: [1, 0], hosts: [0]`,
      'hosts is given, but kind is leaders-disagree',
    ],
    ['of a framework there is not', 'kind: leaders-disagree, framework: job, lasts: 1m, believed: [1, 0]', '"job"'],
    ['with a hop of no time', `${OF_JOBS}, lasts: 1m, believed: [1, 0], balancer: { hop: 0ms }`, 'balancer.hop'],
    ['without a try', `${OF_JOBS}, lasts: 1m, believed: [1, 0], balancer: { tries: 0 }`, 'balancer.tries'],
  ])('%s', async (_what, text, message) => {
    const said = await incident(text);
    expect(said).toContain('s.yaml:13');
    expect(said).toContain(message);
  });

  test('as they are told they are accepted', async () => {
    const plan = await incident(`${OF_JOBS}, lasts: 1m, believed: [1, 0]`);
    expect((plan as MesosPlan).incidents[0].leaders).toMatchObject({ believed: [1, 0] });
  });
});

describe('operations that no master would take are refused', () => {
  /** One operation, on line 13, of a scenario with two agents of 63.36 cores; the framework is of role ads. */
  const operation = (text: string, ...more: string[]) =>
    read(`${BASE}  frameworks: { short: { kind: sisyphus, populations: [video], role: ads } }
  operations:
${[text, ...more].map((it) => `    - { at: 1h, ${it} }`).join('\n')}
`);

  test.each([
    [
      'a quota beyond the cluster',
      'kind: update-quota, quotas: { ads: { cpuGuarantee: 200 cores } }',
      'quotas guarantee 200 cores; the agents have 126: total quota guarantees exceed cluster capacity (use force to bypass this check)',
    ],
    [
      'a guarantee above the limit',
      'kind: update-quota, quotas: { ads: { cpuGuarantee: 2 cores, cpuLimit: 1 cores } }',
      'quotas.ads.cpuGuarantee is above the limit of the role',
    ],
    [
      'a quota of a role below',
      'kind: update-quota, quotas: { ads/web: { cpuLimit: 1 cores } }',
      'Mesos takes quotas for top-level roles only',
    ],
    [
      'a quota of the default role',
      "kind: update-quota, quotas: { '*': { cpuLimit: 1 cores } }",
      'Mesos takes none for the default role "*"',
    ],
    [
      'a quota of an unknown role',
      'kind: update-quota, quotas: { abs: { cpuLimit: 1 cores } }',
      'quotas.abs names the unknown role "abs": no framework registers with it or below it; known: ads',
    ],
    ['no quota', 'kind: update-quota', 'operations[0].quotas is empty; update-quota names them'],
    [
      'a weight of an unknown role',
      'kind: update-weights, weights: { abs: 2 }',
      'weights.abs names the unknown role "abs"',
    ],
    ['a weight of nothing', 'kind: update-weights, weights: { ads: 0 }', 'operations[0].weights.ads'],
    [
      'weights with hosts',
      'kind: update-weights, weights: { ads: 2 }, hosts: [0]',
      'hosts is given, but kind is update-weights',
    ],
    ['a drain of nobody', 'kind: drain-agents', 'hosts is empty; drain-agents names them'],
    ['a drain of an agent there is not', 'kind: drain-agents, hosts: [2]', 'hosts[0] is 2; the hosts are 0 to 1'],
    [
      'a grace period without a drain',
      'kind: deactivate-agents, hosts: [0], maxGracePeriod: 1m',
      'maxGracePeriod is given, but kind is deactivate-agents',
    ],
    [
      'force without a quota',
      'kind: drain-agents, hosts: [0], force: true',
      'force is given, but kind is drain-agents',
    ],
    [
      'an agent back that was not out',
      'kind: reactivate-agents, hosts: [1]',
      'hosts[0] is 1, which is not drained or deactivated then',
    ],
    [
      'a call after the end',
      'kind: drain-agents, hosts: [0] }\n    - { at: 2000h, kind: drain-agents, hosts: [1]',
      'operations[1].at is after the run has ended',
    ],
    ['a call that there is not', 'kind: drain-agent, hosts: [0]', 'Did you mean "drain-agents"?'],
  ])('%s', async (_what, text, message) => {
    const said = await operation(text);
    expect(said).toContain('s.yaml:1');
    expect(said).toContain(message);
  });

  test('an agent that was marked gone before', async () => {
    const said = await operation(
      'kind: drain-agents, hosts: [1], markGone: true',
      'kind: reactivate-agents, hosts: [1]',
    );
    expect(said).toContain('s.yaml:14:50 controlPlane.operations[1].hosts[0] is 1, which was marked gone before');
  });

  test('guarantees that come one after another are summed, and force lets them be', async () => {
    const quota = (cores: number, more = '') =>
      `kind: update-quota, quotas: { ads: { cpuGuarantee: ${cores} cores } }${more}`;
    expect(await operation(quota(100), quota(120))).toMatchObject({
      operations: [{ force: false }, { atMs: 3_600_000 }],
    });
    expect(await operation(quota(100), quota(200))).toContain('operations[1].quotas guarantee 200 cores');
    expect(await operation(quota(200, ', force: true'))).toMatchObject({
      operations: [{ kind: 'update-quota', force: true, quotas: [{ name: 'ads', guaranteeMilliCpu: 200_000 }] }],
    });
  });

  test('any of them with 0.2x', async () => {
    const text = `${BASE}  variant: 0.2x
  frameworks: { short: { kind: sisyphus, populations: [video] } }
  operations: [{ at: 1h, kind: deactivate-agents, hosts: [0] }]
`;
    expect(await read(text)).toContain('s.yaml:13:15 controlPlane.operations are given, but variant is 0.2x');
  });
});
