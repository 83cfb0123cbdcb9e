/**
 * The coefficient table of the host model as a frozen flat record, with overrides by name.
 *
 * Rows are in coefficients.ts and coefficients-host-life.ts. A value outside its range is a person's mistake unless the table
 * is changed: the range is what a sensitivity sweep covers.
 */
import { ConfigError } from '../../policies/base/assert.ts';
import { COEFFICIENTS } from './coefficients.ts';
import { HOST_LIFE_COEFFICIENTS } from './coefficients-host-life.ts';

const TABLE = Object.freeze({ ...COEFFICIENTS, ...HOST_LIFE_COEFFICIENTS });

export type ParameterName = keyof typeof TABLE;
/** Coefficient values by name; units as in the table. */
export type Parameters = Readonly<Record<ParameterName, number>>;

export const PARAMETER_NAMES: readonly ParameterName[] = Object.freeze(Object.keys(TABLE) as ParameterName[]);

/** One coefficient with its provenance. */
export interface Parameter {
  readonly name: ParameterName;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly unit: string;
  /** F found, V verified, S stated, M from memory, A assumed. */
  readonly tag: 'F' | 'V' | 'S' | 'M' | 'A';
  readonly confidence: 'H' | 'M' | 'L';
  readonly source: string;
  readonly note: string;
}

/** The table's own values. */
export function defaultParameters(): Parameters {
  const values = {} as Record<ParameterName, number>;
  for (const name of PARAMETER_NAMES) values[name] = TABLE[name][0];
  return Object.freeze(values);
}

/**
 * The table's values with some replaced.
 *
 * Throws ConfigError for a name the table does not have (with the three nearest names) and for a value outside [low, high].
 */
export function parametersWith(overrides: Readonly<Record<string, number>>): Parameters {
  const values: Record<ParameterName, number> = { ...defaultParameters() };
  for (const [name, value] of Object.entries(overrides)) {
    if (!isParameterName(name)) {
      throw new ConfigError(
        `physics.parameters "${name}" is not a coefficient. Nearest: ${nearestNames(name).join(', ')}`,
      );
    }
    const [, low, high, unit] = TABLE[name];
    if (!(value >= low && value <= high)) {
      throw new ConfigError(`physics.parameters.${name} is ${value}; its range is ${low} to ${high} (${unit})`);
    }
    values[name] = value;
  }
  return Object.freeze(values);
}

/** `base` with some values replaced by the plan's own; reads nothing of `base` before it is asked, so that who watches what is read sees the truth. */
export function parametersLike(base: Parameters, changes: Partial<Record<ParameterName, number>>): Parameters {
  const own = Object.entries(changes).map(([name, value]) => [name, { value, enumerable: true }] as const);
  return Object.freeze(Object.create(base, Object.fromEntries(own)) as Parameters);
}

/** Every coefficient with its provenance, in table order; values from `parameters`. */
export function listParameters(parameters: Parameters): readonly Parameter[] {
  return PARAMETER_NAMES.map((name) => {
    const [, low, high, unit, tag, source, note] = TABLE[name];
    const [kind, confidence] = tag.split('/') as [Parameter['tag'], Parameter['confidence']];
    return Object.freeze({ name, value: parameters[name], low, high, unit, tag: kind, confidence, source, note });
  });
}

function isParameterName(name: string): name is ParameterName {
  return Object.hasOwn(TABLE, name);
}

function nearestNames(name: string): readonly ParameterName[] {
  const scored = PARAMETER_NAMES.map((known) => ({
    known,
    distance: editDistance(name.toLowerCase(), known.toLowerCase()),
  }));
  scored.sort((a, b) => a.distance - b.distance || (a.known < b.known ? -1 : 1));
  return scored.slice(0, 3).map((entry) => entry.known);
}

/** Levenshtein distance by one rolling row. */
function editDistance(a: string, b: string): number {
  const row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    let diagonal = row[0];
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const replaced = diagonal + (a[i - 1] === b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = Math.min(replaced, row[j] + 1, row[j - 1] + 1);
    }
  }
  return row[b.length];
}
