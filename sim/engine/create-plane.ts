/** Builds the control plane that the plan names; the engine knows planes by their port alone. */
import type { PlacementView } from '../planes/kubernetes/placement.ts';
import { createBatch } from './batch-adapter.ts';
import type { Engine, Workload } from './engine.ts';
import { createKubernetes } from './kubernetes-adapter.ts';
import { createMesos } from './mesos-adapter.ts';
import type { UsageWindows } from './usage-windows.ts';

export interface PlacementTables {
  readonly view: PlacementView;
  /** Lane of the pod shapes of each population; null = all in the common one. */
  readonly laneOf: Int32Array | null;
  /** Pod shapes that are there from the start: of services and of reservations. */
  readonly fixedShapes: number;
  /** Windows that load-aware scheduling in full aggregates over; null where it is not asked for. */
  readonly usage: UsageWindows | null;
}

/** Puts plane, placement tables and what goes with them into `engine`. */
export function createPlane(engine: Engine, workload: Workload, byScan: boolean): void {
  const { controlPlane } = engine.plan;
  if (controlPlane.kind === 'batch') createBatch(engine, workload, controlPlane);
  else if (controlPlane.kind === 'mesos') createMesos(engine, workload.services, controlPlane);
  else createKubernetes(engine, workload, controlPlane, byScan);
}
