/** State and configuration of a Chronos framework, as plain data. */
import { ConfigError } from '../base/assert.ts';
import { createLedger, type Ledger } from '../framework-work.ts';
import type { Schedule } from './iso8601.ts';
import { createDag, type JobDag } from './job-dag.ts';
import { createThrottle, type ReviveThrottle } from './revive-throttle.ts';
import type { RunningTasks } from './running-tasks.ts';
import { CHRONOS_STORE_OPERATIONS, createStoreLine, type StoreLine, type StoreOperations } from './store-cost.ts';
import { createLanes, type Lane } from './task-queue.ts';

/** Settings of one Chronos; the defaults are upstream's. Units: ms. */
export interface ChronosConfig {
  /** `2014`: one task per offer, as deployed when the incidents told in iQIYI's slides happened. */
  readonly era: '2014' | 'batch';
  readonly scheduler: '2.4' | '3.0';
  readonly lanes: number;
  readonly declineOfferMs: number;
  readonly reviveOffersForNewJobs: boolean;
  readonly minReviveIntervalMs: number;
  readonly retries: number;
  readonly failureRetryDelayMs: number;
  readonly disableAfterFailures: number;
  readonly epsilonMs: number;
  /** What calendars show at time 0, ms since 1970. */
  readonly epochMs: number;
  readonly scheduleHorizonMs: number;
  readonly reconciliationIntervalMs: number;
  readonly defaultMilliCpu: number;
  readonly defaultMemMiB: number;
  readonly defaultDiskMiB: number;
  /** One round trip to the job store; 0 makes the store free. */
  readonly storeOperationMs: number;
  readonly storeOperations: StoreOperations;
  readonly quirks: ChronosQuirks;
}

/** Faults that production had; each defaults to as it was. */
export interface ChronosQuirks {
  /** 3.0 writes every launched task once per used offer. */
  readonly storeWritesTimesOffers: boolean;
  /** A store that fails leaves the process alive, keeping every offer; false: the process exits (since February 2015). */
  readonly hoardOffersOnStoreFailure: boolean;
  /** A store failure inside a status update aborts the driver: the framework stays deactivated for ever. */
  readonly abortDriverOnStoreFailure: boolean;
}

/** Chronos as it runs without flags. */
export const CHRONOS_DEFAULTS: ChronosConfig = {
  era: 'batch',
  scheduler: '2.4',
  lanes: 2,
  declineOfferMs: 5_000,
  reviveOffersForNewJobs: false,
  minReviveIntervalMs: 5_000,
  retries: 2,
  failureRetryDelayMs: 60_000,
  disableAfterFailures: 0,
  epsilonMs: 60_000,
  epochMs: 0,
  scheduleHorizonMs: 60_000,
  reconciliationIntervalMs: 600_000,
  defaultMilliCpu: 100,
  defaultMemMiB: 128,
  defaultDiskMiB: 256,
  storeOperationMs: 0,
  storeOperations: CHRONOS_STORE_OPERATIONS,
  quirks: { storeWritesTimesOffers: true, hoardOffersOnStoreFailure: true, abortDriverOnStoreFailure: true },
};

/** One registered job. Units: ms; null when it never happened. */
export interface ChronosJob {
  readonly name: string;
  readonly workRow: number;
  readonly lane: number;
  /** Null for a dependent job. */
  schedule: Schedule | null;
  readonly dependent: boolean;
  /** Submitted without schedule and parents: it runs at once and is deleted when its last run ended. */
  readonly immediate: boolean;
  /** Runs of an immediate job that have not come to their final end. */
  runsLeft: number;
  readonly concurrent: boolean;
  /** Several runs may start on the offers of one callback. */
  readonly manyPerBatch: boolean;
  readonly softError: boolean;
  readonly epsilonMs: number;
  readonly retries: number;
  disabled: boolean;
  lastSuccessMs: number | null;
  lastErrorMs: number | null;
  errorsSinceLastSuccess: number;
}

/** A run that becomes due later: a timer of the schedule, a retry, or a submission waiting for the store. */
export interface PlannedRun {
  readonly dueMs: number;
  readonly job: string;
  readonly attempt: number;
}

/** Everything a Chronos framework remembers. */
export interface ChronosState {
  readonly config: ChronosConfig;
  readonly ledger: Ledger;
  readonly jobs: Map<string, ChronosJob>;
  readonly dag: JobDag;
  readonly lanes: Lane[];
  readonly running: RunningTasks;
  readonly throttle: ReviveThrottle;
  readonly store: StoreLine;
  /** Sorted by `dueMs`, ties in order of planning. */
  planned: PlannedRun[];
  nextLoopMs: number;
  nextReconciliationMs: number;
  /** False after the driver's abort: the process lives and gets nothing. */
  active: boolean;
  storeFailed: boolean;
  /** Offers kept because the store failed. */
  heldOffers: number[];
  readonly counters: ChronosCounters;
}

/** Totals since the start. */
export interface ChronosCounters {
  launched: number;
  finished: number;
  failed: number;
  revives: number;
}

const CHOICES = { era: ['2014', 'batch'], scheduler: ['2.4', '3.0'] } as const;

/** A fresh state. Errors: ConfigError for settings that are not whole, not positive, unknown, or without a lane. */
export function createChronosState(config: ChronosConfig): ChronosState {
  if (!Number.isInteger(config.lanes) || config.lanes < 1)
    throw new ConfigError(`chronos: lanes is ${config.lanes}; it must be a whole number, 1 or more`);
  for (const [name, value] of Object.entries(config))
    if (typeof value === 'number' && !(value >= 0 && value <= Number.MAX_SAFE_INTEGER))
      throw new ConfigError(`chronos: ${name} is ${value}; it must be 0 or more`);
  for (const [name, known] of Object.entries(CHOICES)) {
    const value = config[name as keyof typeof CHOICES];
    if (!(known as readonly string[]).includes(value))
      throw new ConfigError(`chronos: ${name} is "${value}"; known: ${known.join(', ')}`);
  }
  if (config.scheduleHorizonMs < 1) throw new ConfigError('chronos: scheduleHorizonMs must be 1 or more');
  return {
    config,
    ledger: createLedger(),
    jobs: new Map(),
    dag: createDag(),
    lanes: createLanes(config.lanes),
    running: new Map(),
    throttle: createThrottle(),
    store: createStoreLine(),
    planned: [],
    nextLoopMs: Number.POSITIVE_INFINITY,
    nextReconciliationMs: config.reconciliationIntervalMs,
    active: false,
    storeFailed: false,
    heldOffers: [],
    counters: { launched: 0, finished: 0, failed: 0, revives: 0 },
  };
}
