/** `tidemark conformance DIR`: upstream's cases against the policies that ship. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ConfigError } from '../policies/base/assert.ts';
import type { CaseVerdict } from '../policies/conformance.ts';
import { runInOtherOrders, runVectorFile } from '../policies/conformance-run.ts';
import { AGENT_ORDERS } from '../policies/mesos/conformance.ts';

/** Runs every .json file below `path` (or the one file) and prints a line a file, failing cases and a closing count. Exit code 1 on failures. */
export function conformance(
  path: string,
  write: (text: string) => void,
  onProgress: (done0to1: number, file: string) => void = () => {},
): number {
  const files = jsonFiles(path);
  if (files.length === 0) throw new ConfigError(`${path} holds no .json file; give a directory of vector files`);
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  for (const [at, file] of files.entries()) {
    onProgress(at / files.length, relative(path, file) || file);
    const parsed = parsedFile(file);
    const verdicts = parsed.problem === '' ? runVectorFile(parsed.file) : [unreadable(parsed.problem)];
    const count = (outcome: CaseVerdict['outcome']) => verdicts.filter((verdict) => verdict.outcome === outcome).length;
    passed += count('passed');
    failed += count('failed');
    skipped += count('skipped');
    const name = relative(path, file) || file;
    write(`${name}: ${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped\n`);
    for (const verdict of verdicts) {
      if (verdict.outcome === 'failed') write(`  FAILED ${verdict.name}: ${verdict.detail ?? ''}\n`);
      if (verdict.outcome === 'skipped') write(`  skipped ${verdict.name}: ${verdict.detail ?? ''}\n`);
    }
    failed += writeOtherOrders(parsed.file, write);
  }
  write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  return failed === 0 ? 0 : 1;
}

/** Says whether the cases of a file hold however its agents are shuffled; how many do not. */
function writeOtherOrders(file: unknown, write: (text: string) => void): number {
  const failures = runInOtherOrders(file);
  if (failures === null) return 0;
  for (const { name, detail } of failures) write(`  FAILED ${name}: ${detail ?? ''}\n`);
  if (failures.length === 0) write(`  in ${AGENT_ORDERS} other orders of the agents: all hold\n`);
  return failures.length;
}

function parsedFile(path: string): { readonly file: unknown; readonly problem: string } {
  try {
    return { file: JSON.parse(readFileSync(path, 'utf8')), problem: '' };
  } catch (error) {
    return { file: null, problem: `${path} is not JSON: ${(error as Error).message}` };
  }
}

function unreadable(detail: string): CaseVerdict {
  return { name: 'file', outcome: 'failed', detail };
}

function jsonFiles(path: string): string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new ConfigError(`${path} does not exist; give a directory of vector files`);
  if (stat.isFile()) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(path, name));
}
