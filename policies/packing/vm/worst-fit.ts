/** Worst fit: the fitting host with the most CPU free. Source: DSLab IaaS. */
import { bestVmHost, freeMilliCpu, type VmPolicy } from './vm-policy.ts';

export const worstFit: VmPolicy = {
  name: 'worst-fit',
  about: 'the fitting host with the most CPU free',
  chooseHost: (hosts, milliCpu, memBytes) => bestVmHost(hosts, milliCpu, memBytes, freeMilliCpu),
};
