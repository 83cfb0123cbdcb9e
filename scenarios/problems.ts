/** What is wrong with a scenario, where, and the one error that lists all of it. */
import { ConfigError } from '../policies/base/assert.ts';

/** A position: line and column of a file (both from 1), or an override of the command line (line 0). */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Problem {
  readonly place: Place;
  /** `cluster.hosts.web.cpu`, `policies[0].name`; empty for the file itself. */
  readonly path: string;
  /** What is wrong, as the rest of a sentence that starts with the path. */
  readonly text: string;
}

/** More lines than this hide the first one. */
const MOST_SHOWN = 50;

export type PathKey = string | number;

/** `['policies', 0, 'name']` -> `policies[0].name`; keys that are no plain words are quoted: `labels["a.b/c"]`. */
export function pathText(path: readonly PathKey[]): string {
  let out = '';
  for (const key of path) {
    if (typeof key === 'number') out += `[${key}]`;
    else if (!/^[\w-]+$/.test(key)) out += `[${JSON.stringify(key)}]`;
    else out += out === '' ? key : `.${key}`;
  }
  return out;
}

export function placeText(place: Place): string {
  return place.line === 0 ? place.file : `${place.file}:${place.line}:${place.column}`;
}

/** `scenario.yaml:14:7 policies[0].name is ...`. */
export function problemText(problem: Problem): string {
  return [placeText(problem.place), problem.path, problem.text].filter((part) => part !== '').join(' ');
}

/** What `call` returns, or the words in which it refuses (ConfigError); other errors pass through. For calls that return no text. */
export function refusalOf<T>(call: () => T): T | string {
  try {
    return call();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

/** One ConfigError for all problems, one a line, in the order of the files. */
export function configError(problems: readonly Problem[]): ConfigError {
  const files = [...new Set(problems.map((problem) => problem.place.file))];
  const sorted = [...problems].sort(
    (a, b) =>
      files.indexOf(a.place.file) - files.indexOf(b.place.file) ||
      a.place.line - b.place.line ||
      a.place.column - b.place.column,
  );
  const lines = [...new Set(sorted.map(problemText))];
  const shown = lines.slice(0, MOST_SHOWN);
  if (lines.length > shown.length) shown.push(`... and ${lines.length - shown.length} more`);
  return new ConfigError(shown.join('\n'));
}
