/** The budget file of a gate: which outcomes count and how much worse they may get. */
import { ConfigError } from '../policies/base/assert.ts';
import { knownText } from '../scenarios/suggest.ts';
import { OUTCOMES, type Outcome, outcomeOf } from './outcomes.ts';

export interface GateBudget {
  readonly outcomes: readonly Outcome[];
  readonly confidence: number;
}

export const DEFAULT_BUDGET: GateBudget = { outcomes: OUTCOMES, confidence: 0.95 };

const KEYS = ['confidence', 'outcomes'];
const OUTCOME_KEYS = ['margin', 'marginPercent'];

/**
 * Reads the parsed file:
 *
 *   confidence: 0.95
 *   outcomes:
 *     lateRequestPercent: { margin: 0.05 }       in the unit of the figure
 *     doneCoreHours: { marginPercent: 1 }        of the baseline's mean
 *
 * Throws ConfigError naming `file`, the key and what is known.
 */
export function budgetOf(file: string, parsed: unknown): GateBudget {
  const record = recordOf(file, 'the file', parsed);
  refuseUnknown(file, '', record, KEYS);
  const confidence = record['confidence'] ?? DEFAULT_BUDGET.confidence;
  if (typeof confidence !== 'number' || !(confidence > 0 && confidence < 1))
    throw new ConfigError(`${file}: confidence is ${JSON.stringify(confidence)}; give a share between 0 and 1`);
  if (record['outcomes'] === undefined) return { outcomes: OUTCOMES, confidence };
  const entries = Object.entries(recordOf(file, 'outcomes', record['outcomes']));
  if (entries.length === 0) throw new ConfigError(`${file}: outcomes is empty; name at least one`);
  const outcomes = entries.map(([figure, value]): Outcome => {
    const outcome = outcomeOf(figure);
    if (value === null) return outcome;
    const own = recordOf(file, `outcomes.${figure}`, value);
    refuseUnknown(file, `outcomes.${figure}.`, own, OUTCOME_KEYS);
    const { margin, marginPercent } = own;
    if (margin !== undefined && marginPercent !== undefined)
      throw new ConfigError(`${file}: outcomes.${figure} has margin and marginPercent; give one`);
    const given = margin ?? marginPercent;
    if (given === undefined) return outcome;
    if (typeof given !== 'number' || !(given > 0 && Number.isFinite(given)))
      throw new ConfigError(
        `${file}: the margin of outcomes.${figure} is ${JSON.stringify(given)}; give a number above 0`,
      );
    const kind = margin === undefined ? 'relative' : 'absolute';
    return { ...outcome, margin: { kind, value: kind === 'relative' ? given / 100 : given } };
  });
  return { outcomes, confidence };
}

function recordOf(file: string, what: string, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ConfigError(`${file}: ${what} is no mapping; expected keys with values`);
}

function refuseUnknown(file: string, path: string, record: Record<string, unknown>, known: readonly string[]): void {
  for (const key of Object.keys(record))
    if (!known.includes(key))
      throw new ConfigError(`${file}: ${path}${key} is an unknown key; known: ${knownText(key, known)}`);
}
