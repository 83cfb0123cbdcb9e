/**
 * Delta of the perpendicular distance: the host whose use comes nearest to the line of its capacity through the VM.
 *
 *   score = distance before - distance after, distance = |use| sin(angle between use and capacity), in the caller's units
 *
 * Source: DSLab IaaS.
 */
import { bestVmHost, type VmHosts, type VmPolicy } from './vm-policy.ts';

function distance(usedCpu: number, usedMem: number, cpu: number, mem: number): number {
  if (usedCpu === 0 && usedMem === 0) return 0;
  const used = Math.sqrt(usedCpu * usedCpu + usedMem * usedMem);
  const cosine = (cpu * usedCpu + mem * usedMem) / (Math.sqrt(cpu * cpu + mem * mem) * used);
  // Rounding can lift a cosine of 1 just above it.
  return used * Math.sqrt(Math.max(0, 1 - cosine * cosine));
}

function score(hosts: VmHosts, host: number, milliCpu: number, memBytes: number): number {
  const { cpuUnitMilli, memUnitBytes } = hosts;
  const cpu = hosts.capacityMilliCpu[host] / cpuUnitMilli;
  const mem = hosts.capacityMemBytes[host] / memUnitBytes;
  const usedCpu = hosts.allocatedMilliCpu[host] / cpuUnitMilli;
  const usedMem = hosts.allocatedMemBytes[host] / memUnitBytes;
  const before = distance(usedCpu, usedMem, cpu, mem);
  return before - distance(usedCpu + milliCpu / cpuUnitMilli, usedMem + memBytes / memUnitBytes, cpu, mem);
}

export const deltaPerpDistance: VmPolicy = {
  name: 'delta-perp-distance',
  about: 'the host whose balance of CPU and memory improves most',
  chooseHost: (hosts, milliCpu, memBytes) => bestVmHost(hosts, milliCpu, memBytes, score),
};
