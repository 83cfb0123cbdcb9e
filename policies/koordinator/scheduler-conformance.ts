/** Runs upstream cases of the scheduler-side policies: LoadAware, ElasticQuota, LowNodeLoad. Translation only. */

import { type CaseVerdict, type ConformanceAdapter, isRecord, runCases } from '../conformance.ts';
import { checkQuotaTree, checkRedistribution, checkScaledMin } from './elastic-quota-vectors.ts';
import { checkEstimate, checkLoadFilter, checkLoadScore } from './load-aware-vectors.ts';
import {
  checkAnomaly,
  checkBalance,
  checkNodeOrder,
  checkPodOrder,
  checkUsagePercent,
} from './low-node-load-vectors.ts';

type Check = (input: Record<string, unknown>, expected: Record<string, unknown>) => string;

function adapterOf(checks: Readonly<Record<string, Check>>): ConformanceAdapter {
  return (file: unknown): readonly CaseVerdict[] => {
    const cases = isRecord(file) && Array.isArray(file.cases) ? file.cases : [];
    return runCases(cases, 'cases', (entry) => {
      const kind = String(entry.kind);
      if (!Object.hasOwn(checks, kind)) return `unknown case kind "${kind}"; known: ${Object.keys(checks).join(', ')}`;
      if (!isRecord(entry.input) || !isRecord(entry.expected)) return 'case has no input or no expected object';
      return checks[kind](entry.input, entry.expected);
    });
  };
}

/** Adapters by the `algorithm` of the vector file. */
export const schedulerAdapters: Readonly<Record<string, ConformanceAdapter>> = {
  'koord-scheduler LoadAwareScheduling Filter, Score and pod estimation': adapterOf({
    filter: checkLoadFilter,
    score: checkLoadScore,
    'estimate-pod': checkEstimate,
  }),
  'koord-scheduler ElasticQuota: runtime quota (water filling by shared weight), request propagation, min scaling':
    adapterOf({
      redistribution: checkRedistribution,
      'quota-tree': checkQuotaTree,
      'scaled-min': checkScaledMin,
    }),
  'koord-descheduler LowNodeLoad (classification, eviction loop, orderings)': adapterOf({
    balance: checkBalance,
    anomaly: checkAnomaly,
    'node-order': checkNodeOrder,
    'pod-order': checkPodOrder,
    'usage-percent': checkUsagePercent,
  }),
};
