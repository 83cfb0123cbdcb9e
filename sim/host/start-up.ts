/**
 * How long a pod takes to start: image pull with and without peers, and the lanes of the host's container daemon.
 *
 *   start = scheduling + pull + create + application
 *
 * The daemon serves few creations at once, so tasks that land together on one host start one after another.
 * Source: docs/performance-models.md 7.
 */
import { type ErlangCTable, erlangC } from './erlang-c.ts';

/**
 * Seconds until `clients` hosts have pulled an image straight from the registry: I N / min(N nic, registry).
 *
 * Units: MB and MB/s.
 */
export function registryPullSeconds(
  imageMb: number,
  clients: number,
  nicMbPerSecond: number,
  registryMbPerSecond: number,
): number {
  return (imageMb * clients) / Math.min(clients * nicMbPerSecond, registryMbPerSecond);
}

/** Seconds to pull an image from peers, whatever their number: factor x I / nic. */
export function peerPullSeconds(imageMb: number, nicMbPerSecond: number, factor: number): number {
  return (factor * imageMb) / nicMbPerSecond;
}

/**
 * Mean seconds a creation waits for a lane at a steady launch rate: C(k, rho) s (1 + cs^2) / (2 k (1 - rho)), rho = rate s / k.
 *
 * Infinity from rho = 1 on: the host cannot launch so fast.
 */
export function laneWaitSeconds(
  table: ErlangCTable,
  launchesPerSecond: number,
  createSeconds: number,
  lanes: number,
  scv: number,
): number {
  const load = (launchesPerSecond * createSeconds) / lanes;
  if (load >= 1) return Number.POSITIVE_INFINITY;
  return (erlangC(table, lanes, load) * createSeconds * (1 + scv)) / (2 * lanes * (1 - load));
}

/** Most launches a second: lanes / create. */
export function launchCapacityPerSecond(createSeconds: number, lanes: number): number {
  return lanes / createSeconds;
}

/** Mean seconds from a burst of `tasks` on one idle host until a task of it is created: mean of ceil(j / lanes) x create. */
export function burstMeanSeconds(tasks: number, createSeconds: number, lanes: number): number {
  const rounds = Math.floor(tasks / lanes);
  const rest = tasks - rounds * lanes;
  const whole = (lanes * rounds * (rounds + 1)) / 2 + rest * (rounds + 1);
  return tasks > 0 ? (whole / tasks) * createSeconds : 0;
}

/** Seconds until the last of a burst is created: ceil(tasks / lanes) x create. */
export function burstLastSeconds(tasks: number, createSeconds: number, lanes: number): number {
  return Math.ceil(tasks / lanes) * createSeconds;
}

/**
 * Puts one creation on the host's lane that is free first and returns when it is done, ms.
 *
 * Shape: `laneFreeAtMs` holds `lanes` rows per host. Equal lanes: the lower one. Rounding: none (give whole ms).
 */
export function startOnLane(
  laneFreeAtMs: Float64Array,
  host: number,
  lanes: number,
  nowMs: number,
  createMs: number,
): number {
  let best = host * lanes;
  for (let lane = best + 1; lane < (host + 1) * lanes; lane++) {
    if (laneFreeAtMs[lane] < laneFreeAtMs[best]) best = lane;
  }
  const free = laneFreeAtMs[best];
  const done = (free > nowMs ? free : nowMs) + createMs;
  laneFreeAtMs[best] = done;
  return done;
}
