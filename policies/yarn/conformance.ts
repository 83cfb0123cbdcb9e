/** Runs the YARN cases on the shipped policies. Translation only. */
import { type CaseVerdict, type ConformanceAdapter, isRecord, runCases } from '../conformance.ts';
import type { Fields } from './conformance-fields.ts';
import { checkContainerOrder, checkKillTiming, checkPartitions, checkTree } from './conformance-preemption.ts';
import * as queue from './conformance-queue.ts';

type Checks = Readonly<Record<string, (entry: Fields) => string>>;

/** Adapters by the `schema` of the file. */
export const adapters: Readonly<Record<string, ConformanceAdapter>> = {
  'yarn-queue-order/1': byKind({ cs_child_queue_order: queue.checkQueueOrder }),
  'yarn-am-limit/1': byKind({
    am_limit: queue.checkAmLimit,
    max_apps: queue.checkMaxApplications,
    am_activation: queue.checkActivation,
  }),
  'yarn-leaf-queue/1': byKind({ leaf_sequence: queue.checkLeafSequence, user_headroom: queue.checkHeadroom }),
  'yarn-operator/1': byKind({
    operator_convert: queue.checkOperatorConvert,
    operator_report_back: queue.checkOperatorReport,
    k8s_batch_after_thirdparty: queue.checkBatchLeft,
  }),
  'yarn-preemption/1': byKind({ cs_interqueue_preemption: checkTree }),
  'yarn-preemption-partitions/1': byKind({ cs_partition_preemption: checkPartitions }),
  'yarn-preemption-misc/1': byKind({
    preemption_kill_timing: checkKillTiming,
    preemption_container_order: checkContainerOrder,
  }),
};

/** Runs each case with the check of its kind; an unknown kind is a failed case. */
function byKind(checks: Checks): ConformanceAdapter {
  return (file): readonly CaseVerdict[] => {
    if (!isRecord(file) || !Array.isArray(file.cases))
      return [{ name: 'file', outcome: 'failed', detail: 'the file holds no list of cases' }];
    return runCases(file.cases, 'cases', (entry) => {
      const kind = String(entry.kind);
      const check = Object.hasOwn(checks, kind) ? checks[kind] : undefined;
      return check === undefined ? `unknown kind "${kind}"; known: ${Object.keys(checks).join(', ')}` : check(entry);
    });
  };
}
