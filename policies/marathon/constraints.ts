/**
 * Marathon's placement constraints: may an instance go on this offer, given where the others are?
 *
 *   UNIQUE        no placed instance has the offer's value
 *   CLUSTER v     value equals v; without v: nothing placed, or the first placed has the offer's value
 *   LIKE / UNLIKE the whole value matches / does not match; an empty expression rejects
 *   IS v          equal, numbers compared with three decimals
 *   MAX_PER n     fewer than n placed have the value
 *   GROUP_BY n    since 1.11: per = floor(instances / n), rem = instances mod n, extra used = sum of max(0, count - per);
 *                 value seen: count < per, or count = per and extra used < rem; new value: fewer than n groups
 *                 up to 1.10: new value: accept; seen: at least n groups and count is the least
 *
 * An attribute that the agent lacks is accepted by UNLIKE only. Placed instances without it form a group of their own.
 * Source: Marathon Constraints.scala at 1.10 and 1.11.
 */
import { ConfigError } from '../base/assert.ts';
import type { AgentDirectory, PlacementConstraint } from '../framework.ts';
import { canonicalAttribute, formatScalar, isScalar } from './attribute.ts';

/** Operators by name. */
export const OPERATORS = ['UNIQUE', 'CLUSTER', 'GROUP_BY', 'LIKE', 'UNLIKE', 'MAX_PER', 'IS'] as const;
export type Operator = (typeof OPERATORS)[number];

/** Which meaning GROUP_BY has: `legacy` up to Marathon 1.10, `v1.11` since. */
export type GroupBySemantics = 'legacy' | 'v1.11';

/** An agent as constraints see it; region and zone are undefined where the agent has no fault domain. */
export interface Place {
  readonly hostname: string;
  readonly region?: string | undefined;
  readonly zone?: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The agent in row `agent` of the directory. */
export function placeOf({ hostname, region, zone, attributes }: AgentDirectory, agent: number): Place {
  return {
    hostname: hostname[agent] ?? '',
    region: region[agent],
    zone: zone[agent],
    attributes: attributes[agent] ?? {},
  };
}

function isOperator(text: string): text is Operator {
  return (OPERATORS as readonly string[]).includes(text);
}

function unknownOperator(constraint: PlacementConstraint): ConfigError {
  return new ConfigError(
    `constraint ${constraint.field} ${constraint.operator}: Operator must be one of ${OPERATORS.join(', ')}`,
  );
}

/** Marathon's integer: an optional sign and digits, within 32 bits. */
function isInt(text: string): boolean {
  return /^[+-]?\d+$/.test(text) && Math.abs(Number(text)) <= 2_147_483_647;
}

/** A regular expression that must match the whole value, as Java's String.matches. */
function wholeMatch(constraint: PlacementConstraint): RegExp {
  const flagged = /^\(\?i\)/.test(constraint.value);
  const body = flagged ? constraint.value.slice(4) : constraint.value;
  try {
    return new RegExp(`^(?:${body})$`, flagged ? 'i' : '');
  } catch {
    throw new ConfigError(
      `constraint ${constraint.field} ${constraint.operator}: '${constraint.value}' is not a valid regular expression`,
    );
  }
}

/** Refuses a constraint that Marathon's validation refuses; the ConfigError carries Marathon's rule. */
export function checkConstraint(constraint: PlacementConstraint): void {
  const at = `constraint ${constraint.field} ${constraint.operator}`;
  if (constraint.field === '' || constraint.operator === '') throw new ConfigError(`${at}: Missing field and operator`);
  if (!isOperator(constraint.operator)) throw unknownOperator(constraint);
  const { value } = constraint;
  switch (constraint.operator) {
    case 'UNIQUE':
      if (value !== '') throw new ConfigError(`${at}: Value specified but not used`);
      return;
    case 'CLUSTER':
      if (value === '') throw new ConfigError(`${at}: Missing value`);
      return;
    case 'GROUP_BY':
      if (value !== '' && !isInt(value))
        throw new ConfigError(
          `${at}: Value was specified but is not a number; GROUP_BY may either have no value or an integer value`,
        );
      return;
    case 'MAX_PER':
      if (!isInt(value))
        throw new ConfigError(`${at}: Value was not specified or is not a number; MAX_PER must have an integer value`);
      return;
    case 'LIKE':
    case 'UNLIKE':
      if (value === '') throw new ConfigError(`${at}: A regular expression value must be provided`);
      wholeMatch(constraint);
      return;
    case 'IS':
      if (value === '' || /^[[{]/.test(value)) throw new ConfigError(`${at}: IS only supports text and float values`);
      return;
  }
}

/** The value of a field on an agent, or undefined when it has none. */
export function fieldValue(field: string, place: Place): string | undefined {
  switch (field) {
    case 'hostname':
    case '@hostname':
      return place.hostname;
    case '@region':
      return place.region === '' ? undefined : place.region;
    case '@zone':
      return place.zone === '' ? undefined : place.zone;
    default: {
      const attribute = Object.hasOwn(place.attributes, field) ? place.attributes[field] : undefined;
      return attribute === undefined ? undefined : canonicalAttribute(attribute);
    }
  }
}

/**
 * Whether an offer meets one constraint.
 *
 * `placed`: instances of the same app that are placed and not waiting for a place, unreachable ones included. `instances`: how
 * many the app wants. Errors: ConfigError for an unknown operator, MAX_PER without an integer, GROUP_BY without a positive
 * integer under 1.11 (which divides by it).
 */
export function meetsConstraint(
  constraint: PlacementConstraint,
  offer: Place,
  placed: readonly Place[],
  instances: number,
  semantics: GroupBySemantics,
): boolean {
  const { field, operator, value: wanted } = constraint;
  if (!isOperator(operator)) throw unknownOperator(constraint);
  const value = fieldValue(field, offer);
  if (value === undefined) return operator === 'UNLIKE';
  switch (operator) {
    case 'UNIQUE':
      return placed.every((place) => fieldValue(field, place) !== value);
    case 'CLUSTER':
      if (wanted !== '') return value === wanted;
      return placed.length === 0 || fieldValue(field, placed[0]) === value;
    case 'LIKE':
      return wanted !== '' && wholeMatch(constraint).test(value);
    case 'UNLIKE':
      return wanted !== '' && !wholeMatch(constraint).test(value);
    case 'IS':
      return value === (isScalar(wanted) ? formatScalar(Number(wanted)) : wanted);
    case 'MAX_PER':
      if (!isInt(wanted)) throw new ConfigError(`constraint ${field} MAX_PER: "${wanted}" is no integer`);
      return (countByValue(field, placed).get(value) ?? 0) < Number(wanted);
    case 'GROUP_BY':
      return semantics === 'legacy'
        ? meetsGroupByLegacy(constraint, value, placed)
        : meetsGroupBy(constraint, value, placed, instances);
  }
}

/** Whether an offer meets all constraints of an app. */
export function meetsConstraints(
  constraints: readonly PlacementConstraint[],
  offer: Place,
  placed: readonly Place[],
  instances: number,
  semantics: GroupBySemantics,
): boolean {
  return constraints.every((constraint) => meetsConstraint(constraint, offer, placed, instances, semantics));
}

/** How many placed instances have each value; those without the field count under `undefined`. */
function countByValue(field: string, placed: readonly Place[]): Map<string | undefined, number> {
  const counts = new Map<string | undefined, number>();
  for (const place of placed) {
    const value = fieldValue(field, place);
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return counts;
}

function meetsGroupByLegacy(constraint: PlacementConstraint, value: string, placed: readonly Place[]): boolean {
  const least = constraint.value === 'inf' ? 2_147_483_647 : isInt(constraint.value) ? Number(constraint.value) : 0;
  const counts = countByValue(constraint.field, placed);
  const count = counts.get(value);
  if (count === undefined) return true;
  return counts.size >= least && count === Math.min(...counts.values());
}

function meetsGroupBy(
  constraint: PlacementConstraint,
  value: string,
  placed: readonly Place[],
  instances: number,
): boolean {
  const groups = isInt(constraint.value) ? Number(constraint.value) : 0;
  if (groups <= 0)
    throw new ConfigError(
      `constraint ${constraint.field} GROUP_BY: "${constraint.value}" is no positive integer; since 1.11 it is divided by`,
    );
  const counts = countByValue(constraint.field, placed);
  const count = counts.get(value);
  if (count === undefined) return counts.size < groups;
  // Before the first instance is placed Marathon knows no app and counts one; then every value is new.
  const wanted = placed.length === 0 ? 1 : instances;
  const per = Math.floor(wanted / groups);
  const remainder = wanted % groups;
  let extraUsed = 0;
  for (const other of counts.values()) extraUsed += Math.max(0, other - per);
  return count < per || (count === per && extraUsed < remainder);
}
