/** Best fit: the fitting host with the least CPU free. Source: DSLab IaaS. */
import { bestVmHost, freeMilliCpu, type VmHosts, type VmPolicy } from './vm-policy.ts';

const score = (hosts: VmHosts, host: number) => -freeMilliCpu(hosts, host);

export const bestFit: VmPolicy = {
  name: 'best-fit',
  about: 'the fitting host with the least CPU free',
  chooseHost: (hosts, milliCpu, memBytes) => bestVmHost(hosts, milliCpu, memBytes, score),
};
