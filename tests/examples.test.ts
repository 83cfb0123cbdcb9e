// The commands of docs/examples, taken out of the files and run at a small size.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = process.cwd();
const examples = join(root, 'docs', 'examples');
const room = mkdtempSync(join(tmpdir(), 'tidemark-examples-'));
const bin = join(room, 'bin');
afterAll(() => rmSync(room, { recursive: true, force: true }));

/** A command on the PATH of the examples. */
function install(name: string, text: string): void {
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, name), `#!/usr/bin/env bash\n${text}\n`);
  chmodSync(join(bin, name), 0o755);
}

function sh(script: string, cwd: string, env: Record<string, string>) {
  const own = { ...process.env, ...env, PATH: `${bin}:${process.env['PATH']}` };
  // GitHub runs steps with bash -e -o pipefail.
  const { status, stdout, stderr } = spawnSync('bash', ['-eo', 'pipefail', '-c', script], {
    cwd,
    env: own,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const text = (name: string) => readFileSync(join(examples, name), 'utf8');

beforeAll(() => {
  install('tidemark', `exec "${process.execPath}" "${join(root, 'dist', 'cli', 'main.js')}" "$@"`);
});

describe('a sweep in shards', () => {
  const scenario = join(room, 'scenario.yaml');
  let whole: string;
  beforeAll(() => {
    const library = join(root, 'scenarios', 'library', 'unit-small.yaml');
    writeFileSync(scenario, `extends: ${library}\nhorizon: 5m\n`);
    const sweep =
      'tidemark sweep scenario.yaml --vary koordinator.cpuSuppressThresholdPercent=60..75/5 --seeds 1 --out one';
    expect(sh(sweep, room, {}).status).toBe(0);
    whole = readFileSync(join(room, 'one', 'table.csv'), 'utf8');
    expect(whole.trimEnd().split('\n')).toHaveLength(5);
  });

  const merged = (results: string) => {
    expect(sh(`tidemark merge ${results}/whole ${results}/shard-*`, room, {}).status).toBe(0);
    return readFileSync(join(results, 'whole', 'table.csv'), 'utf8');
  };

  test('the Kubernetes job is indexed, its pods run as many shards as it has completions, and they merge to the whole', () => {
    const job = parse(text('kubernetes-indexed-job.yaml'));
    expect([job.apiVersion, job.kind, job.spec.completionMode]).toEqual(['batch/v1', 'Job', 'Indexed']);
    const [container] = job.spec.template.spec.containers;
    const mounts = container.volumeMounts.map((mount: { name: string }) => mount.name);
    expect(job.spec.template.spec.volumes.map((volume: { name: string }) => volume.name)).toEqual(mounts);
    const results = join(room, 'k8s');
    const script = container.args[0].replaceAll('/scenario/', `${room}/`).replaceAll('/results/', `${results}/`);
    expect(script).toContain(`/${job.spec.completions}"`);
    for (let index = 0; index < job.spec.completions; index++) {
      const [shell, flags] = container.command;
      const env = {
        ...process.env,
        JOB_COMPLETION_INDEX: String(index),
        SEEDS: '1',
        PATH: `${bin}:${process.env['PATH']}`,
      };
      execFileSync(shell, [flags, script], { cwd: room, env, stdio: 'pipe' });
    }
    expect(merged(results)).toBe(whole);
  });

  test('the tasks of the Slurm array merge to the whole', () => {
    const count = Number(/^#SBATCH --array=1-(\d+)$/m.exec(text('slurm-array.sh'))?.[1]);
    expect(count).toBe(4);
    const results = join(room, 'slurm');
    for (let task = 1; task <= count; task++) {
      const env = {
        SLURM_ARRAY_TASK_ID: String(task),
        SLURM_ARRAY_TASK_COUNT: String(count),
        SLURM_CPUS_PER_TASK: '1',
        ...{ SCENARIO: scenario, RESULTS: results, SEEDS: '1' },
      };
      const ended = sh(`bash ${join(examples, 'slurm-array.sh')}`, room, env);
      expect([ended.status, ended.stderr]).toEqual([0, expect.anything()]);
    }
    expect(merged(results)).toBe(whole);
  });

  test('the shards of GNU parallel merge to the whole', () => {
    if (spawnSync('parallel', ['--version']).status !== 0) {
      process.stdout.write('GNU parallel is not installed: a stand-in runs its jobs one after another\n');
      install(
        'parallel',
        'while [ "$1" = --jobs ]; do shift 2; done\nwhile read -r line; do bash -c "$(printf %s "$1" | sed "s/{}/$line/g")" || exit 1; done',
      );
    }
    const results = join(room, 'parallel');
    const env = { SCENARIO: scenario, RESULTS: results, SEEDS: '1' };
    const ended = sh(`bash ${join(examples, 'gnu-parallel.sh')}`, room, env);
    expect([ended.status, ended.stderr]).toEqual([0, expect.anything()]);
    expect(readFileSync(join(results, 'whole', 'table.csv'), 'utf8')).toBe(whole);
  });
});

describe('the gate as a workflow', () => {
  const workflow = parse(text('github-actions.yaml'));
  const steps: { readonly name?: string; readonly uses?: string; readonly run?: string }[] = workflow.jobs.gate.steps;
  const work = join(room, 'work');
  const policy = join(work, 'candidate', 'dist', 'policies', 'koordinator', 'batch-from-signals.js');
  let original: string;

  beforeAll(() => {
    // Packages are those of this checkout, and what npm would build is there already.
    install('npm', 'exit 0');
    for (const side of ['base', 'candidate']) {
      const dir = join(work, side);
      mkdirSync(dir, { recursive: true });
      cpSync(join(root, 'dist'), join(dir, 'dist'), { recursive: true });
      cpSync(join(root, 'package.json'), join(dir, 'package.json'));
      cpSync(join(root, 'scenarios', 'library'), join(dir, 'scenarios', 'library'), { recursive: true });
      symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'), 'dir');
      writeFileSync(
        join(dir, 'small.yaml'),
        [
          'extends: scenarios/library/quickstart.yaml',
          'name: small',
          'horizon: 2h',
          'warmUp: 30m',
          'cluster: { hosts: { p100-64c-512g: null, t4-96c-512g: null } }',
          '',
        ].join('\n'),
      );
    }
    original = readFileSync(policy, 'utf8');
  });

  /** Runs the steps that are commands, in order, until one fails. */
  function runSteps(seeds: string, undecided = 'fail') {
    for (const name of ['runs', 'gate.md', 'gate.xml']) rmSync(join(work, name), { recursive: true, force: true });
    const summary = join(work, 'summary.md');
    rmSync(summary, { force: true });
    const env = {
      ...workflow.env,
      SCENARIO: 'small.yaml',
      SEEDS: seeds,
      ON_UNDECIDED: undecided,
      GITHUB_STEP_SUMMARY: summary,
    };
    let last = { status: 0 as number | null, stdout: '', stderr: '' };
    for (const step of steps.filter((own) => own.run !== undefined)) {
      last = sh(step.run as string, work, env);
      if (last.status !== 0) break;
    }
    return { ...last, summary: existsSync(summary) ? readFileSync(summary, 'utf8') : '' };
  }

  test('has what GitHub asks of a workflow: a trigger, a runner, steps that use an action or run a command', () => {
    expect(workflow.on).toHaveProperty('pull_request');
    expect(workflow.jobs.gate['runs-on']).toBe('ubuntu-latest');
    for (const step of steps) expect([step.uses === undefined, step.run === undefined].filter(Boolean)).toHaveLength(1);
    expect(steps.filter((step) => step.run !== undefined).map((step) => step.name)).toEqual([
      'Build both',
      'Run both under the same seeds',
      'Gate',
    ]);
  });

  test('no change ends with 0 and a verdict in the summary', () => {
    const { status, stdout, summary } = runSteps('4');
    expect([status, stdout]).toEqual([0, expect.stringContaining('::notice title=tidemark gate::')]);
    expect(summary).toContain('### Tidemark gate: ok');
  });

  test('half of the batch-cpu sold (one line of a policy) ends with 1, an annotation and a failure in JUnit', () => {
    const line = 's.capacityMilliCpu[host], percent,';
    expect(original.split(line)).toHaveLength(2);
    writeFileSync(policy, original.replace(line, 's.capacityMilliCpu[host], percent / 4,'));
    const { status, stdout, summary } = runSteps('4');
    expect([status, stdout]).toEqual([1, expect.stringContaining('::error title=tidemark%3A doneCoreHours::')]);
    expect(summary).toContain('**regressed**');
    expect(readFileSync(join(work, 'gate.xml'), 'utf8')).toContain('type="regressed"');
  });

  test('a slight change on two seeds is undecided: 2, or 0 with a warning where the workflow says so; one seed is refused', () => {
    writeFileSync(
      policy,
      original.replace('s.capacityMilliCpu[host], percent,', 's.capacityMilliCpu[host], percent * 0.9,'),
    );
    const undecided = runSteps('2');
    expect([undecided.status, undecided.stdout]).toEqual([2, expect.stringContaining('::warning title=tidemark')]);
    expect(runSteps('2', 'warn').status).toBe(0);
    const refused = runSteps('1', 'warn');
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('one seed decides nothing')]);
  });
});
