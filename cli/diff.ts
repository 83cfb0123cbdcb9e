/** `tidemark diff A B`: two run directories, compared by running both again. */
import { ConfigError } from '../policies/base/assert.ts';
import type { Plan } from '../sim/plan.ts';

/** Exit code 0 when the runs are equal, 1 when they part. */
export async function diff(a: string, b: string, write: (text: string) => void): Promise<number> {
  const { readRun } = await import('../sim/results/store.ts');
  const { diffRuns } = await import('../lab/diff.ts');
  const sides = [];
  for (const dir of [a, b]) {
    const results = await readRun(dir);
    const plan = results.plan as Plan;
    const replayed =
      plan.online.source === 'replay' ? (await (await import('./replay.ts')).replayFor(plan)).services : undefined;
    sides.push({
      label: dir,
      plan,
      manifest: results.manifest,
      summary: results.summary,
      options: replayed === undefined ? {} : { replayed },
    });
  }
  const [left, right] = sides;
  if (left.plan.name !== right.plan.name)
    throw new ConfigError(
      `${a} is a run of "${left.plan.name}", ${b} of "${right.plan.name}"; diff compares runs of one scenario`,
    );
  if (left.manifest.digest === right.manifest.digest && left.manifest.planHash === right.manifest.planHash) {
    write(`no difference: digest ${left.manifest.digest} in both\n`);
    return 0;
  }
  const difference = diffRuns(left, right);
  write(`${difference.lines.join('\n')}\n`);
  for (const figure of Object.keys(left.summary) as (keyof typeof left.summary)[]) {
    const [x, y] = [left.summary[figure], right.summary[figure]];
    if (x !== y) write(`  ${figure}: ${x} -> ${y}\n`);
  }
  if (difference.equal)
    write('the directories differ, but this version of the code runs both plans alike: one was made by other code\n');
  return difference.equal ? 0 : 1;
}
