/**
 * Best fit by use: the most used host on which CPU use plus the whole request stays below a threshold. For hosts that sell more than they
 * have.
 *
 *   use after = (CPU used + CPU asked) / capacity < threshold; the highest wins
 *
 * Source: DSLab IaaS.
 */
import { bestVmHost, type VmHosts, type VmPolicy } from './vm-policy.ts';

/** The policy for a threshold as a share of the host's CPU. */
export function bestFitThreshold(threshold: number): VmPolicy {
  const score = (hosts: VmHosts, host: number, milliCpu: number) => {
    const after = (hosts.usedMilliCpu[host] + milliCpu) / hosts.capacityMilliCpu[host];
    return after < threshold ? after : -1;
  };
  return {
    name: 'best-fit-threshold',
    about: 'the most used host that stays below a threshold of CPU use',
    chooseHost(hosts, milliCpu, memBytes) {
      const host = bestVmHost(hosts, milliCpu, memBytes, score);
      return host >= 0 && score(hosts, host, milliCpu) > 0 ? host : -1;
    },
  };
}
