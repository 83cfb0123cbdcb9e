/** Placement constraints of Chronos: EQUALS, LIKE and UNLIKE on agent attributes. Source: Chronos jobs.constraints. */
import { ConfigError } from '../base/assert.ts';
import type { PlacementConstraint } from '../framework.ts';

const OPERATORS = ['EQUALS', 'LIKE', 'UNLIKE'] as const;

/** Refuses an unknown operator or a malformed regular expression with ConfigError. */
export function checkConstraint(constraint: PlacementConstraint): void {
  const operator = constraint.operator.toUpperCase();
  if (!(OPERATORS as readonly string[]).includes(operator))
    throw new ConfigError(
      `constraint ${constraint.field} ${constraint.operator}: unknown operator; known: ${OPERATORS.join(', ')}`,
    );
  if (operator !== 'EQUALS') wholeMatch(constraint);
}

function wholeMatch(constraint: PlacementConstraint): RegExp {
  try {
    return new RegExp(`^(?:${constraint.value})$`);
  } catch {
    throw new ConfigError(
      `constraint ${constraint.field} ${constraint.operator}: '${constraint.value}' is not a valid regular expression`,
    );
  }
}

/** Whether an agent with these attributes meets the constraint; a missing attribute meets UNLIKE only. */
export function meets(constraint: PlacementConstraint, attributes: Readonly<Record<string, string>>): boolean {
  const operator = constraint.operator.toUpperCase();
  const value = attributes[constraint.field];
  if (value === undefined) return operator === 'UNLIKE';
  if (operator === 'EQUALS') return value === constraint.value;
  return wholeMatch(constraint).test(value) === (operator === 'LIKE');
}
