/**
 * Cosine similarity: the host whose use, after the VM, points most along its capacity.
 *
 *   score = use . capacity / (|use| |capacity|), CPU and memory in the caller's units
 *
 * Source: DSLab IaaS.
 */
import { bestVmHost, type VmHosts, type VmPolicy } from './vm-policy.ts';

function score(hosts: VmHosts, host: number, milliCpu: number, memBytes: number): number {
  const { cpuUnitMilli, memUnitBytes } = hosts;
  const cpu = hosts.capacityMilliCpu[host] / cpuUnitMilli;
  const mem = hosts.capacityMemBytes[host] / memUnitBytes;
  const usedCpu = (hosts.allocatedMilliCpu[host] + milliCpu) / cpuUnitMilli;
  const usedMem = (hosts.allocatedMemBytes[host] + memBytes) / memUnitBytes;
  const norms = Math.sqrt(cpu * cpu + mem * mem) * Math.sqrt(usedCpu * usedCpu + usedMem * usedMem);
  return (cpu * usedCpu + mem * usedMem) / norms;
}

export const cosineSimilarity: VmPolicy = {
  name: 'cosine-similarity',
  about: 'the host whose use after the VM is most in proportion to its capacity',
  chooseHost: (hosts, milliCpu, memBytes) => bestVmHost(hosts, milliCpu, memBytes, score),
};
