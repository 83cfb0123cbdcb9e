/** Reads the measured series that a plan replays: those of its imported trace, or public ones from the folder that TIDEMARK_DATA names. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../policies/base/assert.ts';
import type { Plan } from '../sim/plan.ts';
import { onlineConfigOf } from '../sim/workload/from-plan.ts';
import type { OnlineServices } from '../traces/format.ts';
import { describeReplay, REPLAY_SOURCES, readReplaySeries, replayOnlineServices } from '../traces/replay-online.ts';

/** Google 2011 holds whole services, Azure single machines: the first that is there is replayed. */
const SOURCES = ['google-2011', 'azure-v2'] as const;

export interface Replayed {
  readonly services: OnlineServices;
  readonly notes: readonly string[];
}

/** The services of a replaying plan. Throws ConfigError that says how to get the data when it is not there. */
export async function replayFor(plan: Plan): Promise<Replayed> {
  if (plan.online.trace !== undefined) {
    const { replayServices } = await import('../traces/replay-services.ts');
    const { horizonMs, seed, online } = plan;
    const { startDay, limitOverRequest, loadFactor, trace } = online;
    return replayServices(trace?.folder ?? '', { horizonMs, startDay, limitOverRequest, loadFactor, seed });
  }
  const folder = process.env['TIDEMARK_DATA'];
  const source = SOURCES.find((name) => folder !== undefined && existsSync(join(folder, REPLAY_SOURCES[name])));
  if (folder === undefined || source === undefined)
    throw new ConfigError(
      `online.source is "replay": set TIDEMARK_DATA to a folder that holds ${SOURCES.map((name) => REPLAY_SOURCES[name]).join(' or ')} (traces/README.md tells where they come from)`,
    );
  const series = await readReplaySeries(folder, source);
  const config = onlineConfigOf(plan);
  return { services: replayOnlineServices(series, config, plan.seed), notes: describeReplay(series, config) };
}
