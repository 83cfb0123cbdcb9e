/**
 * What lateness needs to know of each service: target, surface of P(late), rate variation; and how often the rest is evaluated.
 */
import { exp } from '../../policies/base/exact-math.ts';
import { MS_PER_HOUR } from '../../policies/base/units.ts';
import type { OnlineServices } from '../../traces/format.ts';
import { type ServiceModel, serviceModel } from '../host/service-model.ts';
import { type ServiceTarget, serviceTarget } from '../host/slo.ts';
import { DISCIPLINE } from '../host/sojourn.ts';
import { createViolationSurface, type ViolationSurface } from '../host/violation-surface.ts';
import {
  createLatencyTables,
  createWindowLatency,
  type LatencyTables,
  type WindowLatency,
} from '../host/window-latency.ts';
import type { HostModel } from './host-sweep.ts';
import { type OnlineState, OWN_NOISE_MS, rateCvOf } from './online.ts';

/** How often the counterfactual without best effort is evaluated: the first window of every third noise slot. */
const ALONE_EVERY_MS = 3 * OWN_NOISE_MS;

/** Whether the window at `nowMs` evaluates the counterfactual; in the others its ratio is carried. */
export function isAloneWindow(nowMs: number, windowMs: number): boolean {
  return windowMs >= ALONE_EVERY_MS || nowMs % ALONE_EVERY_MS === 0;
}

/** The p99 of a service is worked out once an hour, at the mean load, slowdown and delay of its replicas in that window. */
export const P99_EVERY_MS = MS_PER_HOUR;

/** What the pass needs of each service; surfaces are shared by services with equal models. */
export interface LatencyModel {
  readonly tables: LatencyTables;
  readonly service: readonly ServiceModel[];
  readonly target: readonly ServiceTarget[];
  readonly surface: readonly ViolationSurface[];
  /** Workspaces for quantiles. */
  readonly window: readonly WindowLatency[];
  /** 1 where wake-up delays behind best effort are worth their look-up: see delayMatters. */
  readonly delayMatters: Uint8Array;
  /** CV of the request rate inside a window. */
  readonly rateCv: Float64Array;
  /** CPU milliseconds one request takes at full speed. */
  readonly workMs: Float64Array;
}

/** Rate variation and servers are rounded to these, so that few different surfaces are needed. */
const RATE_CV_GRID = [0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1];
const SERVER_GRID = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];
/** Threads a service without limit can use at once. [A] */
const UNLIMITED_THREADS = 64;
const UNLIMITED_MILLI_CPU = 1000 * UNLIMITED_THREADS;

/** What follows from a service's kind alone. */
export interface Built {
  readonly service: ServiceModel;
  readonly target: ServiceTarget;
  readonly surface: ViolationSurface;
  readonly matters: boolean;
}

/**
 * What runs need of latency and can share, kept by a caller that makes many of them: runs of one scenario ask for the same. What is kept never
 * changes, so a run that finds it equals one that builds it.
 */
export interface SurfaceStore {
  /** By everything that goes into them: coefficients, isolation, target, kind of service. */
  readonly built: Map<string, Built>;
  /** By the load up to which a rate counts as stationary. */
  readonly tables: Map<number, LatencyTables>;
}

/** An empty store; it belongs to whoever makes the runs. */
export function createSurfaceStore(): SurfaceStore {
  return { built: new Map(), tables: new Map() };
}

/** A surface takes 28 KiB: three grids of 96 x 24. */
const MOST_BUILT = 512;

/** Keeps what was built for `key`; a full store starts anew. */
export function keepBuilt(store: SurfaceStore, key: string, built: Built): void {
  if (store.built.size >= MOST_BUILT) store.built.clear();
  store.built.set(key, built);
}

/**
 * Builds targets and surfaces of every service, once a run. `store` keeps them for other runs, and `physics` then names the coefficients:
 * all that decides beside a service's kind.
 */
export function createLatencyModel(
  online: OnlineState,
  model: HostModel,
  designLoad: number,
  targetOverBaseline: number,
  store: SurfaceStore = createSurfaceStore(),
  physics = '',
): LatencyModel {
  const { services } = online;
  const { stationaryCap } = model.parameters;
  const tables = store.tables.get(stationaryCap) ?? createLatencyTables(stationaryCap);
  store.tables.set(stationaryCap, tables);
  const { waitMs, waitSlope, kata } = model.isolation;
  const wakeUps = kata === null ? 0 : model.parameters.wakeUpsPerRequest;
  const windows = new Map<Built, WindowLatency>();
  const rows = Array.from({ length: services.count }, (_, s) => {
    const limit = services.limitMilliCpu[s] > 0 ? services.limitMilliCpu[s] / 1000 : Number.POSITIVE_INFINITY;
    const servers = limit < 1 ? limit : nearest(SERVER_GRID, limit);
    const rateCv = nearest(RATE_CV_GRID, rateCvOf(services.peakOverMean[s]));
    const key = `${services.latencyClass[s]}/${servers}/${rateCv}/${designLoad}/${targetOverBaseline}/${physics}`;
    let built = store.built.get(key);
    if (built === undefined) {
      const base = serviceModel(
        model.parameters,
        model.latency,
        services.latencyClass[s],
        servers,
        UNLIMITED_THREADS,
        DISCIPLINE.PS,
      );
      const bare = { ...base, rateCv };
      // The target is what the service promises on a host of its own, outside of any machine.
      const target = serviceTarget(tables, bare, designLoad, targetOverBaseline, 0);
      const service = kata === null ? bare : { ...bare, answerMs: bare.answerMs + wakeUps * kata.wakeMs };
      const surface = createViolationSurface(tables, service, target.targetMs, waitMs);
      built = { service, target, surface, matters: delayMatters(surface, waitSlope) };
      keepBuilt(store, key, built);
    }
    const window = windows.get(built) ?? createWindowLatency(tables, built.service);
    windows.set(built, window);
    return { ...built, window };
  });
  return {
    tables,
    service: rows.map((row) => row.service),
    target: rows.map((row) => row.target),
    surface: rows.map((row) => row.surface),
    window: rows.map((row) => row.window),
    delayMatters: Uint8Array.from(rows, (row) => (row.matters ? 1 : 0)),
    rateCv: Float64Array.from({ length: services.count }, (_, s) => rateCvOf(services.peakOverMean[s])),
    workMs: Float64Array.from(rows, (row) => row.service.cpuMs * Math.min(1, row.service.servers)),
  };
}

/** The model of another run with the same services and parameters: its tables are shared, workspaces are not. */
export function shareLatencyModel(model: LatencyModel): LatencyModel {
  const made = new Map<WindowLatency, WindowLatency>();
  const window = model.window.map((own) => {
    const copy = made.get(own) ?? createWindowLatency(own.tables, own.service);
    made.set(own, copy);
    return copy;
  });
  return { ...model, window };
}

/** Below this share of P(late) a term is left out; the latency model's own error is a factor of 1.75. */
const NEGLIGIBLE = 0.01;
/** Nodes rarer than this (ln of 1e-6) do not decide. */
const RARE_LN = -13.8;

/**
 * Whether the rare wake-up delay of an isolation level can move P(late) by more than 1 % anywhere on the surface, with a host full
 * of best effort: slope x (P delayed / P - 1) > 0.01. Group Identity's 0.07 ms never does; shares and equal weight do.
 */
export function delayMatters({ lnTail, lnTailDelayed }: ViolationSurface, waitSlope: number): boolean {
  return lnTail.some((ln, at) => ln > RARE_LN && waitSlope * (exp(lnTailDelayed[at] - ln) - 1) > NEGLIGIBLE);
}

/** The entry of an ascending grid that is closest to the value; the lower one on a tie. */
function nearest(grid: readonly number[], value: number): number {
  return grid.reduce((best, entry) => (Math.abs(entry - value) < Math.abs(best - value) ? entry : best), grid[0]);
}

/** CPU that a pod of service `s` can use at once: its limit, or as many threads as a service without one has. */
export function limitOf(services: OnlineServices, s: number): number {
  return services.limitMilliCpu[s] > 0 ? services.limitMilliCpu[s] : UNLIMITED_MILLI_CPU;
}
