/** Two entries of a list side by side: a comparison in pairs where they share seeds, figures and charts alone where they do not. */
import { compareArms } from '../../lab/compare.ts';
import { documentArm } from '../../lab/documents/arms.ts';
import { compareDocument, sideBySideDocument } from '../../lab/documents/compare-document.ts';
import { OUTCOMES } from '../../lab/outcomes.ts';
import { checkSameWorld, type ReadArm, readArms } from '../../lab/read-arms.ts';
import { ConfigError } from '../../policies/base/assert.ts';
import type { LabDocument } from '../../sim/results/lab-document.ts';

/** `dir`, and of a sweep the name of a point. */
export interface Side {
  readonly dir: string;
  readonly point: string | null;
}

/** Throws ConfigError or TraceError when a side is not there or damaged. */
export async function compareTwo(a: Side, b: Side): Promise<LabDocument> {
  const [one, other] = await Promise.all([armOf(a), armOf(b)]);
  const [left, right] =
    one.name === other.name
      ? [
          { ...one, name: a.dir },
          { ...other, name: b.dir },
        ]
      : [one, other];
  if (left.name === right.name) throw new ConfigError(`${left.name} is on both sides; choose two`);
  const command = 'tidemark view';
  const source = { command, currency: left.currency };
  const foreign = differentWorld(left, right);
  const seeds = left.runs.map((run) => run.seed).filter((seed) => right.runs.some((run) => run.seed === seed));
  if (foreign !== null || seeds.length < 2) {
    const arms = [left, right].map((arm) => documentArm(arm, null));
    const document = sideBySideDocument({ ...source, arms });
    return foreign === null ? document : { ...document, notes: [foreign, ...document.notes] };
  }
  const arms = [left, right].map((arm) => documentArm(arm, seeds));
  return compareDocument({ ...source, arms }, compareArms([left, right], OUTCOMES, 0.95), left.warmUp);
}

async function armOf({ dir, point }: Side): Promise<ReadArm> {
  const arms = await readArms(dir);
  const arm = point === null ? arms[0] : arms.find((candidate) => candidate.name === point);
  if (arm === undefined) throw new ConfigError(`${dir} has no point ${point}`);
  if (arm.runs.length === 0) throw new ConfigError(`${dir}: ${arm.name} has no run with a result`);
  return arm;
}

/** Why a pair of these would not be one: in words for the page. */
function differentWorld(a: ReadArm, b: ReadArm): string | null {
  try {
    checkSameWorld(a, b);
    return null;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return `These are runs of different scenarios, so differences are of loads and hosts too, not of decisions alone: ${error.message}.`;
  }
}
