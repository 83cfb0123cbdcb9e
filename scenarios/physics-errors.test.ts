import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadPlan } from './load.ts';

const folder = mkdtempSync(join(tmpdir(), 'physics-scenario-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What is said of a scenario with `more` from line 3 on, and `inCluster` in its cluster. */
async function messageOf(more: string, inCluster = ''): Promise<string> {
  const path = join(folder, 's.yaml');
  const cluster = `{ hosts: { node: { count: 2, cpu: 64 cores, memory: 512GiB } }${inCluster} }`;
  writeFileSync(path, `name: a\ncluster: ${cluster}\n${more}\n`);
  return loadPlan(path).then(
    () => 'valid',
    (error: Error) => error.message.replaceAll(`${folder}/`, ''),
  );
}

const EVENTS = `online: { source: none }
controlPlane: { kind: batch }
bestEffort: { failureProbability: 0 }
physics: { accounting: event, `;

test.each([
  ['physics: { memoryRamp: maybe }', 's.yaml:3:24 physics.memoryRamp'],
  [`${EVENTS}memoryRamp: true }`, 's.yaml:6:43 physics.memoryRamp is true; it needs the physics of windows'],
  [
    'bestEffort: { populations: { t: { kind: transcode, taskShare: 1, execution: { shuffle: local } } } }',
    's.yaml:3:88 bestEffort.populations.t.execution.shuffle is local; tasks of kind transcode have no stages',
  ],
  [
    'bestEffort: { populations: { t: { kind: analytics, taskShare: 1, execution: { shufle: local } } } }',
    's.yaml:3:79 bestEffort.populations.t.execution.shufle',
  ],
  [
    `${EVENTS.replace('failureProbability: 0', 'failureProbability: 0, populations: { t: { kind: analytics, taskShare: 1, execution: { stragglers: true } } }')} }`,
    'bestEffort.populations.t.execution is set; it needs the physics of windows',
  ],
  [
    'bestEffort: { populations: { t: { kind: transcode, taskShare: 1, gang: { size: 2 }, execution: { speculation: true } } } }',
    'bestEffort.populations.t.execution.speculation is true; pods of a gang start together',
  ],
  [
    'bestEffort: { populations: { t: { kind: analytics, taskShare: 1, diskIopsPerCore: 5 } } }',
    's.yaml:3:83 bestEffort.populations.t.diskIopsPerCore is 5, but no host has a disk; give cluster.hosts.<name>.disk',
  ],
  [
    'online: { explicit: { web: { replicas: 1, cpuRequest: 1 cores, memRequest: 1GiB, clientRetries: -1 } } }',
    's.yaml:3:97 online.explicit.web.clientRetries',
  ],
  [
    'failures: { flaps: [{ rack: 1, at: 1h, duration: 10m }] }',
    's.yaml:3:29 failures.flaps[0].rack is 1; racks are numbered 0 to 0',
  ],
])('%s is refused', async (more, message) => {
  expect(await messageOf(more)).toContain(message);
});

test.each([
  ['evictionSoftMemory: 1GiB', 's.yaml:2:94 cluster.evictionSoftMemory is set without evictionSoftGracePeriod'],
  [
    'evictionSoftMemory: 50MiB, evictionSoftGracePeriod: 1m',
    's.yaml:2:94 cluster.evictionSoftMemory is 50 MiB, not above evictionHardMemory of 100 MiB',
  ],
  ['evictionSoftGracePeriod: 1m', 's.yaml:2:99 cluster.evictionSoftGracePeriod is set, but evictionSoftMemory is 0'],
])('a cluster with %s is refused', async (more, message) => {
  expect(await messageOf('', `, ${more}`)).toContain(message);
});
