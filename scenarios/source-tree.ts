/**
 * YAML text as a tree in which every value knows where it stands.
 *
 * Aliases and merge keys are expanded (with a bound on the size of the result); everything that YAML allows and a scenario
 * does not mean is reported: several documents, duplicate keys, tags, keys that are no text, NaN and infinity, numbers that
 * lose digits.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml';
import { LIMITS } from './limits.ts';
import { type PathKey, type Place, type Problem, pathText } from './problems.ts';

export type ScalarValue = string | number | boolean | null;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly place: Place;
  readonly value: ScalarValue;
}
export interface ListNode {
  readonly kind: 'list';
  readonly place: Place;
  readonly items: readonly SourceNode[];
}
export interface MapNode {
  readonly kind: 'map';
  readonly place: Place;
  readonly entries: ReadonlyMap<string, SourceEntry>;
}
export type SourceNode = ScalarNode | ListNode | MapNode;

export interface SourceEntry {
  readonly keyPlace: Place;
  readonly node: SourceNode;
}

interface Reader {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
  readonly problems: Problem[];
  readonly open: Set<Node>;
  nodes: number;
}

/** Reads one document; a tree comes back only when the text is YAML at all, problems are appended to `problems`. */
export function parseSource(file: string, text: string, problems: Problem[]): SourceNode | null {
  const start: Place = { file, line: 1, column: 1 };
  const lines = new LineCounter();
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const control = /[^\P{Cc}\t\n\r\x85]/u.exec(body);
  if (control !== null) {
    problems.push({ place: start, path: '', text: 'is not YAML text: it holds control characters' });
    return null;
  }
  const documents = parseAllDocuments(body, { lineCounter: lines, uniqueKeys: true, merge: true, strict: true });
  if (!Array.isArray(documents) || documents.length === 0) {
    problems.push({ place: start, path: '', text: 'is empty; a scenario needs at least name and cluster' });
    return null;
  }
  if (documents.length > 1) {
    const second = (documents[1] as Document).range?.[0] ?? 0;
    const text = `holds ${documents.length} documents; a scenario is one (remove "---" or split the file)`;
    problems.push({ place: placeOf(file, lines, second), path: '', text });
  }
  const document = documents[0] as Document.Parsed;
  for (const issue of [...document.errors, ...document.warnings])
    problems.push({
      place: placeOf(file, lines, issue.pos[0]),
      path: '',
      text: yamlText(issue.code, issue.message, body.slice(issue.pos[0])),
    });
  if (document.errors.length > 0) return null;
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    problems.push({ place: start, path: '', text: 'is empty; a scenario needs at least name and cluster' });
    return null;
  }
  const reader: Reader = { file, document, lines, problems, open: new Set(), nodes: 0 };
  const tree = readNode(reader, document.contents as Node, [], null);
  return reader.nodes > LIMITS.treeNodes.max ? null : tree;
}

function placeOf(file: string, lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { file, line: Math.max(1, line), column: Math.max(1, col) };
}

function yamlText(code: string, message: string, from: string): string {
  const first = (message.split('\n')[0] as string).replace(/ at line \d+, column \d+:?$/, '');
  if (/call stack/i.test(message)) return `is nested more than ${LIMITS.treeDepth.max} deep; ${LIMITS.treeDepth.why}`;
  if (code === 'TAB_AS_INDENT') return 'is not YAML: a tab is used as indentation; use blanks';
  if (code === 'DUPLICATE_KEY') {
    const key = /^["']?([^"':,{}\n]*)/.exec(from)?.[1] ?? '';
    return `is not YAML: the key "${key}" is given twice in one mapping; keep one of them`;
  }
  return `is not YAML: ${first.charAt(0).toLowerCase()}${first.slice(1)}`;
}

function readNode(reader: Reader, node: Node | null, path: readonly PathKey[], fallback: Place | null): SourceNode {
  const start = node?.range?.[0];
  const place = start === undefined ? fallback! : placeOf(reader.file, reader.lines, start);
  const complain = (text: string): SourceNode => {
    reader.problems.push({ place, path: pathText(path), text });
    return { kind: 'scalar', place, value: null };
  };
  if (node === null) return { kind: 'scalar', place, value: null };
  reader.nodes++;
  if (reader.nodes === LIMITS.treeNodes.max + 1)
    return complain(`expands to more than ${LIMITS.treeNodes.max} values; ${LIMITS.treeNodes.why}`);
  if (reader.nodes > LIMITS.treeNodes.max) return { kind: 'scalar', place, value: null };
  if (path.length > LIMITS.treeDepth.max)
    return complain(`is nested more than ${LIMITS.treeDepth.max} deep; ${LIMITS.treeDepth.why}`);
  if (isAlias(node)) {
    const target = node.resolve(reader.document);
    if (target === undefined) return complain(`refers to the unknown anchor "${node.source}"`);
    if (reader.open.has(target)) return complain(`contains itself through the anchor "${node.source}"`);
    return readNode(reader, target, path, place);
  }
  reader.open.add(node);
  let out: SourceNode;
  if (isMap(node)) out = readMap(reader, node.items, path, place);
  else if (isSeq(node)) {
    const items = node.items.map((item, index) => readNode(reader, item as Node | null, [...path, index], place));
    out = { kind: 'list', place, items };
  } else if (isScalar(node)) out = readScalar(node.value, node.source, place, complain);
  else out = complain('is not a value');
  reader.open.delete(node);
  return out;
}

function readScalar(
  value: unknown,
  source: string | undefined,
  place: Place,
  complain: (text: string) => SourceNode,
): SourceNode {
  if (value === null || typeof value === 'string' || typeof value === 'boolean')
    return { kind: 'scalar', place, value };
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return complain(`is ${source ?? String(value)}; expected a finite number`);
    if (Number.isInteger(value) && Math.abs(value) > Number.MAX_SAFE_INTEGER)
      return complain(`is ${source ?? String(value)}; whole numbers beyond 2^53 lose digits`);
    return { kind: 'scalar', place, value };
  }
  return complain('is not text, number, true, false or null');
}

function readMap(
  reader: Reader,
  pairs: readonly { readonly key: unknown; readonly value: unknown }[],
  path: readonly PathKey[],
  place: Place,
): SourceNode {
  const entries = new Map<string, SourceEntry>();
  const merged: SourceNode[] = [];
  for (const { key, value } of pairs) {
    const keyNode = key as Node;
    const keyPlace = keyNode?.range ? placeOf(reader.file, reader.lines, keyNode.range[0]) : place;
    const keyValue = isScalar(keyNode) ? keyNode.value : undefined;
    if (isScalar(keyNode) && (keyNode.source === '<<' || typeof keyValue === 'symbol')) {
      merged.push(readNode(reader, value as Node | null, path, keyPlace));
      continue;
    }
    if (typeof keyValue !== 'string' && typeof keyValue !== 'number') {
      reader.problems.push({
        place: keyPlace,
        path: pathText(path),
        text: 'has a key that is neither text nor number',
      });
      continue;
    }
    const name = String(keyValue);
    if (name === '__proto__') {
      reader.problems.push({ place: keyPlace, path: pathText(path), text: 'has the unknown key "__proto__"' });
      continue;
    }
    entries.set(name, { keyPlace, node: readNode(reader, value as Node | null, [...path, name], keyPlace) });
  }
  for (const source of merged.flatMap((node) => (node.kind === 'list' ? node.items : [node]))) {
    if (source.kind === 'map') {
      for (const [name, entry] of source.entries) if (!entries.has(name)) entries.set(name, entry);
    } else {
      const text = 'has a merge key "<<" whose value is no mapping';
      reader.problems.push({ place: source.place, path: pathText(path), text });
    }
  }
  return { kind: 'map', place, entries };
}

/** Plain values without positions; a mapping entry that is null is left out, so that its default applies. */
export function plainValue(node: SourceNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plainValue);
  const out: Record<string, unknown> = {};
  for (const [key, entry] of node.entries) {
    if (entry.node.kind === 'scalar' && entry.node.value === null) continue;
    out[key] = plainValue(entry.node);
  }
  return out;
}

/** Whether there is a value at `path`. */
export function hasPath(root: SourceNode, path: readonly PathKey[]): boolean {
  let node: SourceNode | undefined = root;
  for (const key of path) {
    if (node?.kind === 'map') node = node.entries.get(String(key))?.node;
    else if (node?.kind === 'list' && typeof key === 'number') node = node.items[key];
    else return false;
  }
  return node !== undefined;
}

/** Where the value at `path` stands; where the nearest value around it stands when there is none. */
export function placeAt(root: SourceNode, path: readonly PathKey[], ofKey = false): Place {
  let node = root;
  let place = root.place;
  for (let depth = 0; depth < path.length; depth++) {
    const key = path[depth] as PathKey;
    if (node.kind === 'map') {
      const entry = node.entries.get(String(key));
      if (entry === undefined) return place;
      place = ofKey && depth === path.length - 1 ? entry.keyPlace : entry.node.place;
      node = entry.node;
    } else if (node.kind === 'list' && typeof key === 'number' && node.items[key] !== undefined) {
      node = node.items[key] as SourceNode;
      place = node.place;
    } else return place;
  }
  return place;
}
