/**
 * Top-of-rack switches that lose packets for a while: hosts of the rack stay up, nobody moves their pods, and their answers wait for retransmissions.
 *
 *   a packet is late when it was lost j times in a row: wait = rto (2^j - 1) > slack,  P = loss^j
 *   a request is late with 1 - (1 - loss^j)^2: one packet each way is the least it takes
 *
 * It is booked with dead hosts: like those it is a failure that nobody has noticed, and best effort has no part in it. Best effort itself is not slowed: a run
 * knows its network only as what hosts carry (host-io). Source: docs/performance-models.md 8; J. Dean's list ("wonky" racks).
 */
import { MS_PER_HOUR } from '../../policies/base/units.ts';
import { domainOutages } from '../host/failures.ts';
import { type Parameters, parametersLike } from '../host/parameters.ts';
import { createStream } from '../kernel/random.ts';
import type { Plan } from '../plan.ts';
import { type Lateness, TERM } from './lateness.ts';

interface Flap {
  readonly firstRack: number;
  readonly endRack: number;
  readonly startMs: number;
  readonly endMs: number;
}

export interface RackFlaps {
  readonly flaps: readonly Flap[];
  readonly rackOf: ArrayLike<number>;
  readonly loss: number;
  readonly retransmitMs: number;
  /** Share of the window in which the host's switch loses packets. */
  readonly share: Float64Array;
  /** [hosts with such a share] */
  readonly hosts: Int32Array;
}

/** Drawn from the seed alone, beside those at set times; null where the plan has neither. `rackOf`: row a host. */
export function createRackFlaps(plan: Plan, p: Parameters, rackOf: ArrayLike<number>): RackFlaps | null {
  const { failures, cluster, seed, horizonMs } = plan;
  const set = (failures.flaps ?? []).map(({ rack, atMs, durationMs }) => ({
    firstRack: rack,
    endRack: rack + 1,
    startMs: atMs,
    endMs: atMs + durationMs,
  }));
  if (failures.rackFlaps !== true && set.length === 0) return null;
  const perRack = cluster.hostsPerRack;
  const drawn =
    failures.rackFlaps === true
      ? domainOutages(
          parametersLike(p, { rackHosts: perRack }),
          'tor',
          rackOf.length,
          horizonMs,
          createStream(seed, 'tor/failure').next,
        ).map(({ firstHost, endHost, startMs, durationMs }) => ({
          firstRack: Math.floor(firstHost / perRack),
          endRack: Math.ceil(endHost / perRack),
          startMs,
          endMs: startMs + durationMs,
        }))
      : [];
  return {
    flaps: [...set, ...drawn],
    rackOf,
    loss: p.torFlapLoss,
    retransmitMs: p.retransmitMs,
    share: new Float64Array(rackOf.length),
    hosts: new Int32Array(1),
  };
}

/** Sets the shares of the window that begins at `nowMs`. */
export function moveFlapsTo(flaps: RackFlaps, nowMs: number, windowMs: number): void {
  const { share, rackOf } = flaps;
  if (flaps.hosts[0] > 0) share.fill(0);
  flaps.hosts[0] = 0;
  for (const { firstRack, endRack, startMs, endMs } of flaps.flaps) {
    const overlapMs = Math.min(endMs, nowMs + windowMs) - Math.max(startMs, nowMs);
    if (overlapMs <= 0) continue;
    for (let host = 0; host < share.length; host++) {
      if (rackOf[host] < firstRack || rackOf[host] >= endRack) continue;
      if (share[host] === 0) flaps.hosts[0]++;
      share[host] = Math.min(1, share[host] + overlapMs / windowMs);
    }
  }
}

/** P(a request waits longer than `slackMs` for packets of which `loss` are lost, one each way). */
export function lateByLoss(loss: number, retransmitMs: number, slackMs: number): number {
  let waitMs = 0;
  let probability = 1;
  for (let rto = retransmitMs; waitMs <= slackMs; rto *= 2) {
    probability *= loss;
    waitMs += rto;
  }
  return 1 - (1 - probability) * (1 - probability);
}

/** Books the term of service `s`; `inTime` = share of its requests that load left in time. */
export function bookFlaps(inputs: Lateness, flaps: RackFlaps, s: number, nowMs: number, inTime: number): void {
  const { hostWindow, latency, answering: pods, recorder, latencySums: sums } = inputs;
  const { count, host: hostOf, requests: requestsOf } = pods;
  const slackMs = Math.max(0, latency.target[s].targetMs - latency.service[s].answerMs);
  const lateHere =
    lateByLoss(flaps.loss, flaps.retransmitMs, slackMs) * (inputs.plan.windowMs / 1000 / latency.workMs[s]) * inTime;
  let late = 0;
  for (let n = 0; n < count; n++) {
    const share = flaps.share[hostOf[n]];
    if (share === 0) continue;
    late += requestsOf[n] * share * lateHere;
    hostWindow.lateRequests[hostOf[n]] += requestsOf[n] * share * lateHere;
  }
  const at = s * recorder.hours + Math.floor(nowMs / MS_PER_HOUR);
  recorder.serviceViolating[at] += late;
  recorder.serviceViolatingAlone[at] += late;
  recorder.serviceViolatingDead[at] += late;
  sums.late[TERM.flaps] += late;
  sums.violatingAlone += late;
  sums.evaluations[TERM.flaps] += count;
}
