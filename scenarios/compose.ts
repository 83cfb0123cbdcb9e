/**
 * One tree out of a scenario file, the files it builds on, and the overrides of the command line.
 *
 * Later wins: `extends`, then each file of `include` in order, then the file itself, then each `--set` in order. Mappings are
 * merged key by key at every depth; lists and single values are replaced as a whole; null takes an inherited value away.
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { LIMITS } from './limits.ts';
import type { PathKey, Place, Problem } from './problems.ts';
import { type MapNode, parseSource, type SourceEntry, type SourceNode } from './source-tree.ts';

/** Reads the scenario at `path` with all it builds on; null when there is nothing to go on with. */
export function readScenarioTree(path: string, problems: Problem[]): MapNode | null {
  return readFile(path, [], { file: path, line: 0, column: 0 }, '', problems);
}

interface Link {
  readonly shown: string;
  readonly absolute: string;
}

function readFile(
  shown: string,
  chain: readonly Link[],
  from: Place,
  fromPath: string,
  problems: Problem[],
): MapNode | null {
  const complain = (text: string): null => {
    problems.push({ place: from, path: fromPath, text });
    return null;
  };
  const absolute = resolve(shown);
  const names = [...chain.map((link) => link.shown), shown].join(' -> ');
  if (chain.some((link) => link.absolute === absolute)) return complain(`goes in a circle: ${names}`);
  if (chain.length >= LIMITS.includeDepth.max)
    return complain(`is nested more than ${LIMITS.includeDepth.max} files deep; ${LIMITS.includeDepth.why}`);
  const where = fromPath === '' ? 'cannot be read' : `is ${JSON.stringify(shown)}, which cannot be read`;
  let bytes: Uint8Array;
  try {
    const size = statSync(absolute).size;
    if (size > LIMITS.fileBytes.max)
      return complain(`${where}: ${size} bytes, limit ${LIMITS.fileBytes.max}; ${LIMITS.fileBytes.why}`);
    bytes = readFileSync(absolute);
  } catch (error) {
    return complain(`${where}: ${readFailure(error)}`);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return complain(`${where}: not UTF-8 text`);
  }
  const tree = parseSource(shown, text, problems);
  if (tree === null) return null;
  if (tree.kind !== 'map') {
    const kind = tree.kind === 'list' ? 'a list' : 'a single value';
    problems.push({ place: tree.place, path: '', text: `holds ${kind}; expected a mapping of scenario keys` });
    return null;
  }
  const links = [...chain, { shown, absolute }];
  let out: MapNode = { kind: 'map', place: tree.place, entries: new Map() };
  for (const { node, path } of references(tree, problems)) {
    const reference = node.value as string;
    const next = isAbsolute(reference) ? reference : join(dirname(shown), reference);
    const base = readFile(next, links, node.place, path, problems);
    if (base !== null) out = mergeMaps(out, base);
  }
  const own = new Map(tree.entries);
  own.delete('extends');
  own.delete('include');
  return mergeMaps(out, { kind: 'map', place: tree.place, entries: own });
}

function readFailure(error: unknown): string {
  const code = (error as { code?: string }).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'no such file';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES') return 'permission denied';
  return String(code ?? error);
}

function references(tree: MapNode, problems: Problem[]) {
  const found: { node: Extract<SourceNode, { kind: 'scalar' }>; path: string }[] = [];
  for (const key of ['extends', 'include']) {
    const entry = tree.entries.get(key);
    if (entry === undefined) continue;
    const listed = entry.node.kind === 'list' && key === 'include';
    const nodes = entry.node.kind === 'list' && listed ? entry.node.items : [entry.node];
    nodes.forEach((node, index) => {
      const path = listed ? `${key}[${index}]` : key;
      if (node.kind === 'scalar' && typeof node.value === 'string' && node.value !== '') found.push({ node, path });
      else {
        const text = `is no file name; expected ${key === 'extends' ? 'one file' : 'a file or a list of files'}, relative to this file`;
        problems.push({ place: node.place, path, text });
      }
    });
  }
  return found;
}

/** `over` on top of `base`. */
export function mergeMaps(base: MapNode, over: MapNode): MapNode {
  const entries = new Map<string, SourceEntry>(base.entries);
  for (const [key, entry] of over.entries) {
    const old = entries.get(key);
    if (old !== undefined && old.node.kind === 'map' && entry.node.kind === 'map')
      entries.set(key, { keyPlace: entry.keyPlace, node: mergeMaps(old.node, entry.node) });
    else entries.set(key, entry);
  }
  return { kind: 'map', place: over.place, entries };
}

/** Applies one `path=value`; the value is read as YAML. */
export function applyOverride(tree: MapNode, override: string, problems: Problem[]): MapNode {
  const place: Place = { file: `--set ${override}:`, line: 0, column: 0 };
  const complain = (path: string, text: string): MapNode => {
    problems.push({ place, path, text });
    return tree;
  };
  const equals = /^(?:[^="]|"[^"]*")*?=/.exec(override)?.[0].length ?? 0;
  if (equals < 2)
    return complain('', 'is no override; expected path=value, as in koordinator.cpuSuppressThresholdPercent=75');
  const pathPart = override.slice(0, equals - 1).trim();
  const path = parsePath(pathPart);
  if (path === null) return complain(pathPart, 'is no path; expected keys joined by dots, list places as [0]');
  const own: Problem[] = [];
  const valueText = override.slice(equals);
  const parsed: SourceNode | null = ['', 'null', '~'].includes(valueText.trim())
    ? { kind: 'scalar', place, value: null }
    : parseSource(place.file, valueText, own);
  for (const problem of own) problems.push({ place, path: pathPart, text: problem.text });
  if (parsed === null) return tree;
  if (path[0] === 'extends' || path[0] === 'include')
    return complain(pathPart, 'cannot be set from the command line; name another scenario file');
  const replaced = withValue(tree, path, movedTo(parsed, place), place);
  if (replaced === null) return complain(pathPart, 'does not lead into a mapping or to an existing place of a list');
  return replaced as MapNode;
}

/** `a.b[0]["c.d"]`: words joined by dots, places of a list and quoted keys in brackets. */
function parsePath(text: string): PathKey[] | null {
  const path: PathKey[] = [];
  const part = /(?:^|\.)([^.[\]\s"]+)|\[(\d+)\]|\["([^"]+)"\]/y;
  while (part.lastIndex < text.length) {
    const match = part.exec(text);
    if (match === null) return null;
    path.push(match[2] === undefined ? ((match[1] ?? match[3]) as string) : Number(match[2]));
  }
  return path.length > 0 ? path : null;
}

function movedTo(node: SourceNode, place: Place): SourceNode {
  if (node.kind === 'scalar') return { ...node, place };
  if (node.kind === 'list') return { ...node, place, items: node.items.map((item) => movedTo(item, place)) };
  const entries = new Map<string, SourceEntry>();
  for (const [key, entry] of node.entries) entries.set(key, { keyPlace: place, node: movedTo(entry.node, place) });
  return { kind: 'map', place, entries };
}

function withValue(node: SourceNode, path: readonly PathKey[], value: SourceNode, place: Place): SourceNode | null {
  if (path.length === 0) return value;
  const key = path[0] as PathKey;
  const rest = path.slice(1);
  if (node.kind === 'list') {
    const index = typeof key === 'number' ? key : /^\d+$/.test(key) ? Number(key) : -1;
    const old = node.items[index];
    if (old === undefined) return null;
    const next = withValue(old, rest, value, place);
    return next === null ? null : { ...node, items: node.items.map((item, at) => (at === index ? next : item)) };
  }
  const isNull = node.kind === 'scalar' && node.value === null;
  if ((node.kind !== 'map' && !isNull) || typeof key === 'number') return null;
  const entries = new Map(node.kind === 'map' ? node.entries : []);
  const old = entries.get(key);
  const next = withValue(old?.node ?? { kind: 'scalar', place, value: null }, rest, value, place);
  if (next === null) return null;
  entries.set(key, { keyPlace: old?.keyPlace ?? place, node: next });
  return { kind: 'map', place: node.place, entries };
}
