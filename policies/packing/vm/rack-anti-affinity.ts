/** Rack anti-affinity: several VMs at once, each on a rack of its own, first fit; all are placed or none. Source: DSLab IaaS. */
import { type VmBatchPolicy, vmFits } from './vm-policy.ts';

export const rackAntiAffinity: VmBatchPolicy = {
  name: 'rack-anti-affinity',
  about: 'several VMs at once, each on a rack of its own, all or none',
  chooseHosts(hosts, count, milliCpu, memBytes, out) {
    const racks = new Set<number>();
    for (let vm = 0; vm < count; vm++) {
      let chosen = -1;
      for (let host = 0; host < hosts.count && chosen < 0; host++)
        if (!racks.has(hosts.rack[host]) && vmFits(hosts, host, milliCpu[vm], memBytes[vm])) chosen = host;
      if (chosen < 0) return false;
      racks.add(hosts.rack[chosen]);
      out[vm] = chosen;
    }
    return true;
  },
};
