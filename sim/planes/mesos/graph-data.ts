/**
 * A graph of objects as plain data and back: records, arrays, Maps, Sets, typed arrays and instances of classes, with shared references
 * and cycles kept.
 *
 * What must not be copied (plans, policies, strategies) is given as `outside` and stands in the data by its position. Classes are found
 * by name in a graph of the same kind, so the data itself holds no functions and structuredClone copies it.
 */
import { fail } from '../../../policies/base/assert.ts';

/** A primitive, or the number of a node, or the position of something outside. */
type Ref = { readonly n: number } | { readonly o: number } | { readonly v: unknown };

type Node =
  | { readonly kind: 'record'; readonly className: string; readonly keys: readonly string[]; readonly values: Ref[] }
  | { readonly kind: 'array'; readonly values: Ref[] }
  | { readonly kind: 'set'; readonly values: Ref[] }
  | { readonly kind: 'map'; readonly keys: Ref[]; readonly values: Ref[] }
  | { readonly kind: 'typed'; readonly column: ArrayBufferView };

export interface GraphData {
  readonly nodes: readonly Node[];
  readonly root: Ref;
}

/** Copies everything reachable from `root`. Throws InvariantError at a function that is not listed as outside. */
export function toGraphData(root: unknown, outside: readonly unknown[]): GraphData {
  const nodes: Node[] = [];
  const known = new Map<object, Ref>();
  const far = new Map<unknown, number>(outside.map((thing, at) => [thing, at]));
  const open: (() => void)[] = [];
  const refOf = (value: unknown): Ref => {
    const at = far.get(value);
    if (at !== undefined) return { o: at };
    if (typeof value === 'function') fail(`a function ${value.name} cannot be written as data`);
    if (typeof value !== 'object' || value === null) return { v: value };
    const seen = known.get(value);
    if (seen !== undefined) return seen;
    const ref = { n: nodes.length };
    known.set(value, ref);
    if (ArrayBuffer.isView(value)) {
      nodes.push({ kind: 'typed', column: structuredClone(value) });
    } else if (value instanceof Map) {
      const node = { kind: 'map' as const, keys: [] as Ref[], values: [] as Ref[] };
      nodes.push(node);
      open.push(() => {
        for (const [key, inner] of value) {
          node.keys.push(refOf(key));
          node.values.push(refOf(inner));
        }
      });
    } else if (value instanceof Set || Array.isArray(value)) {
      const values: Ref[] = [];
      const node: Node = value instanceof Set ? { kind: 'set', values } : { kind: 'array', values };
      nodes.push(node);
      open.push(() => {
        for (const inner of value) values.push(refOf(inner));
      });
    } else {
      const keys = Object.keys(value);
      const node = { kind: 'record' as const, className: classOf(value), keys, values: [] as Ref[] };
      nodes.push(node);
      open.push(() => {
        for (const key of keys) node.values.push(refOf((value as Record<string, unknown>)[key]));
      });
    }
    return ref;
  };
  const ref = refOf(root);
  // A queue instead of recursion: chains of records may be long.
  for (let next = 0; next < open.length; next++) open[next]();
  return { nodes, root: ref };
}

/** Builds the graph again; `like` is a graph that has an instance of every class in it. */
export function fromGraphData(data: GraphData, outside: readonly unknown[], like: unknown): unknown {
  const prototypes = prototypesIn(like, new Set(outside));
  const built = data.nodes.map((node) => {
    if (node.kind === 'typed') return structuredClone(node.column);
    if (node.kind === 'map') return new Map();
    if (node.kind === 'set') return new Set();
    if (node.kind === 'array') return [];
    if (node.className === '') return {};
    return Object.create(prototypes.get(node.className) ?? fail(`no class ${node.className} to build`));
  });
  const partOf = (ref: Ref): unknown => ('n' in ref ? built[ref.n] : 'o' in ref ? outside[ref.o] : ref.v);
  data.nodes.forEach((node, n) => {
    const target = built[n];
    if (node.kind === 'map')
      node.keys.forEach((key, i) => {
        target.set(partOf(key), partOf(node.values[i]));
      });
    else if (node.kind === 'set') for (const ref of node.values) target.add(partOf(ref));
    else if (node.kind === 'array') for (const ref of node.values) target.push(partOf(ref));
    else if (node.kind === 'record')
      node.keys.forEach((key, i) => {
        target[key] = partOf(node.values[i]);
      });
  });
  return partOf(data.root);
}

/** '' for a plain record. */
function classOf(value: object): string {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? '' : prototype.constructor.name;
}

function prototypesIn(root: unknown, outside: ReadonlySet<unknown>): Map<string, object> {
  const found = new Map<string, object>();
  const seen = new Set<unknown>();
  const open = [root];
  for (let next = 0; next < open.length; next++) {
    const value = open[next];
    if (typeof value !== 'object' || value === null || seen.has(value) || outside.has(value)) continue;
    seen.add(value);
    if (ArrayBuffer.isView(value)) continue;
    if (value instanceof Map) for (const [key, inner] of value) open.push(key, inner);
    else if (value instanceof Set || Array.isArray(value)) for (const inner of value) open.push(inner);
    else {
      const name = classOf(value);
      if (name !== '') found.set(name, Object.getPrototypeOf(value));
      for (const inner of Object.values(value)) open.push(inner);
    }
  }
  return found;
}
