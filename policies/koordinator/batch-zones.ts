/**
 * What every NUMA zone of a host sells to the batch class: the node's formula on what the zone has, as columns of the ports.
 *
 *   zone capacity = capacity / zones ; system and reserved = ceil(node's / zones)
 *   HP            = ceil((node's HP - that of pods with CPUs of their own) / zones) + that of those whose CPUs lie in the zone
 *
 * LSE pods count by request, LSR pods by use (by request with K3 off), spread over the CPUs they own. Pods without metrics count by request in every policy
 * (K1 is the node's alone). Approximations: sums are rounded up, not the share of every pod, so that a zone sells up to a milli-CPU a pod more than
 * upstream; memory of every pod counts on all zones alike. The same amounts pod by pod: batch-resource-numa.ts.
 * Source: NR/plugins/batchresource/plugin.go calculateOnNUMALevel.
 */
import type { HostSignals, ZoneSignals } from '../ports.ts';
import { type BatchFormula, batchAllocatableOf } from './batch-formula.ts';

/** Batch CPU of zone row `at` of a host. `reserved`: of the host. */
export function zoneMilliCpu(
  s: HostSignals,
  zones: ZoneSignals,
  host: number,
  at: number,
  f: BatchFormula,
  reserved: number,
): number {
  const count = zones.firstZone[host + 1] - zones.firstZone[host];
  const lseRequest = 1000 * (s.lseCpus?.[host] ?? 0);
  const lsrRequest = 1000 * (s.lsrCpus?.[host] ?? 0);
  const lsrUnused = s.lsrUnusedMilliCpu?.[host] ?? 0;
  const lsrUsed = f.lsrByUsage ? lsrRequest - lsrUnused : lsrRequest;
  const ofZone = (lsr: number) =>
    1000 * zones.lseCpus[at] + (lsrRequest > 0 ? Math.ceil((lsr * 1000 * zones.lsrCpus[at]) / lsrRequest) : 0);
  const spread = (amount: number) => Math.ceil(Math.max(0, amount) / count);
  const used = s.reportedHpMilliCpu[host] + (s.lseUnusedMilliCpu?.[host] ?? 0) + (f.lsrByUsage ? 0 : lsrUnused);
  const larger = s.reportedHpMaxUsedRequestMilliCpu[host] + (s.hpUnreportedMilliCpu?.[host] ?? 0);
  return batchAllocatableOf(
    s.capacityMilliCpu[host] / count,
    f.cpuPercent,
    spread(s.reportedSystemMilliCpu[host]),
    spread(reserved),
    spread(used - lseRequest - lsrUsed) + ofZone(lsrUsed),
    spread(s.hpRequestMilliCpu[host] - lseRequest - lsrRequest) + ofZone(lsrRequest),
    spread(larger - lseRequest - lsrRequest) + ofZone(lsrRequest),
    f.cpuPolicy,
    f.cpuCap,
  );
}

/** Batch memory of any zone of a host; all zones have the same. */
export function zoneMemBytes(
  s: HostSignals,
  zones: ZoneSignals,
  host: number,
  f: BatchFormula,
  reserved: number,
): number {
  const count = zones.firstZone[host + 1] - zones.firstZone[host];
  const spread = (amount: number) => Math.ceil(amount / count);
  return batchAllocatableOf(
    Math.floor(s.capacityMemBytes[host] / count),
    f.memPercent,
    spread(s.reportedSystemMemBytes[host]),
    spread(reserved),
    spread(s.reportedHpMemBytes[host]),
    spread(s.hpRequestMemBytes[host]),
    spread(s.reportedHpMaxUsedRequestMemBytes[host] + (s.hpUnreportedMemBytes?.[host] ?? 0)),
    f.memPolicy,
    f.memCap,
  );
}
