/** The allocator under a scenario, what its frameworks hold as offers, and the readers of step fields. */

import { seededRandomSource } from '../base/random-source.ts';
import { isRecord } from '../conformance.ts';
import type { Conversion } from './allocation-ledger.ts';
import { convertBag } from './allocation-ledger.ts';
import { Allocator } from './allocator.ts';
import type { FrameworkInfo, UsedBags } from './allocator-records.ts';
import { NOTHING_USED } from './allocator-records.ts';
import type { AllocatorOptions, Grant } from './allocator-state.ts';
import { MODERN_VARIANT, VARIANT_0_2X } from './allocator-variants.ts';
import { readAllocatorOptions } from './conformance-allocator-options.ts';
import { readBag, readLimits, readQuantities } from './conformance-resources.ts';
import type { Step } from './conformance-steps.ts';
import { recordList, text, textList, textOr } from './conformance-steps.ts';
import type { ResourceBag } from './resource-bag.ts';
import { addBags, EMPTY_BAG, isEmptyBag, subtractBags } from './resource-bag.ts';
import { ResourceCatalog } from './resource-catalog.ts';
import type { Quantities } from './resource-quantities.ts';

export const MS_PER_SECOND = 1_000;

/** One framework in one role on one agent. */
export function keyOf(framework: string, role: string, agent: string): string {
  return JSON.stringify([framework, role, agent]);
}

export class AllocatorWorld {
  readonly catalog = new ResourceCatalog();
  readonly options: AllocatorOptions;
  readonly allocator: Allocator;
  /** What frameworks hold as offers. */
  readonly outstanding = new Map<string, Grant>();
  readonly frameworks = new Map<string, Step>();
  unseen: Grant[] = [];
  runsSeen = 0;

  constructor(options: Step, old: boolean, seed: number) {
    this.options = readAllocatorOptions(this.catalog, options);
    const variant = old ? VARIANT_0_2X : MODERN_VARIANT;
    this.allocator = new Allocator(this.catalog, this.options, variant, seededRandomSource(seed), 0);
  }

  collect(): void {
    for (const grant of this.allocator.takeGrants()) {
      this.unseen.push(grant);
      this.addOutstanding(grant, grant.bag);
    }
  }

  addOutstanding(grant: Omit<Grant, 'bag'>, bag: ResourceBag): void {
    const key = keyOf(grant.framework, grant.role, grant.agent);
    const before = this.outstanding.get(key)?.bag ?? EMPTY_BAG;
    this.outstanding.set(key, {
      framework: grant.framework,
      role: grant.role,
      agent: grant.agent,
      bag: addBags(before, bag),
    });
  }

  giveBack(grant: Omit<Grant, 'bag'>, bag: ResourceBag, refuseMs: number | null): void {
    this.allocator.recoverResources(grant.framework, grant.agent, grant.role, bag, refuseMs);
    const key = keyOf(grant.framework, grant.role, grant.agent);
    const before = this.outstanding.get(key);
    if (before === undefined) return;
    const left = subtractBags(before.bag, bag);
    if (isEmptyBag(left)) this.outstanding.delete(key);
    else this.outstanding.set(key, { ...before, bag: left });
  }

  forget(gone: (grant: Grant) => boolean): void {
    for (const [key, grant] of [...this.outstanding]) if (gone(grant)) this.outstanding.delete(key);
  }

  takeUnseen(): Map<string, ResourceBag> {
    const got = new Map<string, ResourceBag>();
    for (const grant of this.unseen) {
      const key = keyOf(grant.framework, grant.role, grant.agent);
      got.set(key, addBags(got.get(key) ?? EMPTY_BAG, grant.bag));
    }
    this.unseen = [];
    return got;
  }

  convertOutstanding(key: string, conversions: readonly Conversion[]): void {
    const before = this.outstanding.get(key);
    const after = before === undefined ? null : convertBag(before.bag, conversions);
    if (before !== undefined && after !== null) this.outstanding.set(key, { ...before, bag: after });
  }

  frameworkInfo(step: Step): FrameworkInfo {
    const minimums = isRecord(step.minAllocatable) ? step.minAllocatable : {};
    const current = this.allocator.ledger.frameworks.get(text(step, 'fw'))?.suppressed ?? [];
    const suppressed = step.suppressedRoles ?? step.suppressed ?? [...current];
    const minAllocatable = Object.entries(minimums).map(([role, sets]): [string, readonly Quantities[]] => [
      role,
      (Array.isArray(sets) ? sets : [sets]).map((set) => readQuantities(this.catalog, set)),
    ]);
    return {
      id: text(step, 'fw'),
      roles: Array.isArray(step.roles) ? textList(step, 'roles') : [textOr(step, 'role', '*')],
      suppressedRoles: Array.isArray(suppressed) ? suppressed.map(String) : [],
      capabilities: textList(step, 'capabilities'),
      minAllocatable: new Map(minAllocatable),
      checkpoint: step.checkpoint === true,
      active: step.active !== false,
    };
  }

  rolesOf(step: Step): readonly string[] {
    return typeof step.role === 'string' ? [step.role] : textList(step, 'roles');
  }

  readUsed(used: unknown): UsedBags {
    if (!isRecord(used)) return NOTHING_USED;
    const entries = Object.entries(used).map(([holder, byRole]): [string, Map<string, ResourceBag>] => {
      const bags = Object.entries(isRecord(byRole) ? byRole : {}).map(([role, res]): [string, ResourceBag] => [
        role,
        readBag(this.catalog, res),
      ]);
      return [holder, new Map(bags.filter(([, bag]) => !isEmptyBag(bag)))];
    });
    return new Map(entries);
  }

  readConversions(list: unknown): { consumed: ResourceBag; converted: ResourceBag }[] {
    return recordList(list).map(({ consumed, converted }) => ({
      consumed: readBag(this.catalog, consumed),
      converted: readBag(this.catalog, converted),
    }));
  }

  readQuotas(quotas: unknown): Map<string, { guarantees: Quantities; limits: Quantities }> {
    const entries = Object.entries(isRecord(quotas) ? quotas : {}).map(
      ([role, quota]): [string, { guarantees: Quantities; limits: Quantities }] => [
        role,
        {
          guarantees: readQuantities(this.catalog, isRecord(quota) ? quota.guarantees : {}),
          limits: readLimits(this.catalog, isRecord(quota) ? quota.limits : {}),
        },
      ],
    );
    return new Map(entries);
  }
}
