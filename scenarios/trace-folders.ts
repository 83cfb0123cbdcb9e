/** The imported traces that a scenario names: found beside the file that names them, and identified by their content. */
import { dirname, isAbsolute, join } from 'node:path';
import { TraceError } from '../policies/base/assert.ts';
import type { TracePlan } from '../sim/plan/workload.ts';
import { traceIdentity } from '../traces/trace-identity.ts';
import { type PathKey, type Problem, pathText } from './problems.ts';
import type { ScenarioTraces } from './resolve.ts';
import type { Scenario } from './schema.ts';
import { type MapNode, placeAt } from './source-tree.ts';

/** Reads only what names the content. A folder that is no trace becomes a problem. */
export function findTraces(sections: Partial<Scenario>, tree: MapNode, problems: Problem[]): ScenarioTraces {
  const find = (path: readonly PathKey[], written: string | undefined): TracePlan | undefined => {
    if (written === undefined) return undefined;
    const place = placeAt(tree, path);
    // A path of the command line is relative to where the command runs.
    const folder = isAbsolute(written) || place.line === 0 ? written : join(dirname(place.file), written);
    try {
      return { folder, sha256: traceIdentity(folder) };
    } catch (error) {
      if (!(error instanceof TraceError)) throw error;
      problems.push({ place, path: pathText(path), text: `is ${JSON.stringify(written)}: ${error.message}` });
      return undefined;
    }
  };
  const online = find(['online', 'trace'], sections.online?.trace);
  const bestEffort = find(['bestEffort', 'trace'], sections.bestEffort?.trace);
  return { ...(online === undefined ? {} : { online }), ...(bestEffort === undefined ? {} : { bestEffort }) };
}
