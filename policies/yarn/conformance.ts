/** Runs the YARN cases on the shipped policies. Translation only. */
import { type CaseVerdict, type ConformanceAdapter, isRecord, runCases } from '../conformance.ts';
import type { Fields } from './conformance-fields.ts';
import { checkGuarantee, checkLabelScheduling, checkUsedCapacity } from './conformance-labels.ts';
import * as nodes from './conformance-nodes.ts';
import { checkContainerOrder, checkKillTiming, checkPartitions, checkTree } from './conformance-preemption.ts';
import * as queue from './conformance-queue.ts';
import * as spark from './conformance-spark.ts';

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
  'yarn-labels/1': byKind({
    label_scheduling: checkLabelScheduling,
    label_used_capacity: checkUsedCapacity,
    label_guarantee: checkGuarantee,
  }),
  'yarn-node-resize/1': byKind({ node_resize: nodes.checkResize }),
  'yarn-decommission/1': byKind({
    decommission_watch: nodes.checkWatch,
    decommission_status: nodes.checkStatus,
    rmnode_transitions: nodes.checkTransitions,
    decommission_timeout_resolution: nodes.checkTimeout,
  }),
  'yarn-operator/1': byKind({
    operator_convert: queue.checkOperatorConvert,
    operator_report_back: queue.checkOperatorReport,
    k8s_batch_after_thirdparty: queue.checkBatchLeft,
  }),
  'yarn-spark-misc/1': byKind({
    dra_ramp: spark.checkRamp,
    dra_max_needed: spark.checkNeeded,
    speculation: spark.checkSpeculation,
    map_output_fate: spark.checkMapOutputs,
    yarn_decommission_enabled: spark.checkDecommissionEnabled,
    opportunistic_queue_limit: spark.checkQueueLimit,
  }),
  'yarn-preemption/1': byKind({ cs_interqueue_preemption: checkTree }),
  'yarn-preemption-partitions/1': byKind({ cs_partition_preemption: checkPartitions }),
  'yarn-preemption-misc/1': byKind({
    preemption_kill_timing: checkKillTiming,
    preemption_container_order: checkContainerOrder,
  }),
};

/** Kinds that hold measurements to compare with and no rule to run, and why; they are skipped. */
const WITHOUT_RULE: Readonly<Record<string, string>> = {
  uniffle_published: 'published run times of benchmarks, no rule to run',
};

function reasonToSkip(entry: unknown): string | null {
  const kind = isRecord(entry) ? String(entry.kind) : '';
  return Object.hasOwn(WITHOUT_RULE, kind) ? WITHOUT_RULE[kind] : null;
}

/** Runs each case with the check of its kind; an unknown kind is a failed case. */
function byKind(checks: Checks): ConformanceAdapter {
  return (file): readonly CaseVerdict[] => {
    const cases: unknown = isRecord(file) ? file.cases : null;
    if (!Array.isArray(cases)) return [{ name: 'file', outcome: 'failed', detail: 'the file holds no list of cases' }];
    const verdicts = runCases(cases, 'cases', (entry) => {
      const kind = String(entry.kind);
      const check = Object.hasOwn(checks, kind) ? checks[kind] : undefined;
      if (check !== undefined) return check(entry);
      return reasonToSkip(entry) === null ? `unknown kind "${kind}"; known: ${Object.keys(checks).join(', ')}` : '';
    });
    return verdicts.map((verdict, index) => {
      const reason = reasonToSkip(cases[index]);
      return reason === null ? verdict : { name: verdict.name, outcome: 'skipped', detail: reason };
    });
  };
}
