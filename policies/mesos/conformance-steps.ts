/** Helpers of the step adapters: typed reads of a step's fields, and running a scenario step by step. */
import { ConfigError } from '../base/assert.ts';
import { isRecord } from '../conformance.ts';

export type Step = Readonly<Record<string, unknown>>;

/** Runs every step; '' when all hold, else the first that does not. `run` throws for a step it does not know. */
export function runSteps(steps: unknown, run: (step: Step) => string): string {
  if (!Array.isArray(steps)) return 'no steps';
  for (const [index, step] of steps.entries()) {
    if (!isRecord(step)) return `steps[${index}] is not an object`;
    const at = `steps[${index}] ${String(step.op)}`;
    try {
      const difference = run(step);
      if (difference !== '') return `${at}: ${difference}`;
    } catch (error) {
      return `${at}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  return '';
}

export function text(step: Step, field: string): string {
  const value = step[field];
  if (typeof value !== 'string') throw new ConfigError(`"${field}" is ${JSON.stringify(value)}, not a string`);
  return value;
}

export function textOr(step: Step, field: string, fallback: string): string {
  return step[field] === undefined || step[field] === null ? fallback : text(step, field);
}

export function number(step: Step, field: string): number {
  const value = step[field];
  if (typeof value !== 'number') throw new ConfigError(`"${field}" is ${JSON.stringify(value)}, not a number`);
  return value;
}

export function textList(step: Step, field: string): readonly string[] {
  const value = step[field];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new ConfigError(`"${field}" is not a list`);
  return value.map(String);
}

export function recordList(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

export function unknownStep(step: Step): never {
  throw new ConfigError(`unknown step "${String(step.op)}"`);
}

/** '' when equal, else both. */
export function expectEqual(what: string, expected: unknown, got: unknown): string {
  const left = JSON.stringify(expected);
  const right = JSON.stringify(got);
  return left === right ? '' : `${what}: expected ${left}, got ${right}`;
}

/** Rejects a file of another schema. */
export function checkSchema(file: unknown, schema: string): Record<string, unknown> {
  if (!isRecord(file) || file.schema !== schema)
    throw new ConfigError(
      `schema is ${isRecord(file) ? JSON.stringify(file.schema) : 'missing'}, expected "${schema}"`,
    );
  return file;
}
