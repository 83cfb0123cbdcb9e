/** Runs master and oversubscription vectors. */
import type { CaseVerdict } from '../conformance.ts';
import { isRecord, runCases } from '../conformance.ts';
import { MasterPlayer } from './conformance-master-player.ts';
import { runMasterTables } from './conformance-master-tables.ts';
import { milliOf } from './conformance-resources.ts';
import type { Step } from './conformance-steps.ts';
import { checkSchema, expectEqual, recordList, runSteps } from './conformance-steps.ts';
import { loadCorrections } from './qos-controller.ts';

const DEFAULT_SEED = 1;

/** mesos-master/1: scenarios and tables. */
export function runMasterFile(file: unknown, seed = DEFAULT_SEED): readonly CaseVerdict[] {
  const parsed = checkSchema(file, 'mesos-master/1');
  return [...runScenarios(parsed, false, seed), ...runMasterTables(parsed.tables)];
}

/** mesos-oversubscription/1: scenarios, in which tasks run by themselves, and the load controller's table. */
export function runOversubscriptionFile(file: unknown, seed = DEFAULT_SEED): readonly CaseVerdict[] {
  const parsed = checkSchema(file, 'mesos-oversubscription/1');
  const table = Array.isArray(parsed.loadQoS) ? parsed.loadQoS : [];
  return [...runScenarios(parsed, true, seed), ...runCases(table, 'loadQoS', checkLoad)];
}

function runScenarios(parsed: Step, autoRun: boolean, seed: number): readonly CaseVerdict[] {
  const list = Array.isArray(parsed.scenarios) ? parsed.scenarios : [];
  return runCases(list, 'scenarios', (scenario) => {
    const options = isRecord(scenario.options) ? scenario.options : {};
    const variant = String(scenario.variant ?? parsed.variant ?? 'modern');
    const player = new MasterPlayer(options, variant, autoRun, seed);
    return runSteps(scenario.steps, (step) => player.play(step));
  });
}

function checkLoad(row: Step): string {
  const thresholds = isRecord(row.thresholds) ? row.thresholds : {};
  const load = isRecord(row.load) ? row.load : {};
  const limit = (value: unknown): number | null => (typeof value === 'number' ? milliOf(value) : null);
  const revocable = recordList(row.executors).map((executor) => milliOf(executor.revocableCpus ?? 0));
  const kills = loadCorrections(
    milliOf(load.load5 ?? 0),
    milliOf(load.load15 ?? 0),
    { load5: limit(thresholds.load5), load15: limit(thresholds.load15) },
    revocable,
  );
  return expectEqual('kills', row.expectKills, kills.length);
}
