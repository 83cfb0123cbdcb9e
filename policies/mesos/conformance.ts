/** The Mesos vector formats this room runs, by the `schema` of a file. */
import type { CaseVerdict, ConformanceAdapter } from '../conformance.ts';
import { runAllocatorFile } from './conformance-allocator.ts';
import { runMasterFile, runOversubscriptionFile } from './conformance-master.ts';
import { runRandomSorterFile, runRoleTreeFile, runSorterFile } from './conformance-sorter.ts';

/** A file of the wrong shape is one failed case. */
function guarded(run: (file: unknown) => readonly CaseVerdict[]): ConformanceAdapter {
  return (file) => {
    try {
      return run(file);
    } catch (error) {
      return [{ name: 'file', outcome: 'failed', detail: error instanceof Error ? error.message : String(error) }];
    }
  };
}

export const adapters: Readonly<Record<string, ConformanceAdapter>> = {
  'mesos-sorter/1': guarded(runSorterFile),
  'mesos-random-sorter/1': guarded(runRandomSorterFile),
  'mesos-role-tree/1': guarded(runRoleTreeFile),
  'mesos-allocator/1': guarded((file) => runAllocatorFile(file)),
  'mesos-oversubscription/1': guarded((file) => runOversubscriptionFile(file)),
  'mesos-master/1': guarded((file) => runMasterFile(file)),
};

/** Seeds of the agents' order in which every case must hold. */
export const AGENT_ORDERS = 25;
const FIRST_SEED = 100;

/** Formats whose cases hold for any order of the agents. */
const SHUFFLED: Readonly<Record<string, (file: unknown, seed: number) => readonly CaseVerdict[]>> = {
  'mesos-allocator/1': runAllocatorFile,
  'mesos-oversubscription/1': runOversubscriptionFile,
  'mesos-master/1': runMasterFile,
};

/** Cases that fail in some order of the agents, with the seed; null for a format that knows no such order. */
export function failuresInOtherOrders(schema: string, file: unknown): readonly CaseVerdict[] | null {
  if (!Object.hasOwn(SHUFFLED, schema)) return null;
  const failed: CaseVerdict[] = [];
  for (let seed = FIRST_SEED; seed < FIRST_SEED + AGENT_ORDERS; seed++)
    for (const verdict of guarded((read) => SHUFFLED[schema](read, seed))(file))
      if (verdict.outcome === 'failed') failed.push({ ...verdict, name: `${verdict.name} (order ${seed})` });
  return failed;
}
