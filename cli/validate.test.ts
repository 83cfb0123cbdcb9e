import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { validate } from './validate.ts';

const folder = mkdtempSync(join(tmpdir(), 'validate-'));
afterAll(() => rmSync(folder, { recursive: true }));

const good = join(folder, 'good.yaml');
writeFileSync(
  good,
  `name: good
horizon: 1d
cluster: { hosts: { web: { count: 4, cpu: 64 cores, memory: 512GiB } } }
online: { services: 3, pods: 40 }
bestEffort: { tasksPerWeek: 7000, populations: { t: { kind: transcode, taskShare: 1 } } }
`,
);
const bad = join(folder, 'bad.yaml');
writeFileSync(bad, 'name: bad\ncluster: { hosts: { web: { count: 4, cpu: 64 } } }\nslow: {}\n');

describe('validate', () => {
  test('sums a scenario up: 4 x 64 = 256 cores, 4 x 512 GiB = 2 TiB, 7,000 / 7 = 1,000 tasks in a day', async () => {
    const { exitCode, stdout, stderr } = await validate([good]);
    expect([exitCode, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n');
    expect(lines.slice(0, 5)).toEqual([
      `${good} is valid`,
      '  4 hosts, 256 cores, 2 TiB',
      '  3 services in 40 pods, 1,000 best-effort tasks',
      '  1d in windows of 1m, warm-up 0s, seed 1',
      '  water-lines: sold 60 % CPU 65 % memory, squeezed 65 %, killed 70 % memory, refused 65 % CPU 95 % memory',
    ]);
    expect(lines[5]).toMatch(/^ {2}plan [0-9a-f]{64}$/);
  });

  test('refuses what only a run would find out: a policy outside its ranges, a quota of nobody', async () => {
    const write = (name: string, text: string) => {
      const file = join(folder, name);
      writeFileSync(file, `name: x\ncluster: { hosts: { web: { count: 4, cpu: 64 cores, memory: 512GiB } } }\n${text}`);
      return file;
    };
    const lines = write(
      'lines.yaml',
      'policies: [{ name: node-evict, config: { cpuEvictThresholdPercent: 50, cpuEvictLowerPercent: 60 } }]\n',
    );
    const quota = write('quota.yaml', 'controlPlane: { quotas: { a: { populations: [nobody] } } }\n');
    // Above production's threshold of 70, below that of the koordinator section.
    const shared = write(
      'shared.yaml',
      'koordinator: { memoryEvictThresholdPercent: 90 }\npolicies: [{ name: memory-evict, config: { memoryEvictLowerPercent: 80 } }]\n',
    );
    const { exitCode, stdout, stderr } = await validate([lines, quota, shared]);
    expect(exitCode).toBe(2);
    expect(stdout).toContain(`${shared} is valid`);
    expect(stderr).toContain(
      `${lines}:3:94 policies[0].config.cpuEvictLowerPercent is refused: policy node-evict: cpuEvictLowerPercent must be below cpuEvictThresholdPercent`,
    );
    expect(stderr).toContain(
      `${quota}:3:46 controlPlane.quotas.a.populations[0] is "nobody", which is no population; known: none is.`,
    );
  });

  test('goes on after a broken file, exits 2 and lists all 2 + 1 problems', async () => {
    const missing = join(folder, 'missing.yaml');
    const { exitCode, stdout, stderr } = await validate([bad, missing, good]);
    expect(exitCode).toBe(2);
    expect(stdout).toContain(`${good} is valid`);
    expect(stderr.trimEnd().split('\n')).toEqual([
      `${bad}:2:26 cluster.hosts.web.memory is missing; expected an amount of memory such as 512GiB`,
      expect.stringContaining(`${bad}:3:1 slow is an unknown key; known: `),
      `${missing} cannot be read: no such file`,
    ]);
  });

  test('prints the plan as JSON with every default, and overrides applied', async () => {
    const { stdout } = await validate([good], { plan: true, sets: ['koordinator.cpuSuppressThresholdPercent=75'] });
    const plan = JSON.parse(stdout);
    expect([
      plan.koordinator.cpuSuppressThresholdPercent,
      plan.koordinator.reportMs,
      plan.slo.objectivePercent,
    ]).toEqual([75, 60_000, 99]);
  });
});
