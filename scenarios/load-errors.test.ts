import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadPlan } from './load.ts';

const folder = mkdtempSync(join(tmpdir(), 'scenario-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Four valid lines; what is appended starts on line 5. */
const BASE = `name: a
cluster:
  hosts:
    web: { count: 2, cpu: 64 cores, memory: 512GiB }
`;

/** The message for `text`, with the folder taken out. */
async function messageOf(text: string | Uint8Array, sets: readonly string[] = []): Promise<string> {
  const path = join(folder, 's.yaml');
  writeFileSync(path, text);
  const options = {
    sets,
    knownPolicies: ['cpu-burst', 'cpu-evict', 'cpu-suppress'],
    knownParameters: { smtYield: [1.1, 1.45] as const },
  };
  return loadPlan(path, options).then(
    () => 'valid',
    (error: Error) => {
      expect(error.name).toBe('ConfigError');
      return error.message.replaceAll(`${folder}/`, '');
    },
  );
}

/** Name, text appended to BASE (or a whole file), expected lines. */
type Row = readonly [name: string, text: string, ...lines: string[]];

const wholeFiles: readonly Row[] = [
  ['an empty file', '', 's.yaml:1:1 is empty; a scenario needs at least name and cluster'],
  ['a file of comments', '# nothing\n', 's.yaml:1:1 is empty; a scenario needs at least name and cluster'],
  ['a list', '- a\n', 's.yaml:1:1 holds a list; expected a mapping of scenario keys'],
  ['prose', 'hello there', 's.yaml:1:1 holds a single value; expected a mapping of scenario keys'],
  ['control characters', 'a\u0000b', 's.yaml:1:1 is not YAML text: it holds control characters'],
  [
    'broken YAML',
    'name: [a\ncluster: }\n',
    's.yaml:2:1 is not YAML: flow sequence in block collection must be sufficiently indented and end with a ]',
    's.yaml:2:10 is not YAML: unexpected flow-map-end token in YAML stream: "}"',
  ],
  ['a tab', 'name: a\ncluster:\n\thosts: 1\n', 's.yaml:3:1 is not YAML: a tab is used as indentation; use blanks'],
  ['no name', BASE.slice(8), 's.yaml:1:1 name is missing; expected text'],
  ['no cluster', 'name: a\ncluster:\n', 's.yaml:2:9 cluster is missing; expected a mapping'],
  ['no hosts', 'name: a\ncluster: {}\n', 's.yaml:2:10 cluster.hosts is missing; expected a mapping'],
  [
    'a shape without hosts',
    BASE.replace('count: 2', 'count: 0'),
    's.yaml:4:5 cluster.hosts has no host; give at least one shape with a count of 1 or more',
  ],
  [
    'impossible hosts',
    `name: a
cluster:
  hosts:
    none: { count: 1, cpu: 0 cores, memory: 1GiB }
    huge: { count: 1, cpu: 2, memory: 1000000000GiB }
    odd: { count: -1, cpu: 63, memory: 4GiB }
    bare: { count: 1 }
    "a.b": { count: 1, cpu: 2, memory: 4GiB }
`,
    's.yaml:4:28 cluster.hosts.none.cpu is "0 cores"; must be at least 1 core',
    's.yaml:5:39 cluster.hosts.huge.memory is "1000000000GiB"; must be at most 64TiB: bytes of a host must stay exact; no host has more than 64 TiB',
    's.yaml:6:19 cluster.hosts.odd.count is -1; must not be negative',
    's.yaml:7:11 cluster.hosts.bare.cpu is missing; expected an amount of CPU such as 64 cores',
    's.yaml:7:11 cluster.hosts.bare.memory is missing; expected an amount of memory such as 512GiB',
    's.yaml:8:5 cluster.hosts["a.b"] has the name "a.b"; names are letters, digits, - and _, at most 63, no dots',
  ],
  [
    'a host that somebody pays one to take',
    BASE.replace('512GiB }', '512GiB, capex: -5 }'),
    's.yaml:4:60 cluster.hosts.web.capex is -5; must not be negative',
  ],
  [
    'too many hosts',
    BASE.replace('count: 2', 'count: 2000000'),
    's.yaml:4:19 cluster.hosts.web.count is 2000000; must be at most 200000: every host is swept in every window; split larger fleets into cells',
  ],
];

const appended: readonly Row[] = [
  [
    'an unknown section and an unknown key in the middle of known ones',
    'koordinater: {}\nslo: { objectivPercent: 99 }\n',
    `s.yaml:5:1 koordinater is an unknown key; known: name, title, horizon, window, cluster, online, controlPlane, koordinator, policies, failures, cost, record and 10 more. Did you mean "koordinator"?`,
    's.yaml:6:8 slo.objectivPercent is an unknown key; known: objectivePercent, targetOverBaseline, designLoadPercent. Did you mean "objectivePercent"?',
  ],
  [
    'wrong units',
    'horizon: 7 dayz\nwindow: 60\nwarmUp: -1s\n',
    's.yaml:5:10 horizon is "7 dayz"; unknown unit "dayz" of a duration; known units: ms, s, m, h, d, w. Did you mean "day"?',
    's.yaml:6:9 window is 60; a duration needs a unit; known units: ms, s, m, h, d, w, as in 60s',
    's.yaml:7:9 warmUp is "-1s"; must not be negative',
  ],
  [
    'a key twice',
    'slo: {}\nslo: {}\n',
    's.yaml:6:1 is not YAML: the key "slo" is given twice in one mapping; keep one of them',
  ],
  [
    'two documents',
    '---\nname: b\n',
    's.yaml:5:1 holds 2 documents; a scenario is one (remove "---" or split the file)',
  ],
  [
    'a weight that is not whole',
    'controlPlane: { loadAwareWeight: 1.05 }\n',
    's.yaml:5:34 controlPlane.loadAwareWeight is 1.05; expected a whole number',
  ],
  ['a tag', 'title: !shell "rm"\n', 's.yaml:5:8 is not YAML: unresolved tag: !shell'],
  [
    'NaN and infinity',
    'bestEffort: { tasksPerWeek: .nan, maxRetries: -.inf }\n',
    's.yaml:5:29 bestEffort.tasksPerWeek is .nan; expected a finite number',
    's.yaml:5:47 bestEffort.maxRetries is -.inf; expected a finite number',
  ],
  [
    'digits that would be lost',
    'seed: 12345678901234567890\n',
    's.yaml:5:7 seed is 12345678901234567890; whole numbers beyond 2^53 lose digits',
  ],
  [
    'a million million tasks',
    'bestEffort: { tasksPerWeek: 1000000000000 }\n',
    's.yaml:5:29 bestEffort.tasksPerWeek is 1000000000000; must be at most 1000000000: one week of tasks must stay below the 2,147,483,647 a run can number',
  ],
  [
    // 1e9 tasks a week for 366 days are 1e9 x 366 / 7 = 52,285,714,286.
    'more tasks than a run can number',
    'horizon: 366d\nbestEffort: { tasksPerWeek: 1000000000, populations: { t: { kind: transcode, taskShare: 1 } } }\n',
    's.yaml:5:10 would need about 36.1 GiB of memory; limit 16.0 GiB: the run would not fit the memory of a usual machine',
    's.yaml:6:29 bestEffort.tasksPerWeek makes 52285714286 tasks in this run; at most 2147483647: tasks and jobs are numbered with signed 32-bit integers',
  ],
  ['an unknown anchor', 'online: *nowhere\n', 's.yaml:5:9 online refers to the unknown anchor "nowhere"'],
  [
    'a value that contains itself',
    'policies: &p [*p]\n',
    's.yaml:5:15 policies[0] contains itself through the anchor "p"',
    's.yaml:5:15 policies[0] is null; expected a mapping',
  ],
  ['a merge key without mapping', 'slo: { <<: 5 }\n', 's.yaml:5:12 slo has a merge key "<<" whose value is no mapping'],
  ['a prototype', '__proto__: { name: b }\n', 's.yaml:5:1 has the unknown key "__proto__"'],
  ['a key that is a list', '? [a, b]\n: 3\n', 's.yaml:5:3 has a key that is neither text nor number'],
  [
    'wrong types',
    'online: 5\nkoordinator: []\nrecord: { tasks: yes }\nslo: { objectivePercent: lots, targetOverBaseline: "1.5" }\nphysics: { isolation: Shares }\n',
    's.yaml:5:9 online is 5; expected a mapping',
    's.yaml:6:14 koordinator is a list of 0; expected a mapping',
    's.yaml:7:18 record.tasks is "yes"; expected true or false',
    's.yaml:8:26 slo.objectivePercent is "lots"; expected a percentage such as 65%',
    's.yaml:8:52 slo.targetOverBaseline is "1.5"; expected a number',
    's.yaml:9:23 physics.isolation is "Shares"; known: equal, shares, noise-clean, group-identity, core-scheduling, kata. Did you mean "shares"?',
  ],
  ['a window longer than the run', 'horizon: 30s\n', 's.yaml:5:10 window is 1m, longer than the horizon of 30s'],
  [
    'times that do not divide',
    'window: 7s\nhorizon: 1h\nwarmUp: 1h\n',
    's.yaml:5:9 window is 7s; an hour must be a whole number of windows, as with 1s, 10s, 60s or 5m',
    's.yaml:6:10 horizon is 1h; it must be a whole number of windows of 7s',
    's.yaml:7:9 warmUp is 1h; it must end before the horizon of 1h',
  ],
  [
    'fewer pods than services',
    'online: { services: 10, pods: 5 }\n',
    's.yaml:5:31 online.pods is 5, fewer than the 10 services: each needs a pod',
  ],
  [
    'more requested than is left',
    '  reservedCpuPercent: 97%\nonline: { cpuRequestPercent: 99% }\n',
    's.yaml:5:23 cluster.reservedCpuPercent is 97 % and the system uses 3 %; together they must leave something of the host',
    's.yaml:6:30 online.cpuRequestPercent is 99 %, but 97 % is reserved: at most 3 % can be requested',
  ],
  [
    // 0.5 + 0.4 = 0.9; the mistakes beside it do not hide it.
    'shares that miss 1, a priority outside its band, an unknown curve, containers larger than any host',
    `bestEffort:
  tasksPerWeek: 100
  populations:
    x: { kind: transcode, taskShare: 0.5, arrivals: nigth }
    y: { kind: analytics, taskShare: 40%, priority: 9000, sizes: [{ cores: 128, weight: 1 }] }
`,
    's.yaml:8:5 bestEffort.populations has taskShares x 0.5 + y 0.4 = 0.9; they must sum to 1',
    's.yaml:8:53 bestEffort.populations.x.arrivals is "nigth"; known: flat, night, alibaba-2018, or a list of 24 weights. Did you mean "night"?',
    's.yaml:9:53 bestEffort.populations.y.priority is 9000; must be at most 7999: koord-free is 3000 to 3999, koord-batch 5000 to 5999, koord-mid 7000 to 7999',
    's.yaml:9:66 bestEffort.populations.y.sizes has containers of 128 cores and 332.8 GiB; no host is that large',
  ],
  [
    'arrival weights that are 23, or have mean 2',
    `bestEffort:
  populations:
    x: { kind: transcode, taskShare: 1, arrivals: [${Array(23).fill(1).join(', ')}] }
    y: { kind: transcode, taskShare: 0, arrivals: [${Array(24).fill(2).join(', ')}] }
`,
    's.yaml:7:51 bestEffort.populations.x.arrivals has 23 weights; expected 24, one for each hour',
    's.yaml:8:51 bestEffort.populations.y.arrivals has mean 2; the 24 weights must have mean 1',
  ],
  [
    'offered work nobody can carry',
    'bestEffort: { tasksPerWeek: 1000, offeredPercent: 5, populations: { t: { kind: transcode, taskShare: 1 } } }\n',
    's.yaml:5:51 bestEffort.offeredPercent is set, but no population of kind analytics is there to carry it; use 0 to keep durations as they are',
  ],
  [
    // 10,000 x 4 cores x 833.1 s / 3600 = 9,257 core-hours over 128 cores x 168 h = 21,504: 43.0 %.
    'transcoding above the offered share',
    'bestEffort: { tasksPerWeek: 20000, offeredPercent: 40, populations: { t: { kind: transcode, taskShare: 50% }, a: { kind: analytics, taskShare: 50% } } }\n',
    's.yaml:5:52 bestEffort.offeredPercent is 40 %, but transcoding alone offers 43.0 %; nothing is left for analytics',
  ],
  [
    'thresholds outside upstream ranges',
    'koordinator:\n  memoryEvictThresholdPercent: 101\n  cpuSuppressThresholdPercent: 64.5\n  cpuEvictSatisfactionLowerPercent: 61\n  report: 10s\n',
    's.yaml:6:32 koordinator.memoryEvictThresholdPercent is 101; must be at most 100%',
    's.yaml:7:32 koordinator.cpuSuppressThresholdPercent is 64.5; must be a whole number',
    's.yaml:8:37 koordinator.cpuEvictSatisfactionLowerPercent is 61; must be at most 60%',
    's.yaml:9:11 koordinator.report is "10s"; must be at least 30s',
  ],
  [
    'thresholds in the wrong order',
    'koordinator:\n  memoryEvictLowerPercent: 70\n  cpuEvictSatisfactionLowerPercent: 60\n  report: 10m\n',
    's.yaml:6:28 koordinator.memoryEvictLowerPercent is 70; it must be below memoryEvictThresholdPercent 70, or nothing is ever evicted',
    's.yaml:7:37 koordinator.cpuEvictSatisfactionUpperPercent is not set although its partner is; Koordinator needs both (or neither, which turns eviction by satisfaction off)',
    's.yaml:8:11 koordinator.aggregate is 5m, shorter than the report period of 10m',
  ],
  [
    'policies nobody knows, or twice',
    'policies: [{ name: cpu-supress }, { name: cpu-burst, cfg: {} }, { name: cpu-burst }]\n',
    's.yaml:5:20 policies[0].name is "cpu-supress"; known: cpu-burst, cpu-evict, cpu-suppress. Did you mean "cpu-suppress"?',
    's.yaml:5:54 policies[1].cfg is an unknown key; known: name, config.',
    's.yaml:5:73 policies[2].name is "cpu-burst", which is listed already',
  ],
  [
    'what a policy refuses, in its words, at the setting that they name or else at the policy',
    'policies:\n  - { name: cpu-burst, config: { policy: auto, cpuBurstPercent: 0 } }\n' +
      '  - { name: cpu-suppress, config: { depth: 2 } }\n',
    's.yaml:6:65 policies[0].config.cpuBurstPercent is refused: policy cpu-burst: cpuBurstPercent is 0; upstream takes 1 to 10000',
    's.yaml:7:44 policies[1].config.depth is refused: policy cpu-suppress: "depth" is unknown; known: cfsBypassKeepsUnlimited, cpuSuppressMinPercent, cpuSuppressPolicy, cpuSuppressThresholdPercent, cpusetPartialPools',
  ],
  [
    'coefficients unknown or out of range',
    'physics: { parameters: { smtYeld: 1, smtYield: 2 } }\n',
    's.yaml:5:35 physics.parameters.smtYeld is an unknown coefficient; known: smtYield. Did you mean "smtYield"?',
    's.yaml:5:48 physics.parameters.smtYield is 2; its range is 1.1 to 1.45',
  ],
  [
    'a service that cannot live',
    `online:
  source: none
  explicit:
    s:
      replicas: 5
      cpuRequest: 2 cores
      cpuLimit: 1000m
      memRequest: 4GiB
      priority: 5500
      nodeSelector: { disk: ssd }
      tolerations: [ssd]
      autoscale: { minReplicas: 6, maxReplicas: 3 }
      rollingRestartAt: [1h, 2d]
    t: { replicas: 9, cpuRequest: 70 cores, memRequest: 4GiB, autoscale: { maxReplicas: 8 } }
`,
    's.yaml:11:17 online.explicit.s.cpuLimit is 1000m, below the request of 2000m',
    's.yaml:13:17 online.explicit.s.priority is 5500; must be at least 9000: the koord-prod band is 9000 to 9999',
    's.yaml:14:21 online.explicit.s.nodeSelector asks for disk: ssd; no host carries that',
    's.yaml:15:21 online.explicit.s.tolerations[0] is "ssd"; expected key=value:Effect',
    's.yaml:16:33 online.explicit.s.autoscale.minReplicas is 6, above maxReplicas 3',
    's.yaml:17:30 online.explicit.s.rollingRestartAt[1] is 2d, after the run has ended',
    's.yaml:18:8 online.explicit.t requests 70000m and 4096 MiB a pod; no host has that much to give',
    "s.yaml:18:20 online.explicit.t.replicas is 9, outside the autoscaler's 1 to 8",
  ],
  [
    // 366 days of 1 s are 31,622,400 windows x 4,096 bytes = 120.6 GiB.
    'a run larger than memory',
    'horizon: 366d\nwindow: 1s\n',
    's.yaml:5:10 would need about 120.6 GiB of memory; limit 16.0 GiB: the run would not fit the memory of a usual machine',
  ],
];

describe('a broken scenario file', () => {
  test.each(wholeFiles)('%s', async (_name, text, ...lines) => {
    expect((await messageOf(text)).split('\n')).toEqual(lines);
  });

  test.each(appended)('with %s', async (_name, text, ...lines) => {
    expect((await messageOf(BASE + text)).split('\n')).toEqual(lines);
  });

  test('bytes that are not UTF-8 are refused', async () => {
    expect(await messageOf(new Uint8Array([0x6e, 0xff, 0xfe]))).toBe('s.yaml cannot be read: not UTF-8 text');
  });

  test('above 1 MiB is refused before it is read', async () => {
    expect(await messageOf(`# ${'x'.repeat(1_048_576)}\n${BASE}`)).toBe(
      `s.yaml cannot be read: ${2 + 1_048_576 + 1 + BASE.length} bytes, limit 1048576; a scenario is written by hand`,
    );
  });

  test('aliases that expand to 300,000 values stop at 200,000', async () => {
    const ten = (name: string, inner: string) => `  - &${name} [${Array(10).fill(inner).join(', ')}]\n`;
    const bomb = `title: b\npolicies:\n${ten('a', '1')}${ten('b', '*a')}${ten('c', '*b')}${ten('d', '*c')}${ten('e', '*d')}  - [*e, *e, *e]\n`;
    expect(await messageOf(BASE + bomb)).toMatch(
      /expands to more than 200000 values; aliases may not blow a small file up$/,
    );
  });

  test.each([65, 700, 5_000, 100_000])('%d nested lists are refused without overflowing the stack', async (depth) => {
    expect(await messageOf(`${BASE}title: ${'['.repeat(depth)}${']'.repeat(depth)}\n`)).toContain(
      'is nested more than 64 deep; no scenario nests that deep',
    );
  });

  test('a key with a line break stays on one line of the message', async () => {
    expect(await messageOf(`${BASE}"a\\nb": 3\n`)).toMatch(/^s\.yaml:5:1 \["a\\nb"\] is an unknown key; [^\n]*$/);
  });

  test('only 50 of 60 problems are listed, and the rest counted', async () => {
    const keys = Array.from({ length: 60 }, (_, index) => `  unknown${index}: 1`).join('\n');
    const lines = (await messageOf(`${BASE}slo:\n${keys}\n`)).split('\n');
    expect(lines).toHaveLength(51);
    expect(lines[50]).toBe('... and 10 more');
  });

  test.each([
    ['=3', '--set =3: is no override; expected path=value, as in koordinator.cpuSuppressThresholdPercent=75'],
    ['a..b=3', '--set a..b=3: a..b is no path; expected keys joined by dots, list places as [0]'],
    ['online.pods=[1', '--set online.pods=[1: online.pods is not YAML: flow sequence must end with a ]'],
    ['online.pods=x', '--set online.pods=x: online.pods is "x"; expected a number'],
    [
      'slo.objectivePercnt=9',
      '--set slo.objectivePercnt=9: slo.objectivePercnt is an unknown key; known: objectivePercent, targetOverBaseline, designLoadPercent. Did you mean "objectivePercent"?',
    ],
    [
      'policies[0].name=x',
      '--set policies[0].name=x: policies[0].name does not lead into a mapping or to an existing place of a list',
    ],
    ['extends=x.yaml', '--set extends=x.yaml: extends cannot be set from the command line; name another scenario file'],
    [
      'cluster.hosts.web=null',
      `s.yaml:4:5 cluster.hosts has no host; give at least one shape with a count of 1 or more`,
    ],
  ])('override %s', async (set, message) => {
    expect(await messageOf(BASE, [set])).toBe(message);
  });
});
