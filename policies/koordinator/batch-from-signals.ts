/** The batch formula of one host on the columns of the ports; policies that sell batch resources share it. */
import type { HostSignals } from '../ports.ts';
import { batchAllocatableOf } from './batch-formula.ts';
import { resourceChanged } from './write-gate.ts';

/** Batch CPU of one host; see batchAllocatableOf. `missing` is added to the sum of max(request, use). LSE pods count by request, LSR pods
 * only where `lsrByUsage` (K3) is false. Units: milli-CPU, percent; NaN = no cap. */
export function batchMilliCpuOf(
  s: HostSignals,
  host: number,
  percent: number,
  policy: number,
  cap: number,
  reserved = s.reservedMilliCpu[host],
  missing = 0,
  lsrByUsage = true,
): number {
  const lse = s.lseUnusedMilliCpu?.[host] ?? 0;
  const lsr = lsrByUsage ? 0 : (s.lsrUnusedMilliCpu?.[host] ?? 0);
  return batchAllocatableOf(
    s.capacityMilliCpu[host],
    percent,
    s.reportedSystemMilliCpu[host],
    reserved,
    s.reportedHpMilliCpu[host] + lse + lsr,
    s.hpRequestMilliCpu[host],
    s.reportedHpMaxUsedRequestMilliCpu[host] + missing,
    policy,
    cap,
  );
}

/** Batch memory of one host; see batchAllocatableOf. Units: bytes, percent; NaN = no cap. */
export function batchMemBytesOf(
  s: HostSignals,
  host: number,
  percent: number,
  policy: number,
  cap: number,
  reserved = s.reservedMemBytes[host],
  missing = 0,
): number {
  return batchAllocatableOf(
    s.capacityMemBytes[host],
    percent,
    s.reportedSystemMemBytes[host],
    reserved,
    s.reportedHpMemBytes[host],
    s.hpRequestMemBytes[host],
    s.reportedHpMaxUsedRequestMemBytes[host] + missing,
    policy,
    cap,
  );
}

/**
 * Whether new batch resources of a host are written.
 *
 *   never published, or published longer than updateAfterMs ago, or |new - old| > old x diffThreshold for CPU or memory
 */
export function isBatchWritten(
  s: HostSignals,
  host: number,
  milliCpu: number,
  memBytes: number,
  updateAfterMs: number,
  diffThreshold: number,
): boolean {
  const publishedAtMs = s.publishedAtMs[host];
  return (
    publishedAtMs < 0 ||
    s.nowMs > publishedAtMs + updateAfterMs ||
    resourceChanged(s.publishedBatchMilliCpu[host], milliCpu, diffThreshold) ||
    resourceChanged(s.publishedBatchMemBytes[host], memBytes, diffThreshold)
  );
}
