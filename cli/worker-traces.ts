/** The traces of a plan on this machine: by the sha256 of their content, wherever they lie. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../policies/base/assert.ts';
import type { TracePlan } from '../sim/plan/workload.ts';
import { type Plan, withTraceFolders } from '../sim/plan.ts';
import { traceIdentity } from '../traces/trace-identity.ts';

/** The plan with its traces where they are here: as it says, or one of `folders`, or in one of them. Throws ConfigError when a trace is nowhere. */
export function localPlan(plan: Plan, folders: readonly string[]): Plan {
  return withTraceFolders(plan, (trace) => localFolder(trace, folders));
}

function localFolder({ folder, sha256 }: TracePlan, folders: readonly string[]): string {
  const inside = folders.flatMap((dir) =>
    existsSync(dir)
      ? [
          dir,
          ...readdirSync(dir)
            .sort()
            .map((name) => join(dir, name)),
        ]
      : [],
  );
  const found = [folder, ...inside].find((one) => existsSync(join(one, 'trace.json')) && traceIdentity(one) === sha256);
  if (found === undefined)
    throw new ConfigError(
      `the trace ${folder} (sha256 ${sha256.slice(0, 16)}...) is not on this machine; copy it here and start the worker with --traces FOLDER`,
    );
  return found;
}
