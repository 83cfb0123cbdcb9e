/** Source text of the repository for tests that read it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface SourceFile {
  /** Path from the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
  /** The same without comments and strings, line by line as it was. */
  readonly code: string;
}

const root = fileURLToPath(new URL(import.meta.url.includes('/dist/') ? '../..' : '..', import.meta.url));

/** All TypeScript sources below the folders, without tests. */
export function sourcesBelow(folders: readonly string[]): SourceFile[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { withFileTypes: true })
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((entry): SourceFile[] => {
        const path = `${folder}/${entry.name}`;
        if (entry.isDirectory()) return sourcesBelow([path]);
        if (!entry.name.endsWith('.ts') || entry.name.endsWith('.test.ts')) return [];
        const text = readFileSync(join(root, path), 'utf8');
        return [{ path, text, code: withoutComments(text) }];
      }),
  );
}

/** Blanks comments and the inside of strings; template texts go as well, what stands in their ${} stays. */
export function withoutComments(text: string): string {
  let out = '';
  const depths: number[] = [];
  for (let i = 0; i < text.length; ) {
    const two = text.slice(i, i + 2);
    let end = i;
    if (two === '//') end = endOf(text, i, '\n', 0);
    else if (two === '/*') end = endOf(text, i + 2, '*/', 2);
    else if (text[i] === "'" || text[i] === '"') end = endOfQuote(text, i);
    else if (text[i] === '/' && /[(,=:[!&|?{};\n]\s*$/.test(out.slice(-40)) && /^\/(?![*/]).*\//.test(text.slice(i))) {
      end = i + (/^\/(?:\\.|\[(?:\\.|[^\]])*\]|[^/\\[\n])+\//.exec(text.slice(i))?.[0].length ?? 1);
    } else if (text[i] === '`' || (text[i] === '}' && depths.at(-1) === 0)) {
      if (text[i] === '}') depths.pop();
      end = endOfTemplate(text, i + 1);
      if (text[end - 1] === '{') depths.push(0);
    } else {
      if (depths.length > 0 && text[i] === '{') depths[depths.length - 1]++;
      if (depths.length > 0 && text[i] === '}') depths[depths.length - 1]--;
      out += text[i++];
      continue;
    }
    out += text.slice(i, end).replace(/[^\n]/g, ' ');
    i = end;
  }
  return out;
}

function endOf(text: string, from: number, mark: string, length: number): number {
  const at = text.indexOf(mark, from);
  return at < 0 ? text.length : at + length;
}

function endOfQuote(text: string, from: number): number {
  let i = from + 1;
  while (i < text.length && text[i] !== text[from]) i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}

/** End of a template's text: past the closing back quote, or past the next `${`. */
function endOfTemplate(text: string, from: number): number {
  let i = from;
  while (i < text.length && text[i] !== '`') {
    if (text[i] === '$' && text[i + 1] === '{') return i + 2;
    i += text[i] === '\\' ? 2 : 1;
  }
  return i + 1;
}
