/**
 * A run over plain agents, the common case: nothing on them is reserved, shared or revocable and no quota binds, so whoever takes an agent
 * takes all of it. A grant is then a pair of slot and agent, and nothing is booked until somebody keeps it.
 *
 * Order among takers matters only where an agent has two or more of them; only there do the sorters look, and for them what this run has
 * granted so far is booked as one sum a slot. Grants count at once, sums leave the books when the run ends: most offers are declined the
 * moment they are made, and a declined bag leaves no trace but its grant and its filter.
 * The run that books every grant (`allocate-*.ts`) is its oracle: the same grants in the same order.
 */
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
  /** How many of them the sorters were told of, and their sum by kind, to be taken back at the end of the run. */
  told: number;
  toldSum: number[];
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

/** Shares out the agents in the first `count` of `rows`, already in their random order. */
export function allocateInBulk(
  round: BulkRound,
  rows: Int32Array,
  count: number,
  slots: readonly Slot[],
  takes: TakesWhole,
): BulkGrant[] {
  const grants: BulkGrant[] = [];
  const { fertile, available, version } = round.ledger.columns;
  for (let i = 0; i < count; i++) {
    const row = rows[i];
    let taker: Slot | null = null;
    let several = false;
    for (const slot of slots) {
      // Most agents are refused for the reason they were refused for last time; takes() would say so too.
      if (slot.refusals.knownVersion[row] === version[row] || !takes(round, slot, row)) continue;
      if (taker !== null) {
        several = true;
        break;
      }
      taker = slot;
    }
    if (several) taker = firstInOrder(round, grants, row, takes);
    // With one taker or none nobody else wants the agent, nor anything less of it: it is looked at again when it is given back unfiltered,
    // or when something changes.
    if (!several) fertile[row] = 0;
    if (taker !== null) lend(grants, taker, row, available[row]);
  }
  for (const grant of grants) endLoan(round, grant);
  return grants.sort((a, b) => a.slot.framework.sequence - b.slot.framework.sequence);
}

function lend(grants: BulkGrant[], slot: Slot, row: number, bag: ResourceBag): void {
  let at = 0;
  while (at < grants.length && grants[at].slot !== slot) at++;
  if (at === grants.length) grants.push({ slot, rows: [], bags: [], told: 0, toldSum: [] });
  grants[at].rows.push(row);
  grants[at].bags.push(bag);
}

/** The taker that fairness puts first, given what this run has granted so far. */
function firstInOrder(round: BulkRound, grants: readonly BulkGrant[], row: number, takes: TakesWhole): Slot | null {
  const { ledger } = round;
  for (const grant of grants) tellSorters(round, grant);
  ledger.roleSorter.begin();
  for (let client = ledger.roleSorter.next(); client >= 0; client = ledger.roleSorter.next()) {
    const role = ledger.roleByClient[client];
    role.sorter.begin();
    for (let member = role.sorter.next(); member >= 0; member = role.sorter.next())
      if (takes(round, role.slotByClient[member], row)) return role.slotByClient[member];
  }
  return null;
}

/** Tells the sorters what they have not been told yet. */
function tellSorters(round: BulkRound, grant: BulkGrant): void {
  const { rows, bags, slot, told, toldSum } = grant;
  if (told === bags.length) return;
  const { columns, catalog } = round.ledger;
  const kindCount = catalog.flags.length;
  while (toldSum.length < kindCount) toldSum.push(0);
  const sum = columns.sums(kindCount);
  for (let i = told; i < bags.length; i++) columns.addTo(sum.amounts, rows[i], bags[i]);
  for (let kind = 0; kind < kindCount; kind++) toldSum[kind] += sum.amounts[kind];
  round.ledger.lend(slot, sum, bags.length - told);
  grant.told = bags.length;
}

/** Ends the loan: the grants stay counted, the amounts leave the sorters. */
function endLoan(round: BulkRound, grant: BulkGrant): void {
  const { bags, slot, told, toldSum } = grant;
  if (told < bags.length) round.ledger.lend(slot, EMPTY_BAG, bags.length - told);
  if (told > 0) round.ledger.endLoan(slot, round.ledger.columns.sumOf(toldSum));
}
