/**
 * What the webhook refuses, and how it renames native resources to those of a lower class.
 *
 * Source: pkg/webhook/pod/{validating,mutating}/cluster_colocation_profile.go.
 */
import type { PriorityClass, QosClass } from './priority-class.ts';

/** A pod as the validating webhook sees it; requests summed over its containers, `undefined` = not asked for. */
export interface AdmissionPod {
  readonly qos: QosClass;
  readonly priorityClass: PriorityClass;
  readonly requestMilliCpu?: number | undefined;
  readonly requestBatchMilliCpu?: number | undefined;
  readonly requestBatchMemBytes?: number | undefined;
}

/**
 * Why the webhook refuses a new pod; empty when it is admitted.
 *
 *   BE forbids none and prod; LSR forbids none, mid, batch, free; LSE and LSR need whole cpus; batch resources need BE.
 */
export function admissionProblems(pod: AdmissionPod): readonly string[] {
  const problems: string[] = [];
  const { qos, priorityClass } = pod;
  const named = priorityClass === '' ? 'no priority class' : priorityClass;
  if (qos === 'BE' && (priorityClass === '' || priorityClass === 'koord-prod'))
    problems.push(`QoS BE cannot go with ${named}; use koord-mid, koord-batch or koord-free`);
  if (qos === 'LSR' && priorityClass !== 'koord-prod') problems.push(`QoS LSR cannot go with ${named}; use koord-prod`);
  if ((qos === 'LSE' || qos === 'LSR') && !isWholeCpus(pod.requestMilliCpu))
    problems.push(`QoS ${qos} needs whole cpus, asked for ${pod.requestMilliCpu ?? 0}m`);
  const asksBatch = pod.requestBatchMilliCpu !== undefined || pod.requestBatchMemBytes !== undefined;
  if (asksBatch && qos !== 'BE') problems.push('batch resources need QoS BE');
  return problems;
}

function isWholeCpus(milliCpu: number | undefined): boolean {
  return milliCpu !== undefined && milliCpu > 0 && milliCpu % 1000 === 0;
}

/** Why the webhook refuses a change; QoS class, priority class and the priority label never change. */
export function updateProblems(
  before: { readonly qos: QosClass; readonly priorityClass: PriorityClass; readonly priorityLabel?: string },
  after: { readonly qos: QosClass; readonly priorityClass: PriorityClass; readonly priorityLabel?: string },
): readonly string[] {
  const problems: string[] = [];
  if (before.qos !== after.qos) problems.push('the QoS class cannot change');
  if (before.priorityClass !== after.priorityClass) problems.push('the priority class cannot change');
  if (before.priorityLabel !== after.priorityLabel) problems.push('the priority label cannot change');
  return problems;
}

/** Native request and limit of one resource; `undefined` = not set. */
export interface RequestLimit {
  readonly request?: number | undefined;
  readonly limit?: number | undefined;
}

/** Which resource name a class uses: batch-cpu, mid-cpu and so on; prod, none and free keep the native name. */
export function tierResourceName(resource: 'cpu' | 'memory', priorityClass: PriorityClass): string {
  if (priorityClass === 'koord-batch') return `kubernetes.io/batch-${resource}`;
  if (priorityClass === 'koord-mid') return `kubernetes.io/mid-${resource}`;
  return resource;
}

/**
 * A native cpu (milli-CPU) or memory (bytes) amount after the mutating webhook moved it to the tier's name.
 *
 * The number stays: batch-cpu and mid-cpu are integers that mean milli-CPU. A lone limit becomes the request too, but
 * only where a translation happens.
 */
export function translateResource(native: RequestLimit, priorityClass: PriorityClass): RequestLimit {
  if (priorityClass !== 'koord-batch' && priorityClass !== 'koord-mid') return native;
  if (native.request === undefined && native.limit !== undefined) return { request: native.limit, limit: native.limit };
  return native;
}
