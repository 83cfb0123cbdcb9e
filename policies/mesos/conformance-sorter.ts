/** Runs sorter vectors: fairness sorter steps, role tree steps, and distributions of the random sorter. */

import { seededRandomSource } from '../base/random-source.ts';
import type { CaseVerdict } from '../conformance.ts';
import { firstDifference, isRecord, runCases } from '../conformance.ts';
import { readBag, readQuantities } from './conformance-resources.ts';
import type { Step } from './conformance-steps.ts';
import { checkSchema, expectEqual, number, runSteps, text, textList, unknownStep } from './conformance-steps.ts';
import { DrfSorter } from './drf-sorter.ts';
import { RandomSorter } from './random-sorter.ts';
import type { ResourceBag } from './resource-bag.ts';
import { addBags, bagsEqual, EMPTY_BAG, isEmptyBag, subtractBags } from './resource-bag.ts';
import { ResourceCatalog } from './resource-catalog.ts';
import { noLimits, noQuantities } from './resource-quantities.ts';
import { RoleTree } from './role-tree.ts';
import { ScalarTotals } from './scalar-totals.ts';
import { sortedPaths } from './sorter.ts';

const MIN_DRAWS = 20_000;

/** mesos-sorter/1 */
export function runSorterFile(file: unknown): readonly CaseVerdict[] {
  return runCases(scenarios(file, 'mesos-sorter/1'), 'scenarios', (scenario) => {
    const play = sorterPlayer(scenario);
    return runSteps(scenario.steps, play);
  });
}

function sorterPlayer(scenario: Step): (step: Step) => string {
  const catalog = new ResourceCatalog();
  const totals = new ScalarTotals(catalog);
  const steps = Array.isArray(scenario.steps) ? scenario.steps.filter(isRecord) : [];
  const excludedNames = steps.filter((step) => step.op === 'exclude').flatMap((step) => textList(step, 'names'));
  const sorter = new DrfSorter(catalog, totals, { excludedNames, forgetsGrantsWhenInactive: false });
  const agents = new Map<string, ResourceBag>();
  const agentRows = new Map<string, number>();
  const held = new Map<string, Map<string, ResourceBag>>();
  const rowOf = (agent: string): number => {
    const row = agentRows.get(agent) ?? agentRows.size;
    agentRows.set(agent, row);
    return row;
  };
  const note = (client: string, agent: string, change: (bag: ResourceBag) => ResourceBag): void => {
    const byAgent = held.get(client) ?? new Map<string, ResourceBag>();
    held.set(client, byAgent);
    const after = change(byAgent.get(agent) ?? EMPTY_BAG);
    if (isEmptyBag(after)) byAgent.delete(agent);
    else byAgent.set(agent, after);
  };
  const quantities = (client: string | null): Record<string, number> => {
    const row = sorter.allocatedQuantities(client === null ? -1 : sorter.clientOf(client));
    return Object.fromEntries(catalog.names.map((name, n) => [name, row[n]]).filter(([, value]) => value !== 0));
  };
  const expectQuantities = (client: string | null, expected: unknown): string => {
    const row = readQuantities(catalog, expected);
    const wanted = Object.fromEntries(
      catalog.names.map((name, n) => [name, row[n]]).filter(([, value]) => value !== 0),
    );
    return firstDifference(wanted, quantities(client));
  };
  /** What every client holds on one agent. */
  const expectOnAgent = (agent: string, expected: Step): string => {
    const holders = [...held].filter(([, byAgent]) => byAgent.has(agent)).map(([client]) => client);
    const differs = holders.find(
      (client) => !bagsEqual(readBag(catalog, expected[client]), held.get(client)?.get(agent) ?? EMPTY_BAG),
    );
    if (differs !== undefined) return `allocation of ${differs} on ${agent} differs`;
    return expectEqual('clients', Object.keys(expected).sort(), holders.sort());
  };
  return (step) => {
    switch (step.op) {
      case 'exclude':
        return '';
      case 'addAgent': {
        const total = readBag(catalog, step.total);
        agents.set(text(step, 'agent'), addBags(agents.get(text(step, 'agent')) ?? EMPTY_BAG, total));
        totals.add(total);
        return '';
      }
      case 'removeAgent':
        totals.remove(agents.get(text(step, 'agent')) ?? EMPTY_BAG);
        agents.delete(text(step, 'agent'));
        return '';
      case 'add':
        sorter.add(text(step, 'client'));
        return '';
      case 'remove':
        sorter.remove(sorter.clientOf(text(step, 'client')));
        held.delete(text(step, 'client'));
        return '';
      case 'activate':
        sorter.activate(sorter.clientOf(text(step, 'client')));
        return '';
      case 'deactivate':
        sorter.deactivate(sorter.clientOf(text(step, 'client')));
        return '';
      case 'updateWeight':
        sorter.updateWeight(text(step, typeof step.path === 'string' ? 'path' : 'client'), number(step, 'weight'));
        return '';
      case 'allocated':
      case 'unallocated': {
        const [client, agent] = [text(step, 'client'), text(step, 'agent')];
        const bag = readBag(catalog, step.res);
        if (step.op === 'allocated') sorter.allocated(sorter.clientOf(client), rowOf(agent), bag);
        else sorter.unallocated(sorter.clientOf(client), rowOf(agent), bag);
        note(client, agent, (before) => (step.op === 'allocated' ? addBags(before, bag) : subtractBags(before, bag)));
        return '';
      }
      case 'update': {
        const [client, agent] = [text(step, 'client'), text(step, 'agent')];
        const before = readBag(catalog, step.old);
        const after = readBag(catalog, step.new);
        sorter.updateAllocation(sorter.clientOf(client), rowOf(agent), before, after);
        note(client, agent, (bag) => addBags(subtractBags(bag, before), after));
        return '';
      }
      case 'sort':
      case 'expectOrder': {
        const order = sortedPaths(sorter);
        if (step.expectSet !== undefined)
          return expectEqual('set', [...textList(step, 'expectSet')].sort(), [...order].sort());
        return step.expect === undefined && step.order === undefined
          ? ''
          : expectEqual('order', step.expect ?? step.order, order);
      }
      case 'count':
      case 'expectCount':
        return expectEqual('count', step.expect ?? step.count ?? step.value, sorter.count());
      case 'contains':
      case 'expectContains':
        return expectEqual('contains', step.expect ?? step.value, sorter.clientOf(text(step, 'client')) >= 0);
      case 'allocation':
      case 'expectAllocation': {
        const expected = isRecord(step.expect) ? step.expect : {};
        if (step.client === undefined) return expectOnAgent(text(step, 'agent'), expected);
        const got = held.get(text(step, 'client')) ?? new Map<string, ResourceBag>();
        const agent = typeof step.agent === 'string' ? step.agent : null;
        if (agent !== null)
          return bagsEqual(readBag(catalog, step.expect), got.get(agent) ?? EMPTY_BAG) ? '' : `allocation on ${agent}`;
        const same = [...got].every(([key, bag]) => bagsEqual(readBag(catalog, expected[key]), bag));
        return same
          ? expectEqual('agents', Object.keys(expected).sort(), [...got.keys()].sort())
          : 'allocation differs';
      }
      case 'allocatedQuantities':
      case 'expectAllocatedQuantities':
        return expectQuantities(typeof step.client === 'string' ? step.client : null, step.expect);
      case 'share':
      case 'expectShare':
        return firstDifference(step.expect ?? step.value, sorter.share(sorter.clientOf(text(step, 'client'))), 1e-12);
      default:
        return unknownStep(step);
    }
  };
}

/** mesos-role-tree/1 */
export function runRoleTreeFile(file: unknown): readonly CaseVerdict[] {
  return runCases(scenarios(file, 'mesos-role-tree/1'), 'scenarios', (scenario) => {
    const catalog = new ResourceCatalog();
    const tree = new RoleTree(catalog);
    return runSteps(scenario.steps, (step) => playRoleTree(catalog, tree, step));
  });
}

function playRoleTree(catalog: ResourceCatalog, tree: RoleTree, step: Step): string {
  const role = step.op === 'roles' ? '' : text(step, 'role');
  const reserved = (): ResourceBag =>
    readBag(catalog, [{ q: step.q, reserved: role.split('/').map((_, i, all) => all.slice(0, i + 1).join('/')) }]);
  switch (step.op) {
    case 'roles':
      return expectEqual('roles', [...textList(step, 'expect')].sort(), tree.paths());
    case 'weight':
      return expectEqual('weight', step.expect, tree.get(role)?.weight ?? 1);
    case 'setWeight':
      tree.updateWeight(role, number(step, 'weight'));
      return '';
    case 'setQuota': {
      const guarantees = readQuantities(catalog, step.quota ?? step.guarantees);
      const cleared = step.quota === null;
      tree.updateQuota(role, cleared ? null : { guarantees, limits: noLimits(catalog) });
      return '';
    }
    case 'trackReservation':
      tree.trackReservations(reserved());
      return '';
    case 'untrackReservation':
      tree.untrackReservations(reserved());
      return '';
    case 'reserved':
      return firstDifference(
        [...readQuantities(catalog, step.expect)],
        [...(tree.get(role)?.reserved ?? noQuantities(catalog))],
      );
    case 'trackFramework':
      tree.trackFramework(text(step, 'fw'), role);
      return '';
    case 'untrackFramework':
      tree.untrackFramework(text(step, 'fw'), role);
      return '';
    case 'frameworks':
      return expectEqual(
        'frameworks',
        [...textList(step, 'expect')].sort(),
        [...(tree.get(role)?.frameworks ?? [])].sort(),
      );
    default:
      return unknownStep(step);
  }
}

/** mesos-random-sorter/1 */
export function runRandomSorterFile(file: unknown): readonly CaseVerdict[] {
  return runCases(scenarios(file, 'mesos-random-sorter/1'), 'scenarios', (scenario) => {
    const weights = isRecord(scenario.weights) ? scenario.weights : {};
    const nodeWeights = isRecord(scenario.nodeWeights) ? scenario.nodeWeights : weights;
    const clients = Array.isArray(scenario.clients) ? scenario.clients.map(String) : Object.keys(weights);
    const expected = isRecord(scenario.expect) ? scenario.expect : {};
    const sorter = new RandomSorter(new ResourceCatalog(), seededRandomSource(clients.length));
    for (const [path, weight] of Object.entries(nodeWeights)) sorter.updateWeight(path, Number(weight));
    for (const client of clients) sorter.activate(sorter.add(client));
    const draws = Math.max(typeof scenario.runs === 'number' ? scenario.runs : 0, MIN_DRAWS);
    const places = new Map(clients.map((client) => [client, clients.map(() => 0)]));
    for (let draw = 0; draw < draws; draw++) {
      for (const [place, client] of sortedPaths(sorter).entries()) {
        const counts = places.get(client);
        if (counts !== undefined) counts[place]++;
      }
    }
    const tolerance = typeof scenario.tolerance === 'number' ? scenario.tolerance : 0.05;
    return distributionDifference(expected, places, draws, tolerance);
  });
}

function distributionDifference(
  expected: Record<string, unknown>,
  places: ReadonlyMap<string, readonly number[]>,
  draws: number,
  tolerance: number,
): string {
  if (Object.keys(expected).length === 0) return 'nothing expected';
  for (const [client, row] of Object.entries(expected)) {
    const counts = places.get(client);
    if (counts === undefined || !Array.isArray(row)) return `${client} is no client`;
    for (const [place, probability] of row.entries()) {
      const got = counts[place] / draws;
      if (!(Math.abs(got - Number(probability)) <= tolerance))
        return `${client} at place ${place}: expected ${String(probability)} +- ${tolerance}, got ${got}`;
    }
  }
  return '';
}

function scenarios(file: unknown, schema: string): readonly unknown[] {
  const list = checkSchema(file, schema).scenarios;
  return Array.isArray(list) ? list : [];
}
