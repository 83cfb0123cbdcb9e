/** Priority and QoS class of a pod with defaults applied, as scheduler and descheduler read them. */

import type { KoordPriorityClass } from './load-aware-estimate.ts';

const KNOWN_CLASSES: readonly string[] = ['koord-prod', 'koord-mid', 'koord-batch', 'koord-free'];

/** Class of a priority value: prod 9000..9999, mid 7000..7999, batch 5000..5999, free 3000..3999, else ''. */
export function priorityClassOfValue(priorityValue: number): KoordPriorityClass {
  if (priorityValue >= 9000 && priorityValue <= 9999) return 'koord-prod';
  if (priorityValue >= 7000 && priorityValue <= 7999) return 'koord-mid';
  if (priorityValue >= 5000 && priorityValue <= 5999) return 'koord-batch';
  if (priorityValue >= 3000 && priorityValue <= 3999) return 'koord-free';
  return '';
}

/** Koordinator QoS: the label, else Guaranteed -> LSR, Burstable -> LS, BestEffort -> BE. */
export function koordinatorQoSWithDefault(label: string, kubernetesQoS: string): string {
  if (label === 'LSE' || label === 'LSR' || label === 'LS' || label === 'BE' || label === 'SYSTEM') return label;
  return kubernetesQoS === 'Guaranteed' ? 'LSR' : kubernetesQoS === 'Burstable' ? 'LS' : 'BE';
}

/**
 * Priority class: the label if there is one (unknown text is none), else the band of the value; none falls back to the
 * QoS class: BE -> batch, every other -> prod.
 */
export function priorityClassWithDefault(
  label: string | undefined,
  priorityValue: number,
  koordinatorQoS: string,
): KoordPriorityClass {
  const known = KNOWN_CLASSES.includes(label ?? '') ? (label as KoordPriorityClass) : '';
  const own = label === undefined || label === '' ? priorityClassOfValue(priorityValue) : known;
  if (own !== '') return own;
  return koordinatorQoS === 'BE' ? 'koord-batch' : 'koord-prod';
}
