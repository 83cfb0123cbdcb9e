/**
 * Outages of hosts, racks, rows of racks and top-of-rack switches, drawn before a run, and planned maintenance.
 *
 * Domain events are Poisson. A host's own soft failures are a renewal process with Weibull gaps whose rate is thinned: the
 * all-cause rate less what domain events and hardware repairs already bring, so that totals match. Every function draws from
 * the `uniform` it is given, on [0, 1), in a fixed order; give every process its own stream.
 * Source: docs/performance-models.md 8.
 */
import { assert } from '../../policies/base/assert.ts';
import { exp, log, normalQuantile, pow } from '../../policies/base/exact-math.ts';
import { MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE } from '../../policies/base/units.ts';
import { gammaUpperTail, lnGamma } from './gamma-tail.ts';
import type { Parameters } from './parameters.ts';

export type Uniform = () => number;

/** host-soft: reboot; host-hard: repair; rack, pdu: hosts lost together; tor: rack degraded, hosts keep running. */
export type OutageKind = 'host-soft' | 'host-hard' | 'rack' | 'pdu' | 'tor';

/** Hosts [firstHost, endHost) are out (or degraded) from startMs for durationMs, whole ms. */
export interface Outage {
  readonly kind: OutageKind;
  readonly firstHost: number;
  readonly endHost: number;
  readonly startMs: number;
  readonly durationMs: number;
}

const YEAR_MS = 365 * MS_PER_DAY;
const REFERENCE_HOSTS = 2000;

/** Soft failures of a host's own per year: all causes - rack and PDU share - hardware repairs, at least 0. */
export function ownSoftRatePerYear(p: Parameters): number {
  const domain = (p.rackEventsPerYear * p.rackHosts + p.pduEventsPerYear * p.pduHosts) / REFERENCE_HOSTS;
  return Math.max(0, p.hostCrashesPerYear - domain - p.hardRepairsPerYear);
}

/** Gap of a Poisson process with this rate a year, ms. */
export function poissonGapMs(ratePerYear: number, uniform: Uniform): number {
  return ratePerYear > 0 ? (-log(1 - uniform()) / ratePerYear) * YEAR_MS : Number.POSITIVE_INFINITY;
}

/** Gap between events of a renewal process with Weibull gaps of this shape and mean rate, ms. */
export function weibullGapMs(ratePerYear: number, shape: number, uniform: Uniform): number {
  if (!(ratePerYear > 0)) return Number.POSITIVE_INFINITY;
  return weibullScaleMs(ratePerYear, shape) * pow(-log(1 - uniform()), 1 / shape);
}

/**
 * Time to the first event of a renewal process that has run for ever, ms.
 *
 * P(first > x) = Q(1/shape, (x/scale)^shape). Starting every host as new would make a week with shape 0.8 see five times the
 * failures it should. Inverted by bisection.
 */
export function weibullFirstMs(ratePerYear: number, shape: number, uniform: Uniform): number {
  if (!(ratePerYear > 0)) return Number.POSITIVE_INFINITY;
  const tail = 1 - uniform();
  let low = 0;
  let high = 200;
  for (let step = 0; step < 60; step++) {
    const y = 0.5 * (low + high);
    if (gammaUpperTail(1 / shape, y) > tail) low = y;
    else high = y;
  }
  return weibullScaleMs(ratePerYear, shape) * pow(0.5 * (low + high), 1 / shape);
}

/** scale = mean gap / Gamma(1 + 1/shape). */
function weibullScaleMs(ratePerYear: number, shape: number): number {
  return YEAR_MS / ratePerYear / exp(lnGamma(1 + 1 / shape));
}

function lognormalMs(medianMs: number, sigma: number, uniform: Uniform): number {
  const u = uniform();
  return Math.max(1, Math.round(medianMs * exp(sigma * normalQuantile(u > 0 ? u : 1e-16))));
}

function betweenMs(lowMs: number, highMs: number, uniform: Uniform): number {
  return Math.round(lowMs + (highMs - lowMs) * uniform());
}

/** Duration of a reboot, ms. */
export function softRepairMs(p: Parameters, uniform: Uniform): number {
  return lognormalMs(p.softRepairMedianMinutes * MS_PER_MINUTE, p.softRepairSigma, uniform);
}

/** Duration of a hardware repair, ms: lognormal through its median and p95. */
export function hardRepairMs(p: Parameters, uniform: Uniform): number {
  const sigma = log(p.hardRepairP95Hours / p.hardRepairMedianHours) / 1.6448536269514722;
  return lognormalMs(p.hardRepairMedianHours * MS_PER_HOUR, sigma, uniform);
}

/** A host's own outages within the horizon, in time order; `uniform` is this host's stream. A host down cannot fail. */
export function hostOutages(p: Parameters, host: number, horizonMs: number, uniform: Uniform): readonly Outage[] {
  const found: Outage[] = [];
  const softRate = ownSoftRatePerYear(p);
  let soft = weibullFirstMs(softRate, p.crashWeibullShape, uniform);
  let hard = poissonGapMs(p.hardRepairsPerYear, uniform);
  let upFromMs = 0;
  while (Math.min(soft, hard) < horizonMs) {
    const isSoft = soft <= hard;
    const startMs = Math.floor(isSoft ? soft : hard);
    const durationMs = isSoft ? softRepairMs(p, uniform) : hardRepairMs(p, uniform);
    if (startMs >= upFromMs) {
      const kind = isSoft ? 'host-soft' : 'host-hard';
      found.push(Object.freeze({ kind, firstHost: host, endHost: host + 1, startMs, durationMs }));
      upFromMs = startMs + durationMs;
    }
    if (isSoft) soft += weibullGapMs(softRate, p.crashWeibullShape, uniform);
    else hard += poissonGapMs(p.hardRepairsPerYear, uniform);
  }
  return found;
}

/**
 * Outages of one kind of domain within the horizon, in time order.
 *
 * Hosts are cut into adjacent domains of rackHosts or pduHosts; the rate of the table (per 2,000 hosts) scales with `hosts`.
 * Throws InvariantError when there is no host.
 */
export function domainOutages(
  p: Parameters,
  kind: 'rack' | 'pdu' | 'tor',
  hosts: number,
  horizonMs: number,
  uniform: Uniform,
): readonly Outage[] {
  assert(hosts > 0, 'a cluster has hosts');
  const rate = kind === 'rack' ? p.rackEventsPerYear : kind === 'pdu' ? p.pduEventsPerYear : p.torFlapsPerYear;
  const size = Math.min(hosts, Math.max(1, Math.round(kind === 'pdu' ? p.pduHosts : p.rackHosts)));
  const domains = Math.ceil(hosts / size);
  const scaledRate = (rate * hosts) / REFERENCE_HOSTS;
  const found: Outage[] = [];
  let atMs = poissonGapMs(scaledRate, uniform);
  while (atMs < horizonMs) {
    const domain = Math.min(domains - 1, Math.floor(uniform() * domains));
    const durationMs = domainDurationMs(p, kind, uniform);
    const firstHost = domain * size;
    const endHost = Math.min(hosts, firstHost + size);
    found.push(Object.freeze({ kind, firstHost, endHost, startMs: Math.floor(atMs), durationMs }));
    atMs += poissonGapMs(scaledRate, uniform);
  }
  return found;
}

function domainDurationMs(p: Parameters, kind: 'rack' | 'pdu' | 'tor', uniform: Uniform): number {
  if (kind === 'rack')
    return betweenMs(p.rackOutageHoursLow * MS_PER_HOUR, p.rackOutageHoursHigh * MS_PER_HOUR, uniform);
  if (kind === 'pdu') return Math.round(p.pduOutageHours * MS_PER_HOUR);
  return betweenMs(p.torFlapMinutesLow * MS_PER_MINUTE, p.torFlapMinutesHigh * MS_PER_MINUTE, uniform);
}

/** A gap in a host's metrics while its agent restarts; best effort keeps running. */
export interface AgentGap {
  readonly startMs: number;
  readonly durationMs: number;
}

/** Agent restarts of one host within the horizon, in time order. */
export function agentGaps(p: Parameters, horizonMs: number, uniform: Uniform): readonly AgentGap[] {
  const found: AgentGap[] = [];
  const rate = 365 / p.agentRestartDays;
  for (let atMs = poissonGapMs(rate, uniform); atMs < horizonMs; atMs += poissonGapMs(rate, uniform)) {
    const durationMs = betweenMs(p.agentGapSecondsLow * 1000, p.agentGapSecondsHigh * 1000, uniform);
    found.push(Object.freeze({ startMs: Math.floor(atMs), durationMs }));
  }
  return found;
}

/**
 * When `host` is drained for a kernel upgrade in pass 0, 1, 2 ...; the drain lasts p.upgradeMinutes.
 *
 * Groups of floor(hosts x at once) hosts (at least one) go one after another, evenly over the pass. Units: ms from the start.
 */
export function upgradeDrainMs(p: Parameters, host: number, hosts: number, pass: number): number {
  const group = Math.max(1, Math.floor(hosts * p.upgradeAtOnce));
  const groups = Math.ceil(hosts / group);
  const passMs = p.upgradePassDays * MS_PER_DAY;
  return Math.floor(pass * passMs + (Math.floor(host / group) * passMs) / groups);
}
