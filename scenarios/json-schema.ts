/** The JSON Schema of scenario files, for editors; `node dist/scenarios/json-schema.js` writes scenarios/schema.json anew. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { scenarioSchema } from './schema.ts';

/**
 * Draft 2020-12 text of what a person may write, ending in a newline.
 *
 * `extends` and `include` are taken away before a scenario is checked, so they are added here; nothing is required, because
 * every key may come from the file that is extended.
 */
export function jsonSchemaText(): string {
  const schema = z.toJSONSchema(scenarioSchema, { io: 'input', target: 'draft-2020-12' }) as {
    properties: Record<string, unknown>;
    [key: string]: unknown;
  };
  const file = { type: 'string', minLength: 1 };
  const properties = {
    extends: { ...file, description: 'Scenario this one builds on, relative to this file; keys given here win.' },
    include: {
      anyOf: [file, { type: 'array', items: file }],
      description: 'Parts merged over `extends` and under this file, in order; relative to this file.',
    },
    ...schema.properties,
  };
  const whole = { ...schema, title: 'Tidemark scenario', properties };
  return `${JSON.stringify(asFragment(whole), null, 2)}\n`;
}

/** A file may give one key of an inherited mapping, and may take an inherited name away with null. */
function asFragment(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asFragment);
  if (typeof value !== 'object' || value === null) return value;
  const out: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'required' && Array.isArray(inner)) continue;
    const named = key === 'additionalProperties' && typeof inner === 'object';
    out[key] = named ? { anyOf: [asFragment(inner), { type: 'null' }] } : asFragment(inner);
  }
  return out;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
  writeFileSync(join(root, 'scenarios', 'schema.json'), jsonSchemaText());
}
