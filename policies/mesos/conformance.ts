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
