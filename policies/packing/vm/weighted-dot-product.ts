/**
 * Weighted dot product: as dot product, each resource weighted by how much of it is allocated on average.
 *
 *   score = w_cpu x free CPU x CPU / capacity^2 + w_mem x free memory x memory / capacity^2
 *
 * Source: DSLab IaaS.
 */
import { bestVmHost, freeMemBytes, freeMilliCpu, meanLoads, type VmPolicy } from './vm-policy.ts';

export const weightedDotProduct: VmPolicy = {
  name: 'weighted-dot-product',
  about: 'dot product with scarce resources weighted up',
  chooseHost(hosts, milliCpu, memBytes) {
    const weight = meanLoads(hosts);
    return bestVmHost(hosts, milliCpu, memBytes, (_, host) => {
      const cpu = hosts.capacityMilliCpu[host];
      const mem = hosts.capacityMemBytes[host];
      return (
        (freeMilliCpu(hosts, host) * milliCpu * weight.cpu) / (cpu * cpu) +
        (freeMemBytes(hosts, host) * memBytes * weight.mem) / (mem * mem)
      );
    });
  },
};
