/**
 * Finds the adapter of a parsed vector file and runs it; the command around it reads files and prints lines.
 */
import { adapters as chronosAdapters } from './chronos/conformance.ts';
import { type CaseVerdict, type ConformanceAdapter, isRecord } from './conformance.ts';
import { adapters as koordinatorAdapters } from './koordinator/conformance.ts';
import { adapters as marathonAdapters } from './marathon/conformance.ts';
import { failuresInOtherOrders, adapters as mesosAdapters } from './mesos/conformance.ts';
import { adapters as yarnAdapters } from './yarn/conformance.ts';

const ADAPTERS: Readonly<Record<string, ConformanceAdapter>> = {
  ...koordinatorAdapters,
  ...mesosAdapters,
  ...chronosAdapters,
  ...marathonAdapters,
  ...yarnAdapters,
};

/** Files that hold no cases, by `schema`, and why; the one without a schema is told by its content. */
const WITHOUT_CASES: Readonly<Record<string, string>> = {
  'index/1': 'describes the other files',
  'mesos-bench/1': 'holds timings to compare with, not cases',
  stages: 'holds first-order results of the four stages of a roll-out, not cases',
};

/** Verdicts of every case of a file. A file that no adapter knows is one failed case, never skipped. */
export function runVectorFile(file: unknown): readonly CaseVerdict[] {
  if (!isRecord(file)) return [{ name: 'file', outcome: 'failed', detail: 'the file is not a JSON object' }];
  const format = String(file['schema'] ?? file['algorithm'] ?? '');
  const told = format === '' && 'sensitivity_stage4' in file ? 'stages' : format;
  const reason = Object.hasOwn(WITHOUT_CASES, told) ? WITHOUT_CASES[told] : undefined;
  if (reason !== undefined) return [{ name: told, outcome: 'skipped', detail: reason }];
  const adapter = Object.hasOwn(ADAPTERS, format) ? ADAPTERS[format] : adapterByKind(file);
  if (adapter !== undefined) return adapter(file);
  const cases = Array.isArray(file['cases']) ? file['cases'].length : 0;
  const detail = `no adapter knows the format "${format}"; known: ${Object.keys(ADAPTERS).join('; ')}`;
  return Array.from({ length: Math.max(1, cases) }, (_, i) => ({ name: `cases[${i}]`, outcome: 'failed', detail }));
}

/** Cases of a file that fail when agents come in another order; null where the format has no agents, or says in which order they come. */
export function runInOtherOrders(file: unknown): readonly CaseVerdict[] | null {
  return isRecord(file) ? failuresInOtherOrders(String(file['schema'] ?? ''), file) : null;
}

/** A Koordinator file whose title is not one of ours is told by the kinds of its cases, which are the format. */
function adapterByKind(file: Record<string, unknown>): ConformanceAdapter | undefined {
  const first: unknown = Array.isArray(file['cases']) ? file['cases'][0] : undefined;
  if (!isRecord(first) || typeof first['kind'] !== 'string') return undefined;
  return Object.values(koordinatorAdapters).find((adapter) => {
    const [verdict] = adapter({ ...file, cases: [first] });
    return verdict !== undefined && !/unknown (case )?kind/.test(verdict.detail ?? '');
  });
}
