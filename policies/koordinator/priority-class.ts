/**
 * Koordinator's two axes: priority class (who is served first) and QoS class (how the node isolates it).
 *
 * Source: apis/extension/{priority,priority_utils,qos,qos_utils,resource}.go, pkg/webhook/pod.
 */

export type PriorityClass = 'koord-prod' | 'koord-mid' | 'koord-batch' | 'koord-free' | '';
export type QosClass = 'LSE' | 'LSR' | 'LS' | 'BE' | 'SYSTEM' | '';
export type KubernetesQos = 'Guaranteed' | 'Burstable' | 'BestEffort';

/** What decides a pod's classes. `undefined` = label or field not set; an unknown text is set and means "none". */
export interface PodClassFields {
  readonly priorityClassLabel?: string | undefined;
  readonly priorityValue?: number | undefined;
  readonly qosLabel?: string | undefined;
  readonly kubernetesQos: KubernetesQos;
}

interface PriorityBand {
  readonly name: PriorityClass;
  readonly min: number;
  readonly max: number;
  readonly value: number;
}

/** Bands of pod priority values, both ends included, and the value a class stands for, highest first. */
export const PRIORITY_BANDS: readonly PriorityBand[] = Object.freeze([
  { name: 'koord-prod', min: 9000, max: 9999, value: 9500 },
  { name: 'koord-mid', min: 7000, max: 7999, value: 7500 },
  { name: 'koord-batch', min: 5000, max: 5999, value: 5500 },
  { name: 'koord-free', min: 3000, max: 3999, value: 3500 },
]);

/** The class called `name`; an unknown name is no class. */
export function priorityClassByName(name: string): PriorityClass {
  return PRIORITY_BANDS.find((band) => band.name === name)?.name ?? '';
}

/** The class whose band holds `value`; none outside every band. */
export function priorityClassByValue(value: number | undefined): PriorityClass {
  if (value === undefined) return '';
  return PRIORITY_BANDS.find((band) => value >= band.min && value <= band.max)?.name ?? '';
}

/** The value a class stands for: 9500, 7500, 5500, 3500; 0 for none. */
export function defaultPriorityValue(priorityClass: PriorityClass): number {
  return PRIORITY_BANDS.find((band) => band.name === priorityClass)?.value ?? 0;
}

/** Class by label if it is set, else by value. A label of unknown text hides the value. */
export function rawPriorityClass(pod: PodClassFields): PriorityClass {
  if (pod.priorityClassLabel !== undefined) return priorityClassByName(pod.priorityClassLabel);
  return priorityClassByValue(pod.priorityValue);
}

/** QoS by label only; none without it. */
export function rawQosClass(pod: Pick<PodClassFields, 'qosLabel'>): QosClass {
  const label = pod.qosLabel;
  return label === 'LSE' || label === 'LSR' || label === 'LS' || label === 'BE' || label === 'SYSTEM' ? label : '';
}

/** QoS by label, else from Kubernetes: Guaranteed is LSR, Burstable LS, BestEffort BE. */
export function qosClassWithDefault(pod: PodClassFields): QosClass {
  const raw = rawQosClass(pod);
  if (raw !== '') return raw;
  if (pod.kubernetesQos === 'Guaranteed') return 'LSR';
  return pod.kubernetesQos === 'Burstable' ? 'LS' : 'BE';
}

/** Class by label or value, else by QoS: BE is batch, all others prod. Never none. */
export function priorityClassWithDefault(pod: PodClassFields): PriorityClass {
  const raw = rawPriorityClass(pod);
  if (raw !== '') return raw;
  return qosClassWithDefault(pod) === 'BE' ? 'koord-batch' : 'koord-prod';
}

/** The pod's priority value if set and not 0, else the value of its class with default. */
export function priorityValueWithDefault(pod: PodClassFields): number {
  if (pod.priorityValue !== undefined && pod.priorityValue !== 0) return pod.priorityValue;
  return defaultPriorityValue(priorityClassWithDefault(pod));
}

/** Whether a class counts as high priority for batch allocatable: everything that is not batch or free. */
export function isHighPriority(priorityClass: PriorityClass): boolean {
  return priorityClass !== 'koord-batch' && priorityClass !== 'koord-free';
}
