/**
 * Requests that disk and network make late, on top of those late by load:
 *
 *   late = requests in time x (not carried + carried x (P(disk wait > slack) + P(packet wait > slack))),  both waits exponential
 *
 * A request asks n units of a device, n = what a core asks for x its CPU work: with n below 1 that share of requests waits once, above 1 each waits n
 * times. Slack is target - mean answer, as in memory-lateness. What is there without best effort is the service's own load; the rest is contention, since
 * device and neighbours are shared as cores and caches are.
 */
import { MS_PER_HOUR } from '../../policies/base/units.ts';
import { tableExp } from '../host/violation-lookup.ts';
import type { HostIo } from './host-io.ts';
import { type Lateness, TERM } from './lateness.ts';

/** Books the term of service `s`; `inTime` = share of its requests that load left in time. */
export function bookIoLateness(inputs: Lateness, io: HostIo, s: number, nowMs: number, inTime: number): void {
  const { hostWindow, latency, answering: pods, recorder, latencySums: sums } = inputs;
  const workSeconds = latency.workMs[s] / 1000;
  const ops = io.disk.ofService[s] * workSeconds;
  const bytes = io.network.ofService[s] * workSeconds;
  if (ops + bytes === 0) return;
  const { answerMs, cpuMs } = latency.service[s];
  const marginMs = latency.target[s].targetMs - answerMs;
  const perWork = (inputs.plan.windowMs / 1000 / latency.workMs[s]) * inTime;
  const { count, host: hostOf, cell, requests: requestsOf } = pods;
  // Packets of one request follow each other: they wait once.
  const sends = bytes > 0 ? 1 : 0;
  let late = 0;
  let alone = 0;
  for (let n = 0; n < count; n++) {
    const host = hostOf[n];
    const slackMs = marginMs - (hostWindow.slowdown[cell[n]] - 1) * cpuMs;
    const requests = requestsOf[n] * perWork;
    const lateHere = requests * lateShare(io, host, ops, sends, slackMs);
    late += lateHere;
    alone += requests * lateShareAlone(io, host, ops, sends, slackMs);
    hostWindow.lateRequests[host] += lateHere;
  }
  const at = s * recorder.hours + Math.floor(nowMs / MS_PER_HOUR);
  recorder.serviceViolating[at] += late;
  recorder.serviceViolatingAlone[at] += alone;
  if (late > alone) recorder.serviceViolatingContention[at] += late - alone;
  sums.late[TERM.io] += late;
  sums.violatingAlone += alone;
  sums.evaluations[TERM.io] += count;
}

function lateShare({ disk, network }: HostIo, host: number, ops: number, sends: number, slackMs: number): number {
  const lost = lostShare(ops, disk.lost[host], sends, network.lost[host]);
  return onTop(lost, lateByWait(ops, disk.waitMs[host], slackMs) + lateByWait(sends, network.waitMs[host], slackMs));
}

function lateShareAlone({ disk, network }: HostIo, host: number, ops: number, sends: number, slackMs: number): number {
  const lost = lostShare(ops, disk.lostAlone[host], sends, network.lostAlone[host]);
  const { waitMsAlone } = disk;
  return onTop(
    lost,
    lateByWait(ops, waitMsAlone[host], slackMs) + lateByWait(sends, network.waitMsAlone[host], slackMs),
  );
}

/** Share of requests that a device does not carry: whoever needs both is lost at the worse one. */
function lostShare(ops: number, disk: number, sends: number, network: number): number {
  const atDisk = ops > 0 ? disk : 0;
  const atNetwork = sends > 0 ? network : 0;
  return atDisk > atNetwork ? atDisk : atNetwork;
}

function onTop(lost: number, waits: number): number {
  return lost + (1 - lost) * (waits < 1 ? waits : 1);
}

/** Share of requests late by `units` waits of `waitMs` on average. */
function lateByWait(units: number, waitMs: number, slackMs: number): number {
  if (units === 0 || waitMs === 0) return 0;
  if (units < 1) return units * tableExp(-slackMs / waitMs);
  return tableExp(-slackMs / (units * waitMs));
}
