import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadPlan } from './load.ts';

const folder = mkdtempSync(join(tmpdir(), 'scenario-'));
afterAll(() => rmSync(folder, { recursive: true }));

const BASE = `name: base
seed: 7
cluster:
  hosts:
    web: { count: 2, cpu: 64 cores, memory: 512GiB, labels: { zone: a } }
    gpu: { count: 1, cpu: 96 cores, memory: 384GiB, gpus: 8 }
koordinator: { cpuSuppressThresholdPercent: 70, memoryEvictLowerPercent: 60 }
policies: [{ name: one }, { name: two, config: { depth: 2 } }]
`;

function files(contents: Readonly<Record<string, string>>): (name: string) => string {
  const own = mkdtempSync(join(folder, 'f-'));
  for (const [name, text] of Object.entries(contents)) {
    mkdirSync(join(own, name, '..'), { recursive: true });
    writeFileSync(join(own, name), text);
  }
  return (name) => join(own, name);
}

async function problemsOf(path: string): Promise<string[]> {
  return loadPlan(path).then(
    () => [],
    (error: Error) => error.message.replaceAll(/\/\S*\/f-\w+\//g, '').split('\n'),
  );
}

describe('a scenario built on others', () => {
  test('mappings merge at every depth, lists are replaced, null brings the default back', async () => {
    const at = files({
      'base.yaml': BASE,
      'child.yaml': `extends: base.yaml
name: child
cluster:
  hosts:
    web: { count: 3 }
    gpu: null
koordinator: { memoryEvictLowerPercent: null }
policies: [{ name: three }]
`,
    });
    const { plan } = await loadPlan(at('child.yaml'));
    expect(plan.name).toBe('child');
    expect(plan.seed).toBe('7');
    expect(plan.cluster.shapes.map((shape) => [shape.name, shape.count, shape.cpuCores, shape.labels])).toEqual([
      ['web', 3, 64, { zone: 'a' }],
    ]);
    expect(plan.koordinator.cpuSuppressThresholdPercent).toBe(70);
    expect(plan.koordinator.memoryEvictLowerPercent).toBeNull();
    expect(plan.policies).toEqual([{ name: 'three', config: {} }]);
  });

  test('extends loses to include, an earlier include to a later one, all to the file, the file to --set', async () => {
    const line = (percent: number) => `koordinator: { cpuSuppressThresholdPercent: ${percent} }\n`;
    const at = files({
      'base.yaml': BASE,
      'parts/a.yaml': `${line(71)}title: a\nslo: { objectivePercent: 91 }\nhorizon: 2d\n`,
      'parts/b.yaml': `include: ../parts/c.yaml\ntitle: b\nslo: { objectivePercent: 92 }\n`,
      'parts/c.yaml': `title: c\nwarmUp: 3h\n`,
      'child.yaml': `include: [parts/a.yaml, parts/b.yaml]\nextends: base.yaml\nslo: { objectivePercent: 93 }\n`,
    });
    const { plan } = await loadPlan(at('child.yaml'), {
      sets: ['slo.objectivePercent=94', 'slo.objectivePercent=95%'],
    });
    expect(plan.koordinator.cpuSuppressThresholdPercent).toBe(71); // base 70, a 71
    expect(plan.title).toBe('b'); // a, c, b
    expect(plan.warmUpMs).toBe(10_800_000); // c, through b
    expect(plan.horizonMs).toBe(172_800_000);
    expect(plan.slo.objectivePercent).toBe(95);
  });

  test('overrides reach lists by place and make mappings that are not there', async () => {
    const at = files({ 'base.yaml': BASE });
    const { plan } = await loadPlan(at('base.yaml'), {
      sets: [
        'policies[1].config.depth=5',
        'failures.enabled=true',
        'cluster.hosts.web.labels={ zone: b, disk: ssd }',
        'cluster.hosts.web.labels["example.com/rack=1"]=r7',
      ],
    });
    expect(plan.policies[1]).toEqual({ name: 'two', config: { depth: 5 } });
    expect(plan.failures.enabled).toBe(true);
    // A whole mapping given by --set replaces the old one.
    expect(plan.cluster.shapes[0]?.labels).toEqual({ zone: 'b', disk: 'ssd', 'example.com/rack=1': 'r7' });
  });

  test('a circle of three files is told with its chain', async () => {
    const at = files({
      'a.yaml': `extends: b.yaml\n${BASE}`,
      'b.yaml': 'include: [c.yaml]\n',
      'c.yaml': 'title: c\nextends: ./a.yaml\n',
    });
    expect(await problemsOf(at('a.yaml'))).toEqual([
      'c.yaml:2:10 extends goes in a circle: a.yaml -> b.yaml -> c.yaml -> a.yaml',
    ]);
  });

  test('one part included on two ways is no circle', async () => {
    const at = files({
      'a.yaml': `include: [b.yaml, c.yaml]\n${BASE}`,
      'b.yaml': 'include: d.yaml\n',
      'c.yaml': 'include: d.yaml\n',
      'd.yaml': 'title: d\n',
    });
    expect((await loadPlan(at('a.yaml'))).plan.title).toBe('d');
  });

  test('a mistake is placed in the file it stands in, and all files are read before anything is told', async () => {
    const at = files({
      'a.yaml': `extends: [b.yaml]\ninclude: [parts/c.yaml, nowhere.yaml, parts, 3]\n${BASE}`,
      'parts/c.yaml': 'title: c\nslo: { objectivePercent: 101 }\n',
    });
    expect(await problemsOf(at('a.yaml'))).toEqual([
      'a.yaml:1:10 extends is no file name; expected one file, relative to this file',
      'a.yaml:2:25 include[1] is "nowhere.yaml", which cannot be read: no such file',
      'a.yaml:2:39 include[2] is "parts", which cannot be read: it is a folder',
      'a.yaml:2:46 include[3] is no file name; expected a file or a list of files, relative to this file',
      'parts/c.yaml:2:26 slo.objectivePercent is 101; must be at most 100%',
    ]);
  });
});

describe('YAML as people write it', () => {
  test('a byte order mark, CRLF, anchors and merge keys change nothing', async () => {
    const plain = `name: a
cluster:
  hosts:
    web: { count: 2, cpu: 64, memory: 512GiB }
    db: { count: 3, cpu: 64, memory: 512GiB }
`;
    const clever = `\uFEFFname: a
cluster:
  hosts:
    web: &web { count: 2, cpu: 64, memory: 512GiB }
    db: { <<: *web, count: 3 }
`.replaceAll('\n', '\r\n');
    const at = files({ 'plain.yaml': plain, 'clever.yaml': clever });
    expect((await loadPlan(at('clever.yaml'))).planHash).toBe((await loadPlan(at('plain.yaml'))).planHash);
  });

  test('notes tell of reclaim thresholds above 100, which Koordinator accepts', async () => {
    const at = files({ 'a.yaml': BASE });
    const { plan, notes } = await loadPlan(at('a.yaml'), { sets: ['koordinator.cpuReclaimThresholdPercent=120'] });
    expect(plan.koordinator.cpuReclaimThresholdPercent).toBe(120);
    expect(notes).toEqual([
      'koordinator.cpuReclaimThresholdPercent is 120: Koordinator accepts more than 100 and then sells more than the host has',
    ]);
  });
});
