/** First fit for several VMs at once, each seeing the ones before it; all are placed or none. Source: DSLab IaaS. */
import { firstFit } from './first-fit.ts';
import type { VmBatchPolicy, VmHosts } from './vm-policy.ts';

export const batchFirstFit: VmBatchPolicy = {
  name: 'batch-first-fit',
  about: 'first fit for several VMs at once, all or none',
  chooseHosts(hosts, count, milliCpu, memBytes, out) {
    const planned: VmHosts = {
      ...hosts,
      allocatedMilliCpu: hosts.allocatedMilliCpu.slice(0, hosts.count),
      allocatedMemBytes: hosts.allocatedMemBytes.slice(0, hosts.count),
    };
    for (let vm = 0; vm < count; vm++) {
      const host = firstFit.chooseHost(planned, milliCpu[vm], memBytes[vm]);
      if (host < 0) return false;
      out[vm] = host;
      planned.allocatedMilliCpu[host] += milliCpu[vm];
      planned.allocatedMemBytes[host] += memBytes[vm];
    }
    return true;
  },
};
