import { describe, expect, test } from 'vitest';
import { admissionProblems, tierResourceName, translateResource, updateProblems } from './pod-admission.ts';

describe('validating webhook', () => {
  test('BE goes with mid, batch and free, not with prod or none', () => {
    const classes = ['koord-prod', 'koord-mid', 'koord-batch', 'koord-free', ''] as const;
    const refused = classes.map((priorityClass) => admissionProblems({ qos: 'BE', priorityClass }).length);
    expect(refused).toEqual([1, 0, 0, 0, 1]);
  });

  test('LSR goes with prod only and needs whole cpus: 2000m passes, 2500m and none do not', () => {
    const pod = (requestMilliCpu?: number) => ({ qos: 'LSR', priorityClass: 'koord-prod', requestMilliCpu }) as const;
    expect([2000, 2500, undefined].map((cpu) => admissionProblems(pod(cpu)).length)).toEqual([0, 1, 1]);
    expect(admissionProblems({ qos: 'LSR', priorityClass: 'koord-mid', requestMilliCpu: 1000 })).toHaveLength(1);
  });

  test('batch resources need BE', () => {
    const pod = { qos: 'LS', priorityClass: 'koord-prod', requestBatchMilliCpu: 1000 } as const;
    expect(admissionProblems(pod)).toEqual(['batch resources need QoS BE']);
    expect(admissionProblems({ ...pod, qos: 'BE', priorityClass: 'koord-batch' })).toEqual([]);
  });

  test('QoS, class and priority label never change', () => {
    const before = { qos: 'LS', priorityClass: 'koord-prod', priorityLabel: '9100' } as const;
    expect(updateProblems(before, before)).toEqual([]);
    expect(updateProblems(before, { qos: 'BE', priorityClass: 'koord-batch', priorityLabel: '1' })).toHaveLength(3);
  });
});

describe('mutating webhook', () => {
  test('a lone limit of 1500m becomes the request for batch and mid, and stays a limit for free', () => {
    expect(translateResource({ limit: 1500 }, 'koord-batch')).toEqual({ request: 1500, limit: 1500 });
    expect(translateResource({ request: 500, limit: 1500 }, 'koord-mid')).toEqual({ request: 500, limit: 1500 });
    expect(translateResource({ limit: 1500 }, 'koord-free')).toEqual({ limit: 1500 });
  });

  test('resource names follow the class; free has no name of its own', () => {
    expect(tierResourceName('cpu', 'koord-batch')).toBe('kubernetes.io/batch-cpu');
    expect(tierResourceName('memory', 'koord-mid')).toBe('kubernetes.io/mid-memory');
    expect(tierResourceName('memory', 'koord-free')).toBe('memory');
  });
});
