import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const room = mkdtempSync(join(tmpdir(), 'tidemark-lab-'));
afterAll(() => rmSync(room, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line inside the room; `watch` sees the process while it runs. */
function tidemark(args: string, watch?: (kill: (signal: NodeJS.Signals) => void) => void): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args.split(' ')], { cwd: room });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text: Buffer) => {
      stdout += text.toString();
    });
    child.stderr.on('data', (text: Buffer) => {
      stderr += text.toString();
    });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    watch?.((signal) => child.kill(signal));
  });
}

const SHORT = '--set horizon=10m';

describe('sweep, merge, compare', () => {
  test('a sweep interrupted by Ctrl-C ends with 130, keeps what it finished and goes on from there', async () => {
    const command = `sweep unit-small ${SHORT} --vary cluster.hosts.plain.count=7,8,9 --seeds 4 --out s`;
    const cells = join(room, 's', 'cells');
    const stopped = await tidemark(command, (kill) => {
      const timer = setInterval(() => {
        if (!existsSync(cells) || readdirSync(cells).length < 2) return;
        clearInterval(timer);
        kill('SIGINT');
      }, 5);
    });
    expect([stopped.code, stopped.stdout]).toEqual([130, '']);
    expect(stopped.stderr).toContain('interrupted; finished runs stay in s; the same command goes on from there');
    expect(existsSync(join(room, 's', 'table.csv'))).toBe(false);
    const again = await tidemark(command);
    expect(again.code).toBe(0);
    const counts = /12 runs: (\d+) made, (\d+) taken from disk, 0 failed/.exec(again.stdout);
    expect(Number(counts?.[1]) + Number(counts?.[2])).toBe(12);
    expect(Number(counts?.[2])).toBeGreaterThanOrEqual(2);
    expect(
      readFileSync(join(room, 's', 'table.csv'), 'utf8')
        .trimEnd()
        .split('\n'),
    ).toHaveLength(13);
  });

  test('compare reads the sweep: its 3 points over 4 seeds, the first one as baseline', async () => {
    const { code, stdout } = await tidemark(
      'compare s --outcome lateRequestPercent --outcome cpuUtilisationMeanPercent',
    );
    expect(code).toBe(0);
    expect(stdout).toContain('against cluster.hosts.plain.count=7: 4 seeds in pairs, 4 comparisons at 95 % together');
    // 9 + 2 hosts instead of 7 + 2 carry the same load: utilisation falls by 2 / 11 of itself on every seed.
    expect(stdout).toMatch(/cluster\.hosts\.plain\.count=9:\n(?:.*\n)*? {2}worse:\n {4}mean CPU utilisation /);
  });

  test('two shards merged give the table of the whole, byte for byte', async () => {
    const command = `sweep unit-small ${SHORT} --vary cluster.hosts.plain.count=7,8,9 --seeds 4`;
    await tidemark(`${command} --shard 1/2 --out a`);
    const half = await tidemark('merge whole a');
    expect(half.code).toBe(2);
    expect(half.stderr).toContain('6 of 12 runs are missing; run their shards again');
    await tidemark(`${command} --shard 2/2 --out b`);
    expect((await tidemark('merge whole a b')).code).toBe(0);
    const table = (dir: string) => readFileSync(join(room, dir, 'table.csv'), 'utf8');
    expect(table('whole')).toBe(table('s'));
  });

  test('bad input ends with 2, says how to fix it and writes nothing', async () => {
    const cases = [
      ['sweep unit-small --vary online.explicit.web.replicass=1,2 --out bad', 'Did you mean "replicas"?'],
      ['sweep unit-small --vary slo.objectivePercent=99..90 --out bad', 'the range is empty: 90 is below 99'],
      ['sweep unit-small --vary slo.objectivePercent=99 --seeds 0 --out bad', '--seeds is 0'],
      ['sweep unit-small --vary slo.objectivePercent=99 --paired --lhs 3 --out bad', 'exclude each other'],
      ['plan water-line unit-small --line slo.objectivePercent=99,90 --out bad', 'values must rise'],
      ['plan hosts unit-small --from 9 --to 8 --out bad', 'is an empty range'],
      ['plan hosts unit-small --mixes all --out bad', 'give alone (every shape by itself) or pairs'],
      ['plan hosts unit-small --mixes alone --growth 4 --out bad', '--growth asks for the hosts there are'],
      ['plan hosts unit-small --spare-domains 1 --out bad', 'less 1 power domain leave none'],
      ['compare nowhere s', 'nowhere does not exist or is empty'],
      ['gate --baseline s --candidate s', 's is a sweep of 3 points; give runs of one point'],
    ] as const;
    for (const [args, message] of cases) {
      const { code, stderr } = await tidemark(args);
      expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    }
    expect(existsSync(join(room, 'bad'))).toBe(false);
  });
});

describe('a scenario that brings its own questions', () => {
  const file = (name: string, lab: string[]) => {
    const head = [`extends: ${join(process.cwd(), 'scenarios', 'library', 'unit-small.yaml')}`, 'horizon: 10m', 'lab:'];
    writeFileSync(join(room, name), [...head, ...lab.map((line) => `  ${line}`), ''].join('\n'));
  };

  test('sweep and compare take values, seeds, warm-up, outcomes and confidence from the lab section; flags win', async () => {
    file('own.yaml', [
      'vary:',
      '  failures.enabled: [false, true]',
      '  koordinator.cpuSuppressThresholdPercent: 60..70/10',
      'design: paired',
      'seeds: 2',
      'warmUntil: 5m',
      'outcomes: [lateRequestPercent, cpuUtilisationMeanPercent]',
      'confidence: 0.9',
    ]);
    const swept = await tidemark('sweep own.yaml --out own');
    expect([swept.code, swept.stdout]).toEqual([0, expect.stringContaining('4 runs: 4 made')]);
    const { description } = JSON.parse(readFileSync(join(room, 'own', 'table.json'), 'utf8'));
    expect(description.points).toEqual([
      ['false', '60'],
      ['true', '70'],
    ]);
    expect(description.warm.atMs).toBe(300_000);
    expect(readdirSync(join(room, 'own', 'snapshots'))).toHaveLength(2);
    expect((await tidemark('compare own')).stdout).toContain('2 seeds in pairs, 2 comparisons at 90 % together');
    expect((await tidemark('compare own --outcome lateRequestPercent --confidence 0.8')).stdout).toContain(
      '1 comparisons at 80 % together',
    );
    const other = await tidemark('sweep own.yaml --vary failures.enabled=false --seeds 1 --out other');
    expect(other.stdout).toContain('1 runs: 1 made');
    const set = await tidemark('sweep own.yaml --set lab.seeds=1 --factorial --out set');
    expect(set.stdout).toContain('4 runs: 4 made');
  });

  test('a plan is what it was: the lab section changes no run', async () => {
    file('plain.yaml', ['seeds: 1']);
    const hash = async (name: string) =>
      JSON.parse((await tidemark(`run ${name} --no-report --json --out h`)).stdout).digest;
    const unit = JSON.parse((await tidemark(`run unit-small ${SHORT} --no-report --json --out h`)).stdout).digest;
    expect([await hash('own.yaml'), await hash('plain.yaml')]).toEqual([unit, unit]);
  });

  test('mistakes in it are named with their line', async () => {
    for (const [lab, message] of [
      [
        ['vary: { cluster.hosts.plain.cuont: [1, 2] }'],
        'bad.yaml:4:11 lab.vary["cluster.hosts.plain.cuont"] is an unknown path; nearest known',
      ],
      [['vary:', '  slo.objectivePercent: 99..90'], 'bad.yaml:5:5 lab.vary["slo.objectivePercent"]'],
      [['vary:', '  slo.objectivePercent: []'], 'bad.yaml:5'],
      [['seeds: 0'], 'bad.yaml:4:'],
      [['desing: paired'], 'Did you mean "design"?'],
      [['vary: { slo.objectivePercent: [99] }', 'outcomes: [lateRequest]'], 'outcome "lateRequest" is unknown'],
    ] as const) {
      file('bad.yaml', [...lab]);
      const { code, stderr } = await tidemark('sweep bad.yaml --out bad');
      expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    }
    file('lines.yaml', ['lines: { slo.objectivePercent: [99, 90] }']);
    const lines = await tidemark('plan water-line lines.yaml --out bad');
    expect([lines.code, lines.stderr]).toEqual([2, expect.stringContaining('values must rise')]);
    expect(existsSync(join(room, 'bad'))).toBe(false);
  });
});

describe('compare with --seeds', () => {
  test('runs three ways to sell idle CPU under the same two seeds, isolation and all, and compares them in one command', async () => {
    const names = 'mesos-compare-static mesos-compare-revocable mesos-compare-koordinator';
    const flags = '--seeds 2 --set horizon=10m --set warmUp=0s --outcome cpuUtilisationMeanPercent --out ways';
    const { code, stdout, stderr } = await tidemark(`compare ${names} ${flags} --json`);
    expect(stderr.replace(/mesos-compare-.*\n/g, '')).toBe('');
    expect(code).toBe(0);
    const { baseline, arms, seeds } = JSON.parse(stdout);
    expect([baseline, ...arms]).toEqual(names.split(' '));
    expect(seeds).toHaveLength(2);
    expect(existsSync(join(room, 'ways', 'report.html'))).toBe(true);
    expect((await tidemark('compare unit-small --seeds 1')).stderr).toContain('--seeds is 1; give a whole number of 2');
  });
});

describe('what compare refuses', () => {
  test('a table cut short or changed, sweeps of different code and of different worlds', async () => {
    const sweep = `sweep unit-small ${SHORT} --seeds 2 --vary`;
    for (const [set, name] of [
      ['slo.objectivePercent=99,98', 'one'],
      ['slo.objectivePercent=99', 'two'],
    ])
      await tidemark(`${sweep} ${set} --out ${name}`);
    expect((await tidemark('compare one two')).stderr).toContain('has two entries named');
    await tidemark(`${sweep} slo.objectivePercent=97 --set online.explicit.web.replicas=17 --out three`);
    const path = join(room, 'two', 'table.json');
    const whole = readFileSync(path, 'utf8');
    const refused = async (args: string, message: string) => {
      const { code, stderr } = await tidemark(args);
      expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    };
    await refused('compare one three', 'three is of another scenario than one');
    writeFileSync(path, whole.slice(0, -20));
    await refused('compare two one', 'two/table.json: cut short or changed since it was written');
    writeFileSync(path, whole.replace('"hosts":1', '"hosts":2'));
    await refused('compare two one', 'run the same sweep again, finished runs are reused');
    const { sha256: _, ...body } = JSON.parse(whole);
    const text = JSON.stringify({ ...body, description: { ...body.description, codeVersion: 'older' } });
    const stamp = createHash('sha256').update(text).digest('hex');
    writeFileSync(path, JSON.stringify({ sha256: stamp, ...JSON.parse(text) }));
    await refused('compare one two', 'two was run by code older, one by code');
  });
});

describe('warm, run --from-snapshot, diff', () => {
  test('a fork has the digest of the straight run; two forks are told apart with blame; wrong snapshots are refused', async () => {
    await tidemark(`run unit-small ${SHORT} --no-report --out straight`);
    expect((await tidemark(`warm unit-small ${SHORT} --until 5m --out w.snapshot`)).code).toBe(0);
    const fork = `run unit-small ${SHORT} --from-snapshot w.snapshot --no-report`;
    const plain = await tidemark(`${fork} --out plain`);
    const digest = (dir: string) => JSON.parse(readFileSync(join(room, dir, 'manifest.json'), 'utf8')).digest;
    expect([plain.code, digest('plain')]).toEqual([0, digest('straight')]);
    await tidemark(
      `${fork} --set failures.enabled=true --set failures.hostCrashesPerYear=1000 --seed unit-small --out broken`,
    );
    const missing = await tidemark('diff plain broken');
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('name it with --from-snapshot FILE')]);
    const told = await tidemark('diff plain broken --from-snapshot w.snapshot --json');
    const answer = JSON.parse(told.stdout);
    expect([told.code, answer.equal]).toEqual(digest('plain') === digest('broken') ? [0, true] : [1, false]);
    for (const [args, message] of [
      [`${fork} --set cluster.hosts.plain.count=9 --out bad`, 'w.snapshot is a snapshot of another world: cluster'],
      [`${fork} --seeds 2 --out bad`, '--from-snapshot holds one seed'],
      ['run unit-small --from-snapshot straight/manifest.json --out bad', 'is no snapshot of tidemark'],
      [`warm unit-small ${SHORT} --until 10m --out bad`, 'is not inside the run'],
      [`warm unit-small ${SHORT} --until soon --out bad`, 'expected a duration'],
      [
        `sweep unit-small ${SHORT} --vary cluster.hosts.plain.count=7,8 --warm-until 5m --out bad`,
        'would change the warm cluster itself',
      ],
      ['diff straight plain --from-snapshot w.snapshot', 'began at time 0'],
      [
        `sweep unit-small ${SHORT} --warm-until 5m --from-snapshot w.snapshot --out bad`,
        '--warm-until and --from-snapshot exclude each other',
      ],
    ] as const) {
      const { code, stderr } = await tidemark(args);
      expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    }
    expect(existsSync(join(room, 'bad'))).toBe(false);
  });

  test('two straight runs: first decision, outcomes and blame; without blame where the worlds differ', async () => {
    const sets = '--set horizon=2h';
    await tidemark(`run quickstart ${sets} --set warmUp=1h --no-report --out x`);
    await tidemark(
      `run quickstart ${sets} --set warmUp=1h --set koordinator.memoryReclaimThresholdPercent=80 --no-report --out y`,
    );
    const told = await tidemark('diff x y');
    expect(told.code).toBe(1);
    expect(told.stdout).toContain('the runs part at day 1, 00:01:00.000');
    expect(told.stdout).toMatch(/decisions: [\d,]+ tasks parted/);
    expect(told.stdout).toContain('SLO-minutes');
    const { first, blame } = JSON.parse((await tidemark('diff x y --json --tasks 3')).stdout);
    expect(first.timeMs).toBe(60_000);
    expect([blame.tasks.length, blame.parted.total > 3]).toEqual([3, true]);
    await tidemark(`run quickstart ${sets} --set warmUp=1h --set online.loadFactor=1.1 --no-report --out z`);
    expect((await tidemark('diff x z')).stdout).toContain('different worlds (online.loadFactor: 1 -> 1.1)');
  });
});

describe('gate', () => {
  beforeAll(async () => {
    await tidemark(`run unit-small ${SHORT} --seeds 4 --no-report --out base`);
  });

  test('the scenario itself is ok: exit code 0, the same runs event for event, JUnit without failures', async () => {
    const { code, stdout } = await tidemark(
      `gate --baseline base --candidate unit-small ${SHORT} --junit j.xml --github`,
    );
    expect([code, stdout]).toEqual([0, expect.stringContaining('the same runs as the baseline, event for event')]);
    expect(stdout).toContain('::notice title=tidemark gate::');
    expect(readFileSync(join(room, 'j.xml'), 'utf8')).toContain('failures="0" errors="0"');
  });

  test('another scenario is refused and the difference named; so is a baseline of another version', async () => {
    const other = await tidemark(
      `gate --baseline base --candidate unit-small ${SHORT} --set cluster.hosts.plain.count=9`,
    );
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('they differ in cluster')]);
    const manifests = [1, 2, 3, 4].map((n) => join(room, 'base', `seed-${n}`, 'manifest.json'));
    for (const path of manifests) {
      const manifest = JSON.parse(readFileSync(path, 'utf8'));
      writeFileSync(path, JSON.stringify({ ...manifest, tidemarkVersion: '0.0.1' }));
    }
    const old = await tidemark(`gate --baseline base --candidate unit-small ${SHORT}`);
    expect([old.code, old.stderr]).toEqual([2, expect.stringContaining('is of tidemark 0.0.1, the candidate of')]);
  });

  test('a result changed on disk is refused by name', async () => {
    const path = join(room, 'base', 'seed-2', 'summary.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"hosts": 10', '"hosts": 11'));
    const { code, stderr } = await tidemark('gate --baseline base --candidate base');
    expect([code, stderr]).toEqual([2, expect.stringContaining('contents changed since the run was written')]);
  });
});
