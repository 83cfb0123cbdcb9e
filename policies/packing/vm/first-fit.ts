/** First fit: the first host in row order where the VM fits. Source: DSLab IaaS. */
import { type VmPolicy, vmFits } from './vm-policy.ts';

export const firstFit: VmPolicy = {
  name: 'first-fit',
  about: 'the first host where the VM fits',
  chooseHost(hosts, milliCpu, memBytes) {
    for (let host = 0; host < hosts.count; host++) if (vmFits(hosts, host, milliCpu, memBytes)) return host;
    return -1;
  },
};
