/**
 * L2 norm of the difference: the host where least is left over, each resource as a share of the host, weighted by its mean load.
 *
 *   score = -(w_cpu ((free CPU - CPU) / capacity)^2 + w_mem ((free memory - memory) / capacity)^2)
 *
 * Source: DSLab IaaS.
 */
import { bestVmHost, freeMemBytes, freeMilliCpu, meanLoads, type VmPolicy } from './vm-policy.ts';

export const l2NormDiff: VmPolicy = {
  name: 'l2-norm-diff',
  about: 'the host where the least is left over, scarce resources weighted up',
  chooseHost(hosts, milliCpu, memBytes) {
    const weight = meanLoads(hosts);
    return bestVmHost(hosts, milliCpu, memBytes, (_, host) => {
      const cpu = (freeMilliCpu(hosts, host) - milliCpu) / hosts.capacityMilliCpu[host];
      const mem = (freeMemBytes(hosts, host) - memBytes) / hosts.capacityMemBytes[host];
      return -(weight.cpu * cpu * cpu + weight.mem * mem * mem);
    });
  },
};
