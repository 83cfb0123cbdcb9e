/** Zones by columns against zones pod by pod (batch-resource-numa.ts, which runs upstream's cases): apart by the rounding of shares alone. */
import { describe, expect, test } from 'vitest';
import { seededRandomSource, uniformOpen } from '../base/random-source.ts';
import type { HostSignals, ZoneSignals } from '../ports.ts';
import { type BatchFormula, cpuPolicyCode, memoryPolicyCode } from './batch-formula.ts';
import type { BatchPod } from './batch-resource.ts';
import { batchResourceOfZones } from './batch-resource-numa.ts';
import { zoneMemBytes, zoneMilliCpu } from './batch-zones.ts';
import { PRODUCTION_QUIRKS } from './quirks.ts';

const GIB = 1_073_741_824;
const ZONES = 2;
const CAPACITY = { milliCpu: 64_000, memBytes: 256 * GIB };

type Drawn = { readonly pod: BatchPod; readonly usage: { milliCpu: number; memBytes: number }; readonly cpus: number };

/** Pods of a host: LS pods anywhere, LSE and LSR pods with whole CPUs of one zone. LSR pods use the same share of what they own. */
function draw(seed: number): readonly Drawn[] {
  const random = seededRandomSource(seed);
  const next = () => uniformOpen(random);
  const int = (below: number) => Math.floor(next() * below);
  const lsrShare = next();
  return Array.from({ length: 1 + int(12) }, (_, i) => {
    const qos = ['LS', 'LS', 'LSR', 'LSE'][int(4)];
    const cpus = qos === 'LS' ? 0 : 1 + int(4);
    const milliCpu = cpus > 0 ? cpus * 1_000 : 100 + int(6_000);
    const memBytes = int(8 * GIB);
    return {
      pod: {
        name: `pod-${i}`,
        phase: 'Running',
        priorityClassLabel: 'koord-prod',
        priorityValue: 9_500,
        qosLabel: qos,
        kubernetesQos: 'Guaranteed',
        request: { milliCpu, memBytes },
        ...(cpus > 0 ? { numaNodes: [int(ZONES)] } : {}),
      } as BatchPod,
      usage: {
        milliCpu: qos === 'LSR' ? Math.floor(milliCpu * lsrShare) : int(milliCpu),
        memBytes: Math.floor(memBytes * next()),
      },
      cpus,
    };
  });
}

function columns(pods: readonly Drawn[], system: { milliCpu: number; memBytes: number }) {
  const sum = (of: (drawn: Drawn) => number) => Float64Array.of(pods.reduce((total, drawn) => total + of(drawn), 0));
  const of = (qos: string, what: (drawn: Drawn) => number) => sum((d) => (d.pod.qosLabel === qos ? what(d) : 0));
  const cpusIn = (qos: string, zone: number) =>
    pods.reduce((n, d) => n + (d.pod.qosLabel === qos && d.pod.numaNodes?.[0] === zone ? d.cpus : 0), 0);
  const zones: ZoneSignals = {
    firstZone: Int32Array.of(0, ZONES),
    lseCpus: Int32Array.of(cpusIn('LSE', 0), cpusIn('LSE', 1)),
    lsrCpus: Int32Array.of(cpusIn('LSR', 0), cpusIn('LSR', 1)),
    publishedMilliCpu: new Float64Array(ZONES),
    publishedMemBytes: new Float64Array(ZONES),
  };
  const signals = {
    capacityMilliCpu: Float64Array.of(CAPACITY.milliCpu),
    capacityMemBytes: Float64Array.of(CAPACITY.memBytes),
    reportedSystemMilliCpu: Float64Array.of(system.milliCpu),
    reportedSystemMemBytes: Float64Array.of(system.memBytes),
    reportedHpMilliCpu: sum((d) => d.usage.milliCpu),
    reportedHpMemBytes: sum((d) => d.usage.memBytes),
    hpRequestMilliCpu: sum((d) => d.pod.request.milliCpu),
    hpRequestMemBytes: sum((d) => d.pod.request.memBytes),
    reportedHpMaxUsedRequestMilliCpu: sum((d) => Math.max(d.pod.request.milliCpu, d.usage.milliCpu)),
    reportedHpMaxUsedRequestMemBytes: sum((d) => Math.max(d.pod.request.memBytes, d.usage.memBytes)),
    lseCpus: Int32Array.from(of('LSE', (d) => d.cpus)),
    lsrCpus: Int32Array.from(of('LSR', (d) => d.cpus)),
    lseUnusedMilliCpu: of('LSE', (d) => d.pod.request.milliCpu - d.usage.milliCpu),
    lsrUnusedMilliCpu: of('LSR', (d) => d.pod.request.milliCpu - d.usage.milliCpu),
    zones,
  } as unknown as HostSignals;
  return { signals, zones };
}

describe('zones by columns and pod by pod', () => {
  test.each(['usage', 'maxUsageRequest'] as const)(
    '200 drawn hosts, policy %s, LSR by use and by request',
    (policy) => {
      for (let seed = 1; seed <= 200; seed++) {
        const pods = draw(seed);
        const system = { milliCpu: seed * 7, memBytes: seed * 1_000_003 };
        const { signals, zones } = columns(pods, system);
        const lsrByUsage = seed % 2 === 0;
        const formula: BatchFormula = {
          cpuPercent: 60 + (seed % 50),
          memPercent: 65,
          cpuPolicy: cpuPolicyCode(policy),
          memPolicy: memoryPolicyCode(policy),
          cpuCap: Number.NaN,
          memCap: Number.NaN,
          lsrByUsage,
        };
        const exact = batchResourceOfZones(
          {
            cpuReclaimThresholdPercent: formula.cpuPercent,
            memoryReclaimThresholdPercent: 65,
            cpuCalculatePolicy: policy,
            memoryCalculatePolicy: policy,
          },
          { capacity: CAPACITY, allocatable: CAPACITY, reservation: {} },
          Array.from({ length: ZONES }, () => ({ milliCpu: CAPACITY.milliCpu / 2, memBytes: CAPACITY.memBytes / 2 })),
          pods.map(({ pod }) => pod),
          {
            systemUsage: system,
            hostApps: [],
            pods: pods.map(({ pod, usage }) => ({ name: pod.name, usage, priorityClass: 'koord-prod' })),
          },
          { ...PRODUCTION_QUIRKS, lsrReclaimedByUsage: lsrByUsage },
        );
        for (let zone = 0; zone < ZONES; zone++) {
          const cpu = zoneMilliCpu(signals, zones, 0, zone, formula, 0) - exact[zone].milliCpu;
          expect(Math.abs(cpu), `seed ${seed} zone ${zone}`).toBeLessThanOrEqual(pods.length + 1);
          // Memory has no zone here: pods with CPUs of their own have it on the zone of these CPUs upstream.
          if (pods.every(({ cpus }) => cpus === 0))
            expect(Math.abs(zoneMemBytes(signals, zones, 0, formula, 0) - exact[zone].memBytes)).toBeLessThanOrEqual(
              pods.length + 1,
            );
        }
      }
    },
  );
});
