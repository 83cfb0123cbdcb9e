/**
 * Parts of agents kept for a role: static ones that an agent starts with, dynamic ones that an operator reserves and gives back, refined
 * ones that are passed on to a role below.
 *
 * The allocator offers them (`policies/mesos`); here the plan's reservations become kinds of resources, agents register with those they
 * hold (a dynamic reservation is kept by the agent, so a new master learns it), and a task takes the most refined part of an offer first.
 * Upstream leaves that choice to each framework; Marathon and Chronos take reserved resources before others.
 *
 * Approximation: what is reserved for one role statically and dynamically is one resource here, two upstream.
 */
import { fail } from '../../../policies/base/assert.ts';
import type { Conversion } from '../../../policies/mesos/allocation-ledger.ts';
import { convertBag } from '../../../policies/mesos/allocation-ledger.ts';
import { mayUseReservation, usableByRole } from '../../../policies/mesos/eligibility.ts';
import { convertOnAgent } from '../../../policies/mesos/master-operator.ts';
import { addBags, bagOf, EMPTY_BAG, type ResourceBag } from '../../../policies/mesos/resource-bag.ts';
import { PLAIN, ResourceFlag } from '../../../policies/mesos/resource-catalog.ts';
import type { MesosPlan, MesosReservationPlan } from '../../plan/mesos.ts';
import { type AgentKinds, MILLI, taskBag } from './agents.ts';
import { AGENT, type MesosRun, type MesosSetup, masterOfHost } from './mesos-run.ts';

/** Something an operator does about a reservation. */
export interface ReservingStep {
  readonly atMs: number;
  readonly reserves: boolean;
  readonly reservation: MesosReservationPlan;
}

/** Dynamic reservations in order of time; what is given back goes before what is reserved at the same moment. */
export function reservingSteps(plan: MesosPlan): readonly ReservingStep[] {
  const dynamic = (plan.reservations ?? []).filter(({ kind }) => kind === 'dynamic');
  const reserve = dynamic.map((reservation) => ({ atMs: reservation.atMs, reserves: true, reservation }));
  const unreserve = dynamic
    .filter(({ untilMs }) => untilMs > 0)
    .map((reservation) => ({ atMs: reservation.untilMs, reserves: false, reservation }))
    // What was refined is given back before what it was refined from.
    .reverse();
  return [...unreserve, ...reserve].sort((a, b) => a.atMs - b.atMs);
}

/** Roles through which a reservation was refined, the outermost first. */
function stackOf(all: readonly MesosReservationPlan[], reservation: MesosReservationPlan): readonly string[] {
  if (reservation.refines === '') return [reservation.role];
  const parent =
    all.find(({ name }) => name === reservation.refines) ?? fail(`no reservation "${reservation.refines}"`);
  return [...stackOf(all, parent), reservation.role];
}

function bagOfStack(
  kinds: AgentKinds,
  reservation: MesosReservationPlan,
  reservations: readonly string[],
): ResourceBag {
  const part = (name: string, amount: number) =>
    amount === 0 ? EMPTY_BAG : bagOf(kinds.catalog.kind({ ...PLAIN, name, reservations }, 0), amount);
  const { milliCpu, memMib, diskMib } = reservation;
  return addBags(addBags(part('cpus', milliCpu), part('mem', memMib * MILLI)), part('disk', diskMib * MILLI));
}

/** What reserving (or giving back) does to the resources of one agent. */
function conversionOf(run: MesosRun, reservation: MesosReservationPlan, reserves: boolean): Conversion {
  const all = run.setup.plan.reservations ?? [];
  const stack = stackOf(all, reservation);
  const before = bagOfStack(run.s.kinds, reservation, stack.slice(0, -1));
  const after = bagOfStack(run.s.kinds, reservation, stack);
  return reserves ? { consumed: before, converted: after } : { consumed: after, converted: before };
}

function isOn(setup: MesosSetup, reservation: MesosReservationPlan, host: number): boolean {
  return reservation.shapes.length === 0 || reservation.shapes.includes(setup.shapeOfHost[host]);
}

function heldKey(reservation: MesosReservationPlan, host: number): string {
  return `${host}/${reservation.name}`;
}

/** The resources of an agent that registers: `total` with its static reservations and the dynamic ones it holds. */
export function totalWithReservations(run: MesosRun, host: number, total: ResourceBag): ResourceBag {
  let bag = total;
  for (const reservation of run.setup.plan.reservations ?? []) {
    if (!isOn(run.setup, reservation, host)) continue;
    if (reservation.kind === 'dynamic' && !run.s.reservations.held.has(heldKey(reservation, host))) continue;
    bag =
      convertBag(bag, [conversionOf(run, reservation, true)]) ??
      fail(`host ${host} lacks what "${reservation.name}" reserves`);
  }
  return bag;
}

/** CPU and memory of a host that are reserved for others than `role` from the start. */
export function keptFromRole(setup: MesosSetup, host: number, role: string): { milliCpu: number; memMib: number } {
  let milliCpu = 0;
  let memMib = 0;
  for (const reservation of setup.plan.reservations ?? []) {
    if (reservation.kind !== 'static' || !isOn(setup, reservation, host) || mayUseReservation(reservation.role, role))
      continue;
    milliCpu += reservation.milliCpu;
    memMib += reservation.memMib;
  }
  return { milliCpu, memMib };
}

/** Reserves and gives back what is due. An agent whose resources are in use refuses, and nobody asks it again. */
export function reserveWhatIsDue(run: MesosRun, nowMs: number): void {
  const { reservations } = run.s;
  const { reserving } = run.setup;
  while (reservations.done < reserving.length && reserving[reservations.done].atMs <= nowMs) {
    const { reservation, reserves } = reserving[reservations.done++];
    const conversion = conversionOf(run, reservation, reserves);
    for (let host = 0; host < run.s.agent.length; host++) {
      if (!isOn(run.setup, reservation, host)) continue;
      const key = heldKey(reservation, host);
      if (!reserves && !reservations.held.has(key)) continue;
      const known = run.s.agent[host] === AGENT.registered && (!reserves || holdsParent(run, reservation, host));
      if (!known || !convertOnAgent(masterOfHost(run, host), String(host), [conversion])) {
        reservations.refused++;
        continue;
      }
      reservations.made++;
      if (reserves) reservations.held.add(key);
      else reservations.held.delete(key);
    }
  }
}

/** Whether an agent holds what a reservation is to be refined from. */
function holdsParent(run: MesosRun, { refines }: MesosReservationPlan, host: number): boolean {
  const parent = run.setup.plan.reservations?.find(({ name }) => name === refines);
  return parent === undefined || parent.kind === 'static' || run.s.reservations.held.has(heldKey(parent, host));
}

/** When something is reserved or given back next. */
export function nextReservingMs(run: MesosRun): number {
  return run.setup.reserving[run.s.reservations.done]?.atMs ?? Number.POSITIVE_INFINITY;
}

/** What one task takes of `bag`: revocable CPU where it takes that, of all else the most refined parts first; null when those are not enough. */
export function taskBagFrom(
  kinds: AgentKinds,
  bag: ResourceBag,
  milliCpu: number,
  memMib: number,
  diskMib: number,
  gpus: number,
  revocable = false,
): ResourceBag | null {
  let taken = revocable ? bagOf(kinds.revocableCpus, milliCpu) : EMPTY_BAG;
  for (const [name, amount] of [
    ['cpus', revocable ? 0 : milliCpu],
    ['mem', memMib * MILLI],
    ['disk', diskMib * MILLI],
    ['gpus', gpus * MILLI],
  ] as const) {
    const part = amount === 0 ? EMPTY_BAG : partOf(kinds, bag, kinds.catalog.nameIndex(name), amount);
    if (part === null) return null;
    taken = addBags(taken, part);
  }
  return taken;
}

function partOf({ catalog }: AgentKinds, bag: ResourceBag, name: number, amount: number): ResourceBag | null {
  const rows = bag.kinds
    .map((kind, row) => ({ kind, row, depth: catalog.identities[kind].reservations.length }))
    .filter(({ kind }) => catalog.nameIndexes[kind] === name && (catalog.flags[kind] & ResourceFlag.revocable) === 0)
    .sort((a, b) => b.depth - a.depth || a.kind - b.kind);
  let left = amount;
  let taken = EMPTY_BAG;
  for (const { kind, row } of rows) {
    const some = Math.min(left, bag.amounts[row]);
    if (some > 0) taken = addBags(taken, bagOf(kind, some));
    left -= some;
  }
  return left > 0 ? null : taken;
}

/** What a task that runs already takes of what is left of its agent. Throws InvariantError when its role may not use that much. */
export function adoptedBag(
  kinds: AgentKinds,
  left: ResourceBag,
  role: string,
  milliCpu: number,
  memMib: number,
  diskMib: number,
  gpus: number,
  revocable: boolean,
): ResourceBag {
  const usable = usableByRole(kinds.catalog, left, role);
  return (
    taskBagFrom(kinds, usable, milliCpu, memMib, diskMib, gpus, revocable) ??
    fail(`a task of role ${role} stands on resources that are reserved for others`)
  );
}

/** What a task takes of the offer it is launched on: plain resources where nothing is reserved there. */
export function launchBag(
  kinds: AgentKinds,
  offered: ResourceBag | undefined,
  milliCpu: number,
  memMib: number,
  diskMib: number,
  gpus: number,
  revocable: boolean,
): ResourceBag {
  const refined =
    kinds.withReservations && offered !== undefined
      ? taskBagFrom(kinds, offered, milliCpu, memMib, diskMib, gpus, revocable)
      : null;
  return refined ?? taskBag(kinds, milliCpu, memMib, diskMib, gpus, revocable);
}
