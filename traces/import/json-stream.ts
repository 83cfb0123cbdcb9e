/** JSON values written one after another without an array around them, as YARN's SLS and Rumen do. */
import { TraceError } from '../../policies/base/assert.ts';
import { type Located, readText } from './json-access.ts';

/** The values of a file, in order; a single array counts as its elements. Throws TraceError with file and line. */
export async function readJsonValues(path: string): Promise<Located[]> {
  const text = (await readText(path)).replace(/^\uFEFF/, '');
  const values: Located[] = [];
  let depth = 0;
  let start = -1;
  let quoted = false;
  let line = 1;
  let startLine = 1;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '\n') line += 1;
    if (quoted) {
      if (char === '\\') at += 1;
      else if (char === '"') quoted = false;
      continue;
    }
    if (char === '"') quoted = true;
    if (char === '{' || char === '[') {
      if (depth === 0) {
        start = at;
        startLine = line;
      }
      depth += 1;
    } else if (char === '}' || char === ']') {
      depth -= 1;
      if (depth < 0) throw new TraceError(`${path}:${line} closes what was not opened`);
      if (depth === 0) values.push(parsed(path, startLine, text.slice(start, at + 1), values.length));
    } else if (depth === 0 && char.trim() !== '')
      throw new TraceError(`${path}:${line} has "${char}" between two objects`);
  }
  if (depth > 0) throw new TraceError(`${path}:${startLine} is not closed: the file is cut off`);
  if (values.length === 1 && Array.isArray(values[0].value))
    return values[0].value.map((value: unknown, index) => ({ value, where: `${path}: [${index}]` }));
  return values;
}

function parsed(path: string, line: number, text: string, index: number): Located {
  try {
    return { value: JSON.parse(text), where: `${path}: [${index}]` };
  } catch (error) {
    throw new TraceError(`${path}:${line} is not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
}
