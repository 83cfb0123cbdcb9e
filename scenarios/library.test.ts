import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Plan } from '../sim/plan.ts';
import { jsonSchemaText } from './json-schema.ts';
import { loadPlan } from './load.ts';

const here = dirname(fileURLToPath(import.meta.url));
const library = join(here, 'library');
const names = readdirSync(library).filter((file) => file.endsWith('.yaml'));
const load = (file: string) => loadPlan(join(library, file));

/** pai_machine_spec of Alibaba cluster-trace-gpu-v2020 (CC-BY-4.0), counted: 1,897 machines. */
const INVENTORY = [
  { shape: 'cpu-96c-512g', machines: 83, cores: 96 },
  { shape: 'misc-96c-512g', machines: 280, cores: 96 },
  { shape: 'p100-64c-512g', machines: 798, cores: 64 },
  { shape: 't4-96c-512g', machines: 497, cores: 96 },
  { shape: 'v100-96c-384g', machines: 45, cores: 96 },
  { shape: 'v100-96c-512g', machines: 59, cores: 96 },
  { shape: 'v100m32-96c-384g', machines: 135, cores: 96 },
];

/** The inventory scaled to `hosts` by largest remainder. */
function scaled(hosts: number): [string, number][] {
  const exact = INVENTORY.map((row) => (row.machines * hosts) / 1897);
  const counts = exact.map(Math.floor);
  const order = exact.map((_, index) => index).sort((a, b) => exact[b]! - counts[b]! - (exact[a]! - counts[a]!));
  const missing = hosts - counts.reduce((sum, count) => sum + count, 0);
  for (const index of order.slice(0, missing)) counts[index]!++;
  return INVENTORY.map((row, index) => [row.shape, counts[index]!]);
}

const counts = (plan: Plan) => plan.cluster.shapes.map((shape) => [shape.name, shape.count]);
const cores = (plan: Plan) => plan.cluster.shapes.reduce((sum, shape) => sum + shape.count * shape.cpuCores, 0);

describe('the scenario library', () => {
  test('names each scenario as its file and points editors at the schema', async () => {
    for (const wanted of ['mixed-2000.yaml', 'mixed-2000-replay.yaml', 'quickstart.yaml'])
      expect(names).toContain(wanted);
    for (const file of names) {
      expect(readFileSync(join(library, file), 'utf8')).toMatch(
        /^# yaml-language-server: \$schema=\.\.\/schema\.json\n/,
      );
      expect(`${(await load(file)).plan.name}.yaml`).toBe(file);
    }
  });

  test.each([
    ['quickstart.yaml', 100, 8_256],
    ['mixed-2000.yaml', 2_000, 165_088],
    ['large-20000.yaml', 20_000, 1_650_784],
  ])('%s has the real shape mix in %d hosts and %d cores', async (file, hosts, total) => {
    const { plan } = await load(file);
    expect(counts(plan)).toEqual(scaled(hosts));
    expect(cores(plan)).toBe(total);
    for (const row of INVENTORY)
      expect(plan.cluster.shapes.find((s) => s.name === row.shape)?.cpuCores).toBe(row.cores);
  });

  test('mixed-2000 is a week of 40,000 pods in 300 services and 5,000,000 tasks at upstream water-lines', async () => {
    const { plan } = await load('mixed-2000.yaml');
    expect([plan.horizonMs, plan.windowMs, plan.warmUpMs]).toEqual([604_800_000, 60_000, 86_400_000]);
    expect([
      plan.online.services,
      plan.online.pods,
      plan.online.cpuRequestPercent,
      plan.online.memRequestPercent,
    ]).toEqual([300, 40_000, 80, 70]);
    expect([plan.bestEffort.tasksPerWeek, plan.bestEffort.offeredPercent]).toEqual([5_000_000, 33]);
    const k = plan.koordinator;
    expect([k.cpuReclaimThresholdPercent, k.memoryReclaimThresholdPercent, k.cpuSuppressThresholdPercent]).toEqual([
      60, 65, 65,
    ]);
    expect([k.cpuSuppressPolicy, k.memoryEvictThresholdPercent, k.memoryEvictLowerPercent]).toEqual([
      'cfsQuota',
      70,
      null,
    ]);
    expect([k.loadAwareCpuThresholdPercent, k.loadAwareMemoryThresholdPercent]).toEqual([65, 95]);
  });

  test('mixed-2000 offers 33 %: transcoding 8.3 %, the rest by analytics of 4,282 s', async () => {
    // Week: 165,088 cores x 168 h = 27,734,784 core-hours, 33 % of it 9,152,479.
    // Transcoding: 2,500,000 x (0.4 x 2 + 0.4 x 4 + 0.2 x 8 = 4 cores) x 833 s / 3600 = 2,313,800 core-hours, 8.34 %.
    // Analytics: 6,838,700 core-hours / (2,500,000 x 2.3 cores) = 1.1893 h = 4,282 s.
    expect((await load('mixed-2000.yaml')).notes).toEqual([
      'best effort offers 33 % of 165088 cores: transcoding 8.3 %, analytics 24.7 % with containers of 4282 s on average',
    ]);
  });

  test('waterline-75 and the replay differ from mixed-2000 in one value beside name and title', async () => {
    const { plan: base } = await load('mixed-2000.yaml');
    const { plan: line } = await load('waterline-75.yaml');
    const { plan: replay } = await load('mixed-2000-replay.yaml');
    expect(line).toEqual({
      ...base,
      name: line.name,
      title: line.title,
      koordinator: { ...base.koordinator, cpuSuppressThresholdPercent: 75 },
    });
    expect(replay).toEqual({
      ...base,
      name: replay.name,
      title: replay.title,
      online: { ...base.online, source: 'replay' },
    });
  });

  test('large-20000 has ten times the pods, services and tasks of mixed-2000', async () => {
    const { plan: base } = await load('mixed-2000.yaml');
    const { plan } = await load('large-20000.yaml');
    expect([plan.online.pods, plan.online.services, plan.bestEffort.tasksPerWeek]).toEqual([
      10 * base.online.pods,
      10 * base.online.services,
      10 * base.bestEffort.tasksPerWeek,
    ]);
  });
});

describe('schema.json', () => {
  test('is what the schema says (after a change: node dist/scenarios/json-schema.js)', () => {
    expect(readFileSync(join(here, 'schema.json'), 'utf8')).toBe(jsonSchemaText());
  });

  test('every field carries a description', () => {
    const bare: string[] = [];
    const walk = (node: Record<string, unknown>, path: string): void => {
      for (const [key, value] of Object.entries((node.properties ?? {}) as Record<string, Record<string, unknown>>)) {
        const branches = (value.anyOf ?? []) as Record<string, unknown>[];
        if (value.description === undefined && !branches.some((branch) => branch.description !== undefined))
          bare.push(`${path}.${key}`);
        for (const inner of [value, ...branches]) walk(inner, `${path}.${key}`);
      }
      const named = node.additionalProperties as { anyOf?: Record<string, unknown>[] } | false | undefined;
      if (named) for (const inner of named.anyOf ?? []) walk(inner, `${path}.*`);
      if (node.items) walk(node.items as Record<string, unknown>, `${path}[]`);
    };
    walk(JSON.parse(jsonSchemaText()), 'scenario');
    expect(bare).toEqual([]);
  });

  test('accepts every library file and refuses a misspelt key', () => {
    const schema = z.fromJSONSchema(JSON.parse(jsonSchemaText()));
    for (const file of names) {
      const result = schema.safeParse(parse(readFileSync(join(library, file), 'utf8')));
      expect(result.error?.issues ?? [], file).toEqual([]);
    }
    expect(schema.safeParse({ name: 'a', slo: { objectivPercent: 99 } }).success).toBe(false);
  });
});
