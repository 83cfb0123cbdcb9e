/** `tidemark validate FILE...`: reads scenarios, says what they come to, or everything that is wrong with them. */

import { policiesOf } from '../lab/run-plan.ts';
import { ConfigError } from '../policies/base/assert.ts';
import { MS_PER_WEEK } from '../policies/base/units.ts';
import { loadPlan } from '../scenarios/load.ts';
import { DURATION_MS, show } from '../scenarios/quantities.ts';
import { canonicalText, type Plan } from '../sim/plan.ts';

export interface ValidateOptions {
  readonly sets?: readonly string[];
  readonly knownPolicies?: readonly string[];
  readonly knownParameters?: Readonly<Record<string, readonly [low: number, high: number]>>;
  /** Print the resolved plan as JSON instead of a summary. */
  readonly plan?: boolean;
}

export interface ValidateOutcome {
  /** 0 when every file can be run, 2 when a person has to fix one. */
  readonly exitCode: 0 | 2;
  readonly stdout: string;
  readonly stderr: string;
}

/** Checks every file, also after one has failed; errors other than ConfigError pass through. */
export async function validate(paths: readonly string[], options: ValidateOptions = {}): Promise<ValidateOutcome> {
  const { plan: asPlan = false, ...load } = options;
  const out: string[] = [];
  const errors: string[] = [];
  for (const path of paths) {
    try {
      const { plan, notes, planHash } = await loadPlan(path, load);
      refuseWhatARunRefuses(path, plan);
      if (asPlan) out.push(JSON.stringify(JSON.parse(canonicalText(plan)), null, 2));
      else out.push(`${path} is valid`, ...summaryLines(plan, planHash), ...notes.map((note) => `  note: ${note}`));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      errors.push(error.message);
    }
  }
  const text = (lines: readonly string[]) => (lines.length === 0 ? '' : `${lines.join('\n')}\n`);
  return { exitCode: errors.length === 0 ? 0 : 2, stdout: text(out), stderr: text(errors) };
}

/** What only a run would find out: configurations that a policy refuses, as upstream's validation does. */
function refuseWhatARunRefuses(path: string, plan: Plan): void {
  try {
    policiesOf(plan);
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`${path}: ${error.message}`);
    throw error;
  }
}

function summaryLines(plan: Plan, hash: string): string[] {
  const { shapes } = plan.cluster;
  const hosts = shapes.reduce((sum, shape) => sum + shape.count, 0);
  const cores = shapes.reduce((sum, shape) => sum + shape.count * shape.cpuCores, 0);
  const memTib = shapes.reduce((sum, shape) => sum + shape.count * shape.memGib, 0) / 1024;
  const services = plan.online.services + plan.online.explicit.length;
  const pods = plan.online.pods + plan.online.explicit.reduce((sum, service) => sum + service.replicas, 0);
  const tasks = Math.round((plan.bestEffort.tasksPerWeek * plan.horizonMs) / MS_PER_WEEK);
  const number = (value: number) => value.toLocaleString('en-US', { maximumFractionDigits: 1 });
  const k = plan.koordinator;
  const lines = [
    `  ${number(hosts)} hosts, ${number(cores)} cores, ${number(memTib)} TiB`,
    `  ${number(services)} services in ${number(pods)} pods, ${number(tasks)} best-effort tasks`,
    `  ${show(plan.horizonMs, DURATION_MS)} in windows of ${show(plan.windowMs, DURATION_MS)}, warm-up ${show(plan.warmUpMs, DURATION_MS)}, seed ${plan.seed}`,
  ];
  if (k.enabled)
    lines.push(
      `  water-lines: sold ${k.cpuReclaimThresholdPercent} % CPU ${k.memoryReclaimThresholdPercent} % memory, ` +
        `squeezed ${k.cpuSuppressThresholdPercent} %, killed ${k.memoryEvictThresholdPercent} % memory, ` +
        `refused ${k.loadAwareCpuThresholdPercent} % CPU ${k.loadAwareMemoryThresholdPercent} % memory`,
    );
  lines.push(`  plan ${hash}`);
  return lines;
}
