/**
 * A run over plain agents, the common case: nothing on them is reserved, shared or revocable and no quota binds, so whoever takes an agent
 * takes all of it. A grant is then a pair of slot and agent, and nothing is booked until somebody keeps it.
 *
 * Order among takers matters only where an agent has two or more of them; only there do the sorters look, and for them what this run has
 * granted so far is booked as one sum a slot. Grants count at once, sums leave the books when the run ends: most offers are declined the
 * moment they are made, and a declined bag leaves no trace but its grant and its filter.
 * The run that books every grant (`allocate-*.ts`) is its oracle: the same grants in the same order.
 */
import { fail } from '../base/assert.ts';
import type { AllocationLedger } from './allocation-ledger.ts';
import type { Round } from './allocation-round.ts';
import type { Slot } from './allocator-state.ts';
import type { ResourceBag } from './resource-bag.ts';
import { EMPTY_BAG } from './resource-bag.ts';

/** Whole agents granted to one slot in one run, in order of granting, and the bag of each. */
export interface BulkGrant {
  readonly slot: Slot;
  /** Rows of the agents. */
  readonly rows: number[];
  readonly bags: ResourceBag[];
}

/** Books and rules of a run. */
export type BulkRound = Pick<Round, 'ledger' | 'options'>;

/** Whether a slot may have all that a plain agent has available. */
export type TakesWhole = (round: BulkRound, slot: Slot, row: number) => boolean;

/**
 * Slots that compete, in no particular order; null when the run must be booked grant by grant: an agent is not plain, a role has a quota,
 * or a framework competes in two roles and its offers of both stand in one message.
 */
export function slotsForBulk(ledger: AllocationLedger, rows: Int32Array, count: number): Slot[] | null {
  if (ledger.roleTree.hasQuotas()) return null;
  if (ledger.notPlain > 0) for (let i = 0; i < count; i++) if (ledger.agentByRow[rows[i]]?.plain === false) return null;
  const slots: Slot[] = [];
  for (const role of ledger.roles.values()) {
    for (let client = 0; client < role.slotByClient.length; client++) {
      const slot = role.slotByClient[client];
      if (slot?.role !== role || slot.client !== client || !role.sorter.isActive(client)) continue;
      if (slot.framework.slots.size > 1) return null;
      slots.push(slot);
    }
  }
  return slots;
}

/** A run under way; columns by slot are in the order of `slots`. */
interface BulkRun {
  readonly round: BulkRound;
  readonly rows: Int32Array;
  readonly slots: readonly Slot[];
  /** Who got the agent of each row: place among the slots, -1 = nobody. */
  readonly takers: Int32Array;
  /** The sorters know of the grants before this place. */
  told: number;
  /** By slot; only for those that the sorters were told of. */
  readonly shares: (Share | undefined)[];
  /** Slots that they are being told of. */
  readonly untold: number[];
}

/** What the sorters were told of a slot, to be taken back at the end of the run, and what they are being told: grants, and sums by kind. */
interface Share {
  told: number;
  readonly toldSum: number[];
  untold: number;
  readonly untoldSum: number[];
}

/** Shares out the agents in the first `count` of `rows`, already in their random order. */
export function allocateInBulk(
  round: BulkRound,
  rows: Int32Array,
  count: number,
  slots: readonly Slot[],
  takes: TakesWhole,
): BulkGrant[] {
  const { fertile, version } = round.ledger.columns;
  const takers = round.ledger.columns.places(count);
  const counts = slots.map(() => 0);
  const run: BulkRun = { round, rows, slots, takers, told: 0, shares: [], untold: [] };
  for (let i = 0; i < count; i++) {
    const row = rows[i];
    let taker = -1;
    let several = false;
    for (let at = 0; at < slots.length; at++) {
      const slot = slots[at];
      // Most agents are refused for the reason they were refused for last time; takes() would say so too.
      if (slot.refusals.knownVersion[row] === version[row] || !takes(round, slot, row)) continue;
      if (taker >= 0) {
        several = true;
        break;
      }
      taker = at;
    }
    if (several) taker = firstInOrder(run, i, takes);
    // With one taker or none nobody else wants the agent, nor anything less of it: it is looked at again when it is given back unfiltered,
    // or when something changes.
    if (!several) fertile[row] = 0;
    takers[i] = taker;
    if (taker >= 0) counts[taker]++;
  }
  for (let at = 0; at < slots.length; at++) if (counts[at] > 0) endLoan(run, at, counts[at]);
  return grantsOf(run, count, counts);
}

/** The grants by framework in order of subscription; their lists have just the room they need. */
function grantsOf({ round, rows, slots, takers }: BulkRun, count: number, counts: readonly number[]): BulkGrant[] {
  const { available } = round.ledger.columns;
  const grants: BulkGrant[] = [];
  const filled = slots.map(() => 0);
  const grantBySlot = slots.map((slot, at): BulkGrant | null => {
    if (counts[at] === 0) return null;
    const grant = { slot, rows: new Array<number>(counts[at]), bags: new Array<ResourceBag>(counts[at]) };
    grants.push(grant);
    return grant;
  });
  for (let i = 0; i < count; i++) {
    const grant = takers[i] < 0 ? null : grantBySlot[takers[i]];
    if (grant === null) continue;
    const to = filled[takers[i]]++;
    grant.rows[to] = rows[i];
    grant.bags[to] = available[rows[i]];
  }
  return grants.sort((a, b) => a.slot.framework.sequence - b.slot.framework.sequence);
}

/** The taker that fairness puts first for the agent in place `i`, given what this run has granted so far. */
function firstInOrder(run: BulkRun, i: number, takes: TakesWhole): number {
  const { round, rows, slots } = run;
  const { ledger } = round;
  tellSorters(run, i);
  ledger.roleSorter.begin();
  for (let client = ledger.roleSorter.next(); client >= 0; client = ledger.roleSorter.next()) {
    const role = ledger.roleByClient[client];
    role.sorter.begin();
    for (let member = role.sorter.next(); member >= 0; member = role.sorter.next())
      if (takes(round, role.slotByClient[member], rows[i])) return slots.indexOf(role.slotByClient[member]);
  }
  return -1;
}

/** Tells the sorters of the grants before place `end` that they have not been told of yet, as one sum a slot. */
function tellSorters(run: BulkRun, end: number): void {
  const { round, rows, takers, untold } = run;
  const { columns, catalog } = round.ledger;
  const kindCount = catalog.flags.length;
  for (let place = run.told; place < end; place++) {
    const taker = takers[place];
    if (taker < 0) continue;
    const share = run.shares[taker] ?? { told: 0, toldSum: zeros(kindCount), untold: 0, untoldSum: zeros(kindCount) };
    run.shares[taker] = share;
    if (share.untold++ === 0) untold.push(taker);
    columns.addTo(share.untoldSum, rows[place]);
  }
  run.told = end;
  for (let taker = untold.pop(); taker !== undefined; taker = untold.pop()) {
    const share = run.shares[taker] ?? fail('a slot that is told of has a share');
    round.ledger.lend(run.slots[taker], columns.sumOf(share.untoldSum), share.untold);
    for (let kind = 0; kind < kindCount; kind++) share.toldSum[kind] += share.untoldSum[kind];
    share.untoldSum.fill(0);
    share.told += share.untold;
    share.untold = 0;
  }
}

/** Ends the loan of a slot that got `count` agents: the grants stay counted, the amounts leave the sorters. */
function endLoan({ round, slots, shares }: BulkRun, taker: number, count: number): void {
  const share = shares[taker];
  const told = share?.told ?? 0;
  if (told < count) round.ledger.lend(slots[taker], EMPTY_BAG, count - told);
  if (share !== undefined) round.ledger.endLoan(slots[taker], round.ledger.columns.sumOf(share.toldSum));
}

function zeros(count: number): number[] {
  return new Array<number>(count).fill(0);
}
