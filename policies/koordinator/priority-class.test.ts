import { describe, expect, test } from 'vitest';
import {
  defaultPriorityValue,
  isHighPriority,
  priorityClassByValue,
  priorityClassWithDefault,
  priorityValueWithDefault,
  qosClassWithDefault,
  rawPriorityClass,
  rawQosClass,
} from './priority-class.ts';

describe('priority class', () => {
  test('both ends of every band belong to it and their outer neighbours to none', () => {
    const bands: [number, number, string][] = [
      [9000, 9999, 'koord-prod'],
      [7000, 7999, 'koord-mid'],
      [5000, 5999, 'koord-batch'],
      [3000, 3999, 'koord-free'],
    ];
    for (const [min, max, name] of bands) {
      expect([min - 1, min, max, max + 1].map(priorityClassByValue)).toEqual(['', name, name, '']);
    }
  });

  test('a label of unknown text hides a value of 5499 and the QoS decides: Guaranteed is prod', () => {
    const pod = { priorityClassLabel: 'gold', priorityValue: 5499, kubernetesQos: 'Guaranteed' } as const;
    expect(rawPriorityClass(pod)).toBe('');
    expect(priorityClassWithDefault(pod)).toBe('koord-prod');
  });

  test('a label BE makes a pod without priority batch even when Kubernetes calls it Guaranteed', () => {
    expect(priorityClassWithDefault({ qosLabel: 'BE', kubernetesQos: 'Guaranteed' })).toBe('koord-batch');
    expect(priorityClassWithDefault({ qosLabel: 'SYSTEM', kubernetesQos: 'BestEffort' })).toBe('koord-prod');
  });

  test('priority 0 counts as unset: a BestEffort pod then stands for 5500, a Burstable one for 9500', () => {
    expect(priorityValueWithDefault({ priorityValue: 0, kubernetesQos: 'BestEffort' })).toBe(5500);
    expect(priorityValueWithDefault({ kubernetesQos: 'Burstable' })).toBe(9500);
    expect(priorityValueWithDefault({ priorityValue: 120, kubernetesQos: 'Burstable' })).toBe(120);
  });

  test('only batch and free are not high priority; none is', () => {
    const classes = ['koord-prod', 'koord-mid', 'koord-batch', 'koord-free', ''] as const;
    expect(classes.map(isHighPriority)).toEqual([true, true, false, false, true]);
    expect(classes.map(defaultPriorityValue)).toEqual([9500, 7500, 5500, 3500, 0]);
  });
});

describe('QoS class', () => {
  test('Guaranteed is LSR, Burstable LS, BestEffort BE, and a known label wins', () => {
    expect(qosClassWithDefault({ kubernetesQos: 'Guaranteed' })).toBe('LSR');
    expect(qosClassWithDefault({ kubernetesQos: 'Burstable' })).toBe('LS');
    expect(qosClassWithDefault({ kubernetesQos: 'BestEffort' })).toBe('BE');
    expect(qosClassWithDefault({ qosLabel: 'LSE', kubernetesQos: 'BestEffort' })).toBe('LSE');
  });

  test('the raw class of a pod without label or with an unknown one is none', () => {
    expect([undefined, 'be', 'BE'].map((qosLabel) => rawQosClass({ qosLabel }))).toEqual(['', '', 'BE']);
  });
});
