/** What zod found, in words a person can act on. */
import { z } from 'zod';
import type { PathKey } from './problems.ts';
import { didYouMean, knownText } from './suggest.ts';

const QUOTE_HINT = ' (quote it if it looks like a number)';

export interface SchemaProblem {
  readonly path: readonly PathKey[];
  readonly text: string;
  /** The problem is the key, not its value. */
  readonly atKey: boolean;
}

/** Problems of `value` under `schema`, one entry for each thing to mend. */
export function schemaProblems(
  schema: z.ZodType,
  value: unknown,
  issues: readonly z.core.$ZodIssue[],
): SchemaProblem[] {
  return issues.flatMap((issue) => {
    const path = issue.path as PathKey[];
    if (issue.code === 'unrecognized_keys') {
      const known = knownKeys(schema, path, value);
      return issue.keys.map((key) => ({
        path: [...path, key],
        text: `is an unknown key; known: ${knownText(key, known)}`,
        atKey: true,
      }));
    }
    const found = valueAt(value, path);
    const missing = found === undefined && issue.code !== 'invalid_key';
    if (missing) return [{ path, text: `is missing; ${expectedText(issue)}`.replace(QUOTE_HINT, ''), atKey: false }];
    return [{ path, text: issueText(issue, found), atKey: issue.code === 'invalid_key' }];
  });
}

function issueText(issue: z.core.$ZodIssue, found: unknown): string {
  if (issue.code === 'custom') return issue.message;
  if (issue.code === 'invalid_key') {
    const key = JSON.stringify(String(issue.path.at(-1) ?? ''));
    return `has the name ${key}; names are letters, digits, - and _, at most 63, no dots`;
  }
  const is = `is ${shownValue(found)}; `;
  if (issue.code === 'invalid_union' && 'options' in issue) {
    const known = (issue.options as readonly unknown[]).filter((option) => option !== undefined).map(String);
    return `is ${shownValue(found)}; known: ${known.join(', ')}.${typeof found === 'string' ? didYouMean(found, known) : ''}`;
  }
  if (issue.code === 'invalid_value') {
    const known = issue.values.map(String);
    const suggestion = typeof found === 'string' ? didYouMean(found, known) : '';
    return `${is}known: ${known.join(', ')}.${suggestion}`;
  }
  return is + expectedText(issue);
}

function expectedText(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${TYPE_WORDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `known: ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      if (issue.origin === 'array') return `needs at least ${issue.minimum} entry`;
      return issue.minimum === 0
        ? 'must not be negative'
        : `must be at least ${issue.minimum}${because(issue.message)}`;
    case 'too_big':
      if (issue.origin === 'array') return `holds more than ${issue.maximum} entries`;
      if (issue.origin === 'string') return `is longer than ${issue.maximum} characters`;
      return `must be at most ${issue.maximum}${because(issue.message)}`;
    case 'invalid_format':
      if (issue.message === 'taint')
        return 'expected key=value:Effect with Effect NoSchedule, PreferNoSchedule or NoExecute';
      return 'expected letters, digits, - and _, at most 63';
    default:
      return issue.message;
  }
}

/** Bounds carry the reason as their message; zod's own sentence starts with "Too" and says nothing new. */
function because(message: string): string {
  return message === '' || message.startsWith('Too ') ? '' : `: ${message}`;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  string: `text${QUOTE_HINT}`,
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

/** A value as it may stand in a message: short, on one line. */
export function shownValue(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'a mapping';
  const text = JSON.stringify(value) ?? 'missing';
  return text.length > 60 ? `${text.slice(0, 57)}..."` : text;
}

function valueAt(value: unknown, path: readonly PathKey[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<PathKey, unknown>)[key];
  }
  return at;
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  let at = schema;
  while (at instanceof z.ZodPrefault || at instanceof z.ZodOptional || at instanceof z.ZodNullable) at = at.unwrap();
  return at;
}

function knownKeys(schema: z.core.$ZodType, path: readonly PathKey[], value: unknown): string[] {
  let at = chosen(unwrapped(schema), value);
  for (const key of path) {
    if (at instanceof z.ZodObject) at = unwrapped((at.shape as z.core.$ZodShape)[String(key)] as z.core.$ZodType);
    else if (at instanceof z.ZodRecord) at = unwrapped(at.valueType as z.core.$ZodType);
    else if (at instanceof z.ZodArray) at = unwrapped(at.element as z.core.$ZodType);
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

/** The member of a union that `value` names by its discriminator. */
function chosen(schema: z.core.$ZodType, value: unknown): z.core.$ZodType {
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return schema;
  const { discriminator, options } = schema._zod.def;
  const named = (value as Record<string, unknown> | undefined)?.[discriminator];
  return (
    options.find(
      (option) => (option as z.ZodObject).shape[discriminator]?._zod.values?.has(named as string) === true,
    ) ?? schema
  );
}
