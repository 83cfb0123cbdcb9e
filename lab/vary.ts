/** `path=v1,v2,...`: what a sweep varies, read and checked against everything a scenario may set. */
import { ConfigError } from '../policies/base/assert.ts';
import schema from '../scenarios/schema.json' with { type: 'json' };
import { knownText } from '../scenarios/suggest.ts';
import { PARAMETER_NAMES } from '../sim/host/parameters.ts';
import type { Plan } from '../sim/plan.ts';

/** One path of a scenario and the values it takes, as a person would write them in the file. */
export interface Factor {
  readonly path: string;
  readonly values: readonly string[];
  /** How messages name it; absent = by the option of the command line. */
  readonly from?: string;
}

const EXAMPLE = 'koordinator.cpuSuppressThresholdPercent=60,65,70 or =60..70/5';
const MOST_VALUES = 10_000;
/** Keys of a scenario that do not say what is simulated. */
const NOT_VARIED = ['extends', 'include', 'name', 'title', 'seed', 'lab'];

/** Reads `path=v1,v2` or `path=low..high/step` (both ends included; commas inside brackets and quotes do not separate). */
export function parseVary(text: string, option = '--vary'): Factor {
  const equals = text.indexOf('=');
  if (equals < 1) throw new ConfigError(`${option} ${text}: expected path=values, as in ${EXAMPLE}`);
  const path = text.slice(0, equals).trim();
  const list = text.slice(equals + 1).trim();
  const values = rangeValues(`${option} ${text}`, list) ?? splitValues(list);
  if (values.length === 0 || values.some((value) => value === ''))
    throw new ConfigError(`${option} ${text}: a value is empty; expected values joined by commas, as in ${EXAMPLE}`);
  const twice = values.find((value, at) => values.indexOf(value) < at);
  if (twice !== undefined)
    throw new ConfigError(`${option} ${text}: ${twice} stands there twice; name each value once`);
  return { path, values };
}

/**
 * Factors of a scenario's `lab` section: a list of values, or a range as `--vary` takes it, by path. `placeOf` names a path's place in
 * the file for messages.
 */
export function factorsOfLab(
  varied: Readonly<Record<string, readonly unknown[] | string>>,
  placeOf: (path: string) => string,
): Factor[] {
  return Object.entries(varied).map(([path, values]): Factor => {
    const from = placeOf(path);
    const text = typeof values === 'string' ? values : values.map(valueText).join(',');
    const { values: parsed } = parseVary(`${path}=${text}`, from);
    return { path, values: parsed, from };
  });
}

/** A value as an override of the command line would give it. */
function valueText(value: unknown): string {
  return typeof value === 'string' && !/[,[\]{}'"]/.test(value) ? value : JSON.stringify(value);
}

/** `60..70/5`, `60%..70%/5%`: values with the unit of the ends; null when the text is no range. */
function rangeValues(given: string, list: string): string[] | null {
  const match = /^(-?[\d.]+?)(\D*)\.\.(-?[\d.]+)(\D*?)(?:\/([\d.]+)(\D*))?$/.exec(list);
  if (match === null) return null;
  const [, lowText, unit, highText, highUnit, stepText = '1', stepUnit = unit] = match;
  const [low, high, step] = [Number(lowText), Number(highText), Number(stepText)];
  const complain = (problem: string): never => {
    throw new ConfigError(`${given}: ${problem}; expected low..high/step, as in ${EXAMPLE}`);
  };
  if (unit !== highUnit || unit !== stepUnit) complain('the ends and the step have different units');
  if (!(Number.isFinite(low) && Number.isFinite(high) && step > 0)) complain('the step is not positive');
  if (high < low) complain(`the range is empty: ${highText} is below ${lowText}`);
  const count = Math.floor((high - low) / step + 1e-9) + 1;
  if (count > MOST_VALUES) complain(`the range has ${count} values, at most ${MOST_VALUES} are run`);
  return Array.from({ length: count }, (_, index) => `${Number((low + index * step).toPrecision(12))}${unit}`);
}

function splitValues(list: string): string[] {
  const values: string[] = [];
  let depth = 0;
  let quote = '';
  let value = '';
  for (const letter of list) {
    if (quote !== '') quote = letter === quote ? '' : quote;
    else if (letter === '"' || letter === "'") quote = letter;
    else if ('[{('.includes(letter)) depth++;
    else if (']})'.includes(letter)) depth--;
    if (letter === ',' && depth === 0 && quote === '') {
      values.push(value.trim());
      value = '';
    } else value += letter;
  }
  values.push(value.trim());
  return values;
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly anyOf?: readonly SchemaNode[];
}

/** Every path a sweep of this plan may vary; named things (host shapes, services, populations) under the names they have. */
export function knownPaths(plan: Plan): string[] {
  const names: Readonly<Record<string, readonly string[]>> = {
    'cluster.hosts': plan.cluster.shapes.map((shape) => shape.name),
    'online.explicit': plan.online.explicit.map((service) => service.name),
    'bestEffort.populations': plan.bestEffort.populations.map((population) => population.name),
    'physics.parameters': PARAMETER_NAMES,
  };
  const paths: string[] = [];
  const walk = (node: SchemaNode, path: string): void => {
    const inner = node.anyOf?.find((choice) => choice.properties !== undefined) ?? node;
    if (inner.properties !== undefined) {
      for (const [key, child] of Object.entries(inner.properties)) walk(child, path === '' ? key : `${path}.${key}`);
      return;
    }
    paths.push(path);
    const named = names[path];
    if (named === undefined || typeof inner.additionalProperties !== 'object') return;
    for (const name of named) walk(inner.additionalProperties, `${path}.${name}`);
  };
  walk(schema as SchemaNode, '');
  return paths.filter((path) => path !== '' && !NOT_VARIED.includes(path.split('.', 1)[0]));
}

/** Throws ConfigError when a path cannot be varied, with the nearest that can, or when two factors share a path. */
export function checkFactors(factors: readonly Factor[], plan: Plan, option = '--vary'): void {
  const known = knownPaths(plan);
  for (const [index, { path, from }] of factors.entries()) {
    const named = from ?? `${option} ${path}`;
    if (factors.findIndex((factor) => factor.path === path) < index)
      throw new ConfigError(`${named} is given twice; join its values in one list`);
    if (path === 'seed') throw new ConfigError(`${named}: seeds are replications; use --seeds N`);
    // Configurations of policies, labels and the like are free below their key; loading the scenario checks them.
    const free = known.some((key) => path.startsWith(`${key}.`) || path.startsWith(`${key}[`));
    const open = free && !path.startsWith('physics.parameters.') && !path.startsWith('cluster.hosts.');
    if (known.includes(path) || open) continue;
    const last = path.slice(path.lastIndexOf('.') + 1);
    const same = known.filter((key) => key === path || key.endsWith(`.${last}`));
    const nearest = same.length > 0 ? `${same.join(', ')}. Did you mean "${same[0]}"?` : knownText(path, known);
    throw new ConfigError(`${named} is an unknown path; nearest known: ${nearest}`);
  }
}
