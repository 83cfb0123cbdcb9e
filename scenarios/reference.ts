/**
 * The scenario reference for people: every key with type, unit, default and meaning, taken from the schema, so that it cannot
 * say anything else. `node dist/scenarios/reference.js` writes docs/scenario-reference.md anew.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { scenarioSchema } from './schema.ts';

/** The parts of JSON Schema that zod writes for a scenario. */
interface Node {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
}

interface Row {
  readonly path: string;
  readonly type: string;
  readonly unit: string;
  readonly standard: string;
  readonly meaning: string;
}

const HEAD = `# Scenario reference

Every key a scenario may hold. This file is written by \`node dist/scenarios/reference.js\` from the schema; do not edit it.

- \`<name>\` stands for a name you choose; \`[]\` for each entry of a list. A key's path is also what \`--set\` takes:
  \`--set koordinator.cpuSuppressThresholdPercent=75\`, \`--set cluster.hosts.t4.count=600\`.
- "required" keys have no default. Everything else may be left out; \`tidemark validate --plan\` prints what a file resolves to.
- \`extends: other.yaml\` builds on one file, \`include: [part.yaml]\` merges parts; both are relative to the file. Later wins:
  extends, include in order, the file itself, then each \`--set\`. Mappings merge key by key, lists are replaced whole, \`null\`
  takes an inherited key away.
- An amount is a number with a unit. A bare number counts as cores, as percent, as a share (0.5 is 50 %), as watts or as GB/s;
  durations and memory need their unit.
`;

/** Markdown of the reference, ending in a newline. */
export function referenceText(): string {
  const schema = z.toJSONSchema(scenarioSchema, { io: 'input', target: 'draft-2020-12' }) as Node;
  const required = new Set(schema.required ?? []);
  const single: Row[] = [];
  const sections: string[] = [];
  for (const [key, node] of Object.entries(schema.properties ?? {})) {
    const variants = variantsOf(node);
    const tables = (variants.length > 1 ? variants : [node]).map((variant) => {
      const rows: Row[] = [];
      collect(key, variant, required.has(key), rows);
      const own = rows.filter((row) => row.path !== key && row.meaning !== '');
      if (own.length === 0) single.push(...rows);
      const kind = variants.length > 1 ? `**\`kind: ${String(variant.properties?.['kind']?.const)}\`**\n\n` : '';
      return own.length === 0 ? '' : `${kind}${table(own)}\n`;
    });
    if (tables[0] !== '') sections.push(`## ${key}\n\n${plainMeaning(node)}\n\n${tables.join('\n')}`);
  }
  return `${HEAD}\n## The run\n\n${table(single)}\n\n${sections.join('\n')}`;
}

/** The alternatives of a section that may be written in several ways, told apart by their `kind`. */
function variantsOf(node: Node): readonly Node[] {
  return (node.anyOf ?? node.oneOf ?? []).filter((part) => part.properties !== undefined);
}

/** Adds a row for the key and rows for what lies under it, in the order of the schema; variants of one key add up. */
function collect(path: string, node: Node, isRequired: boolean, out: Row[]): void {
  if (!out.some((row) => row.path === path)) out.push(rowOf(path, node, isRequired));
  for (const part of [node, ...(node.anyOf ?? []), ...(node.oneOf ?? [])]) {
    const required = new Set(part.required ?? []);
    for (const [key, inner] of Object.entries(part.properties ?? {}))
      collect(`${path}.${key}`, inner, required.has(key), out);
    const named = part.additionalProperties;
    if (typeof named === 'object' && named.properties !== undefined) collect(`${path}.<name>`, named, false, out);
    if (part.items?.properties !== undefined) collect(`${path}[]`, part.items, false, out);
  }
}

const AMOUNT = / Written as (.+); units: (.+)\.$/;

function rowOf(path: string, node: Node, isRequired: boolean): Row {
  const amount = AMOUNT.exec(textOf(node));
  const isOptional = node.default === undefined && !isRequired;
  return {
    path,
    type: amount === null ? typeOf(node) : `amount, as \`${amount[1]}\`${allowsNull(node) ? ', or null' : ''}`,
    unit: amount === null ? '' : (amount[2] ?? ''),
    standard: isRequired ? 'required' : isOptional ? '' : `\`${JSON.stringify(node.default)}\``,
    meaning: plainMeaning(node),
  };
}

function plainMeaning(node: Node): string {
  return textOf(node).replace(AMOUNT, '');
}

/** The description of a key; a nullable amount carries it on its first variant. */
function textOf(node: Node): string {
  return node.description ?? node.anyOf?.find((part) => part.description !== undefined)?.description ?? '';
}

function allowsNull(node: Node): boolean {
  return node.anyOf?.some((part) => part.type === 'null') ?? false;
}

function typeOf(node: Node): string {
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (node.const !== undefined) return `\`${String(node.const)}\``;
  const variants = node.anyOf ?? node.oneOf;
  if (variants !== undefined) return [...new Set(variants.map(typeOf))].join(' or ');
  switch (node.type) {
    case 'integer':
      return `whole number${bounds(node)}`;
    case 'number':
      return `number${bounds(node)}`;
    case 'boolean':
      return 'true or false';
    case 'string':
      return 'text';
    case 'null':
      return 'null';
    case 'array':
      return node.items === undefined ? 'list' : `list of ${typeOf(node.items)}`;
    case 'object':
      return typeof node.additionalProperties === 'object' ? 'mapping by name' : 'mapping';
    default:
      return Array.isArray(node.type) ? node.type.map((type) => typeOf({ type })).join(' or ') : 'any';
  }
}

function bounds(node: Node): string {
  const { minimum, maximum } = node;
  const least = minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const most = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (least === undefined && most === undefined) return '';
  if (most === undefined) return `, at least ${least}`;
  return least === undefined ? `, at most ${most}` : `, ${least} to ${most}`;
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(
    (row) =>
      `| \`${row.path}\` | ${row.type} | ${row.unit} | ${row.standard} | ${row.meaning.replaceAll('|', '\\|')} |`,
  );
  return ['| key | type | unit | default | meaning |', '|---|---|---|---|---|', ...lines].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const docs = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'docs');
  mkdirSync(docs, { recursive: true });
  writeFileSync(join(docs, 'scenario-reference.md'), referenceText());
}
