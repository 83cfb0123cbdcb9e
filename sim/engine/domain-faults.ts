/**
 * Outages by the failure model of the host physics: reboots in Weibull gaps, hardware repairs, racks, power domains, and drains for
 * kernel upgrades. Drawn before the run from the seed alone, so two policies lose the same hosts at the same times.
 *
 * The plan's own figures (crashes a year, rack events, median repair, hosts per rack) stand in for those of the parameter table;
 * everything else comes from there. Top-of-rack flaps degrade a rack whose hosts stay up: rack-flaps.
 */
import { MS_PER_MINUTE } from '../../policies/base/units.ts';
import { domainOutages, hostOutages, upgradeDrainMs } from '../host/failures.ts';
import { type Parameters, parametersLike } from '../host/parameters.ts';
import { createStream } from '../kernel/random.ts';
import type { Plan } from '../plan.ts';

/** One host out of service. A drained host moves its pods first; one that breaks does not. */
export interface HostOutage {
  readonly host: number;
  readonly startMs: number;
  readonly durationMs: number;
  readonly isDrain: boolean;
}

/**
 * Every outage within the horizon, host by host.
 *
 * A power domain holds the next racks whose hosts together reach `pduHosts`; racks are those of the cluster (`rackOf`: row a host).
 */
export function drawHostOutages(plan: Plan, parameters: Parameters, rackOf: ArrayLike<number>): HostOutage[] {
  const { failures, cluster, seed, horizonMs } = plan;
  const hosts = rackOf.length;
  const p = parametersLike(parameters, {
    hostCrashesPerYear: failures.hostCrashesPerYear,
    rackEventsPerYear: failures.rackEventsPerYear,
    softRepairMedianMinutes: failures.repairMedianMs / MS_PER_MINUTE,
    rackHosts: cluster.hostsPerRack,
  });
  const found: HostOutage[] = [];
  if (failures.enabled && failures.domains === true) {
    for (let host = 0; host < hosts; host++)
      for (const { startMs, durationMs } of hostOutages(
        p,
        host,
        horizonMs,
        createStream(seed, `host/${host}/failure`).next,
      ))
        found.push({ host, startMs, durationMs, isDrain: false });
    for (const kind of ['rack', 'pdu'] as const) {
      const outages = domainOutages(p, kind, hosts, horizonMs, createStream(seed, `${kind}/failure`).next);
      for (const { firstHost, endHost, startMs, durationMs } of outages) {
        const firstRack = Math.floor(firstHost / cluster.hostsPerRack);
        const endRack = Math.ceil(endHost / cluster.hostsPerRack);
        for (let host = 0; host < hosts; host++)
          if (rackOf[host] >= firstRack && rackOf[host] < endRack)
            found.push({ host, startMs, durationMs, isDrain: false });
      }
    }
  }
  if (failures.kernelUpgrades === true) {
    const durationMs = Math.round(p.upgradeMinutes * MS_PER_MINUTE);
    for (let host = 0; host < hosts; host++)
      for (let pass = 0, startMs = 0; ; pass++) {
        startMs = upgradeDrainMs(p, host, hosts, pass);
        if (startMs >= horizonMs) break;
        found.push({ host, startMs, durationMs, isDrain: true });
      }
  }
  return found;
}
