/**
 * What a run is made of: the scenario with every default written out, frozen and hashed.
 *
 * A plan is plain JSON. Two plans with the same canonical text and seed give the same digest; nothing outside the plan
 * (environment, clock, order of files) may change a run.
 */
import type { BatchPlan } from './plan/batch.ts';
import type { ClusterPlan, FailurePlan } from './plan/cluster.ts';
import type { KoordinatorPlan } from './plan/koordinator.ts';
import type { KubernetesPlan } from './plan/kubernetes.ts';
import type { MesosPlan } from './plan/mesos.ts';
import type { BestEffortPlan, OnlinePlan, TracePlan } from './plan/workload.ts';

/** One policy with its own configuration, as the registry knows it. */
export interface PolicyPlan {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

export type ControlPlanePlan = KubernetesPlan | MesosPlan | BatchPlan;

export interface PhysicsPlan {
  /** equal, shares (2), noise-clean, group-identity, core-scheduling. */
  readonly isolation: 'equal' | 'shares' | 'noise-clean' | 'group-identity' | 'core-scheduling' | 'kata';
  readonly corePlacement: 'blind' | 'core-aware';
  /** `event`: hosts are shared again at every change and metered exactly, without contention; for batch work alone. Absent = by windows. */
  readonly accounting?: 'event';
  /** Under `event`: a task lasts until its work is done, or (`no-delay`) as long as recorded whatever CPU it gets. Absent = work. */
  readonly progress?: 'no-delay';
  /** memory.min and memory.low protect services from reclaim. Absent = false. */
  readonly memoryQos?: boolean;
  /** Memory of best effort grows from nothing to all of it after a start. Absent = all of it from the start. */
  readonly memoryRamp?: boolean;
  /** Coefficients that differ from the parameter table, by name. */
  readonly parameters: Readonly<Record<string, number>>;
}

export interface SloPlan {
  /** Share of requests that must be answered in time, percent. */
  readonly objectivePercent: number;
  /** Target over the service's own p99 at design load. */
  readonly targetOverBaseline: number;
  readonly designLoadPercent: number;
}

export interface CostPlan {
  readonly pue: number;
  readonly pricePerKwh: number;
  /** Of shapes without a price of their own. */
  readonly capexPerHost: number;
  readonly lifetimeYears: number;
  readonly yearlyOverheadPercent: number;
  readonly currency: string;
}

export interface RecordPlan {
  readonly tasks: boolean;
  readonly events: boolean;
}

export interface Plan {
  readonly version: 1;
  readonly name: string;
  readonly title: string;
  readonly seed: string;
  readonly horizonMs: number;
  /** The run ends when the last task is done or given up. Absent = at the horizon. */
  readonly endWhenDone?: boolean;
  /** Instants are whole ticks. Absent = 1, milliseconds. */
  readonly ticksPerMs?: number;
  readonly windowMs: number;
  /** Left out of every summary figure. */
  readonly warmUpMs: number;
  readonly cluster: ClusterPlan;
  readonly online: OnlinePlan;
  readonly bestEffort: BestEffortPlan;
  readonly controlPlane: ControlPlanePlan;
  readonly koordinator: KoordinatorPlan;
  /** Policies by name beyond those the control plane always has; the order is the order they run in. */
  readonly policies: readonly PolicyPlan[];
  readonly physics: PhysicsPlan;
  readonly slo: SloPlan;
  readonly failures: FailurePlan;
  readonly cost: CostPlan;
  readonly record: RecordPlan;
}

/** Keys sorted at every depth, so that equal plans have equal text. Numbers as JSON writes them; arrays keep their order. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const record = value as Record<string, unknown>;
    const keys = Object.keys(record).sort();
    return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalText(record[key])}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** The plan with the folders of its traces put elsewhere: where a trace lies is no part of what is run, its sha256 is. */
export function withTraceFolders(plan: Plan, folderOf: (trace: TracePlan) => string): Plan {
  const moved = <Section extends { readonly trace?: TracePlan }>(section: Section): Section =>
    section.trace === undefined
      ? section
      : { ...section, trace: { ...section.trace, folder: folderOf(section.trace) } };
  return { ...plan, online: moved(plan.online), bestEffort: moved(plan.bestEffort) };
}

/** Freezes a plan at every depth and returns it. */
export function freezePlan<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freezePlan(inner);
  }
  return value;
}
