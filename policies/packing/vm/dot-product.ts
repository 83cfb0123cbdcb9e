/**
 * Dot product: the host whose free resources point most along the request, each resource as a share of the host.
 *
 *   score = free CPU x CPU / capacity^2 + free memory x memory / capacity^2
 *
 * Source: DSLab IaaS.
 */
import { bestVmHost, freeMemBytes, freeMilliCpu, type VmHosts, type VmPolicy } from './vm-policy.ts';

function score(hosts: VmHosts, host: number, milliCpu: number, memBytes: number): number {
  const cpu = hosts.capacityMilliCpu[host];
  const mem = hosts.capacityMemBytes[host];
  return (freeMilliCpu(hosts, host) * milliCpu) / (cpu * cpu) + (freeMemBytes(hosts, host) * memBytes) / (mem * mem);
}

export const dotProduct: VmPolicy = {
  name: 'dot-product',
  about: 'the host whose free resources are most aligned with the request',
  chooseHost: (hosts, milliCpu, memBytes) => bestVmHost(hosts, milliCpu, memBytes, score),
};
