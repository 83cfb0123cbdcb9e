/**
 * The master's checks before it believes a framework: role names, task ids, resources of tasks, quota requests.
 *
 * Each returns '' or what is wrong. Source: Mesos src/common/roles.cpp, src/master/validation.cpp,
 * src/master/quota_handler.cpp.
 */
import type { TaskId } from './master-messages.ts';
import type { ResourceBag } from './resource-bag.ts';
import { bagContains, isEmptyBag } from './resource-bag.ts';
import type { ResourceCatalog } from './resource-catalog.ts';
import { ResourceFlag } from './resource-catalog.ts';
import type { Quantities } from './resource-quantities.ts';
import { quantitiesContain } from './resource-quantities.ts';
import type { Quota } from './role-tree.ts';

const CONTROL_OR_SPACE_END = 32;
const DELETE = 127;

/** A role: "*" or components without blanks, joined by "/", none empty, ".", ".." or "*", none beginning with "-". */
export function roleProblem(role: string): string {
  if (role === '*') return '';
  if (role === '') return 'empty role name';
  for (const component of role.split('/')) {
    if (component === '') return `role "${role}" has an empty component`;
    if (component === '.' || component === '..') return `role "${role}" has the component "${component}"`;
    if (component === '*') return `role "${role}" has "*" among its components`;
    if (component.startsWith('-')) return `role "${role}" has a component that begins with "-"`;
    for (let i = 0; i < component.length; i++) {
      const code = component.charCodeAt(i);
      if (code <= CONTROL_OR_SPACE_END || code === DELETE) return `role "${role}" has a blank or control character`;
    }
  }
  return '';
}

/** Roles of one framework: each valid, none twice, and suppressed ones among them. */
export function frameworkRolesProblem(roles: readonly string[], suppressed: readonly string[]): string {
  if (new Set(roles).size !== roles.length) return 'a role is named twice';
  for (const role of roles) {
    const problem = roleProblem(role);
    if (problem !== '') return problem;
  }
  const stray = suppressed.find((role) => !roles.includes(role));
  return stray === undefined ? '' : `suppressed role "${stray}" is no role of the framework`;
}

/** An id: not empty, not "." or "..", without "/" and control characters. */
export function idProblem(id: string): string {
  if (id === '') return 'id is empty';
  if (id === '.' || id === '..') return `"${id}" is no id`;
  if (id.includes('/')) return `id "${id}" contains "/"`;
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i);
    if (code < CONTROL_OR_SPACE_END || code === DELETE) return `id "${id}" contains a control character`;
  }
  return '';
}

/** A task against what is left of the accepted offers. */
export function taskProblem(
  catalog: ResourceCatalog,
  id: TaskId,
  taken: boolean,
  needs: ResourceBag,
  left: ResourceBag,
): string {
  const problem = typeof id === 'number' ? '' : idProblem(id);
  if (problem !== '') return problem;
  if (taken) return `task "${id}" has the id of a running task`;
  if (isEmptyBag(needs)) return `task "${id}" uses no resources`;
  const mixed = mixedRevocable(catalog, needs);
  if (mixed !== '') return `task "${id}" mixes revocable and regular ${mixed}`;
  return bagContains(left, needs) ? '' : `task "${id}" uses more than is offered`;
}

/** Name of a resource that a bag holds both revocable and regular, or ''. */
function mixedRevocable(catalog: ResourceCatalog, bag: ResourceBag): string {
  let revocable = false;
  for (const kind of bag.kinds) if ((catalog.flags[kind] & ResourceFlag.revocable) !== 0) revocable = true;
  if (!revocable) return '';
  for (const name of catalog.names) {
    const identities = bag.kinds.map((kind) => catalog.identities[kind]).filter((identity) => identity.name === name);
    if (identities.some((one) => one.revocable) && identities.some((one) => !one.revocable)) return name;
  }
  return '';
}

/**
 * A quota request for one role: top-level, guarantee within limit, the new limit not below what is consumed, and the sum of all guarantees
 * within the non-revocable cluster. `force` skips the last two.
 */
export function quotaProblem(
  catalog: ResourceCatalog,
  role: string,
  { guarantees, limits }: Quota,
  consumed: Quantities,
  allGuarantees: Quantities,
  clusterTotal: Quantities,
  force: boolean,
): string {
  if (role === '*') return "Invalid QuotaConfig: setting quota for the default '*' role is not supported";
  if (role.includes('/')) return `Updating quota on nested role '${role}' is not supported yet`;
  const problem = roleProblem(role);
  if (problem !== '') return problem;
  const text = (quantities: Quantities) => quantitiesText(catalog, quantities);
  const bypass = "(use 'force' flag to bypass this check)";
  if (!quantitiesContain(limits, guarantees))
    return `Invalid QuotaConfig: the guarantees '${text(guarantees)}' of role '${role}' exceed its limits '${text(limits)}'`;
  if (!force && !quantitiesContain(limits, consumed))
    return `Invalid QuotaConfig: Role '${role}' is already consuming '${text(consumed)}'; this is more than the requested limits '${text(limits)}' ${bypass}`;
  if (!force && !quantitiesContain(clusterTotal, allGuarantees))
    return `Invalid QuotaConfig: total quota guarantees '${text(allGuarantees)}' exceed cluster capacity '${text(clusterTotal)}' ${bypass}`;
  return '';
}

/** Scalars as upstream prints them: `cpus:4; mem:64`. */
function quantitiesText(catalog: ResourceCatalog, milli: Quantities): string {
  return catalog.names
    .flatMap((name, i) => (milli[i] > 0 && milli[i] < Number.POSITIVE_INFINITY ? [`${name}:${milli[i] / 1000}`] : []))
    .join('; ');
}
