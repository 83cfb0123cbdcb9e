import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadPlan } from './load.ts';

const folder = mkdtempSync(join(tmpdir(), 'scheduling-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Two populations and one service; `quotas` and `reservations` stand on lines 15 and 16. */
async function messageOf(quotas: string, reservations = '{}'): Promise<string> {
  const path = join(folder, 's.yaml');
  writeFileSync(
    path,
    `name: a
cluster:
  hosts:
    plain: { count: 2, cpu: 32 cores, memory: 128GiB }
online:
  source: none
  explicit:
    search: { replicas: 2, cpuRequest: 2 cores, memRequest: 4GiB }
bestEffort:
  tasksPerWeek: 100
  populations:
    etl: { kind: transcode, taskShare: 50% }
    video: { kind: transcode, taskShare: 50% }
controlPlane:
  quotas: ${quotas}
  reservations: ${reservations}
`,
  );
  return loadPlan(path, {}).then(
    () => 'valid',
    (error: Error) => error.message.replaceAll(`${folder}/`, ''),
  );
}

describe('elastic quotas as upstream admits them', () => {
  test.each([
    [
      'a tree that adds up',
      '{ all: { minCpu: 8 cores }, a: { parent: all, minCpu: 5 cores, maxCpu: 6 cores, populations: [etl] }, b: { parent: all, minCpu: 3 cores } }',
      'valid',
    ],
    [
      'a name that is no population',
      '{ a: { populations: [vide] } }',
      's.yaml:15:32 controlPlane.quotas.a.populations[0] is "vide", which is no population; known: etl, video. Did you mean "video"?',
    ],
    [
      'a population in two quotas',
      '{ a: { populations: [etl] }, b: { populations: [etl] } }',
      's.yaml:15:59 controlPlane.quotas.b.populations[0] is "etl", which counts in quota a already',
    ],
    [
      'a parent that is no quota',
      '{ a: { parent: al }, all: {} }',
      's.yaml:15:26 controlPlane.quotas.a.parent is "al", which is no quota; known: a, all. Did you mean "a"?',
    ],
    [
      'a minimum above the maximum',
      '{ a: { minMemory: 3GiB, maxMemory: 2GiB } }',
      's.yaml:15:29 controlPlane.quotas.a.minMemory is 3072 MiB, above maxMemory 2048 MiB',
    ],
    [
      'children with more than their parent',
      '{ all: { minCpu: 7 cores }, a: { parent: all, minCpu: 5 cores }, b: { parent: all, minCpu: 3 cores } }',
      's.yaml:15:28 controlPlane.quotas.all.minCpu is 7000m; its children have minima of 8000m',
    ],
    [
      'pods in a quota with children',
      '{ all: { populations: [etl] }, a: { parent: all } }',
      's.yaml:15:33 controlPlane.quotas.all.populations is not empty, but a are its children: pods count in quotas without children',
    ],
  ])('%s', async (_, quotas, message) => {
    expect(await messageOf(quotas)).toBe(message);
  });
});

test('a reservation for a service that is not there is refused, with the line and the nearest name', async () => {
  const reservation = '{ room: { cpu: 2 cores, memory: 4GiB, services: [serch] } }';
  expect(await messageOf('{}', reservation)).toBe(
    's.yaml:16:66 controlPlane.reservations.room.services[0] is "serch", which is no service; known: search. Did you mean "search"?',
  );
});
