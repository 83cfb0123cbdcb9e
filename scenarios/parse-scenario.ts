/**
 * A tree of values as a typed scenario, section by section, so that a mistake in one place hides none in another.
 *
 * A value that cannot be read is reported and then left out; the checks that follow see its default and keep silent about
 * anything that touches it.
 */
import type { z } from 'zod';
import { type PathKey, type Problem, pathText } from './problems.ts';
import { type Scenario, scenarioSchema } from './schema.ts';
import { schemaProblems } from './schema-problems.ts';
import { type MapNode, placeAt, plainValue } from './source-tree.ts';
import { knownText } from './suggest.ts';

export interface ParsedScenario {
  /** Sections that could be read, perhaps without some of their values. */
  readonly sections: Partial<Scenario>;
  /** Paths that were left out. */
  readonly leftOut: readonly (readonly PathKey[])[];
}

/** Enough rounds to peel a mapping off whose entries are wrong; more find nothing new. */
const MOST_ROUNDS = 4;

export function parseScenario(tree: MapNode, problems: Problem[]): ParsedScenario {
  const plain = plainValue(tree) as Record<string, unknown>;
  const shape = scenarioSchema.shape as Readonly<Record<string, z.ZodType>>;
  const known = Object.keys(shape);
  const sections: Record<string, unknown> = {};
  const leftOut: (readonly PathKey[])[] = [];
  for (const key of Object.keys(plain)) {
    if (Object.hasOwn(shape, key)) continue;
    const shown = [...known, 'extends', 'include'];
    const text = `is an unknown key; known: ${knownText(key, shown)}`;
    problems.push({ place: placeAt(tree, [key], true), path: pathText([key]), text });
  }
  for (const key of known) {
    const section = parseSection(shape[key] as z.ZodType, key, plain[key], leftOut, (path, text, atKey) =>
      problems.push({ place: placeAt(tree, path, atKey), path: pathText(path), text }),
    );
    if (section !== undefined) sections[key] = section;
  }
  return { sections: sections as Partial<Scenario>, leftOut };
}

function parseSection(
  schema: z.ZodType,
  key: string,
  value: unknown,
  leftOut: (readonly PathKey[])[],
  report: (path: readonly PathKey[], text: string, atKey: boolean) => void,
): unknown {
  let current = value;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const result = schema.safeParse(current);
    if (result.success) return result.data;
    const found = schemaProblems(schema, current, result.error.issues);
    for (const { path, text, atKey } of found) {
      const whole = [key, ...path];
      if (!covered(leftOut, whole)) report(whole, text, atKey);
    }
    let next = current;
    for (const { path } of found) {
      const dropped = droppable(path, next);
      leftOut.push([key, ...dropped]);
      next = without(next, dropped);
    }
    if (next === undefined && current === undefined) return undefined;
    current = next;
  }
  return undefined;
}

/** A value that is there can be dropped alone; a missing one takes the mapping around it along. */
function droppable(path: readonly PathKey[], value: unknown): readonly PathKey[] {
  let at = value;
  for (let depth = 0; depth < path.length; depth++) {
    const inner = (at as Record<PathKey, unknown> | undefined)?.[path[depth] as PathKey];
    if (inner === undefined) return path.slice(0, depth);
    if (Array.isArray(at) && depth === path.length - 1) return path.slice(0, depth);
    at = inner;
  }
  return path;
}

function without(value: unknown, path: readonly PathKey[]): unknown {
  if (path.length === 0 || typeof value !== 'object' || value === null) return path.length === 0 ? undefined : value;
  const [key, ...rest] = path as [PathKey, ...PathKey[]];
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<PathKey, unknown>;
  const inner = without(copy[key], rest);
  if (inner === undefined) delete copy[key];
  else copy[key] = inner;
  return copy;
}

/** Whether `path` lies inside or on something that was left out. */
export function covered(leftOut: readonly (readonly PathKey[])[], path: readonly PathKey[]): boolean {
  return leftOut.some((left) => left.length <= path.length && left.every((key, depth) => key === path[depth]));
}

/** Whether `path` lies inside, on or around something that was left out; `*` in it stands for any key. */
export function touchesLeftOut(leftOut: readonly (readonly PathKey[])[], path: readonly PathKey[]): boolean {
  return leftOut.some((left) => {
    const depth = Math.min(left.length, path.length);
    for (let index = 0; index < depth; index++) if (path[index] !== '*' && left[index] !== path[index]) return false;
    return true;
  });
}
