/** A sensitivity sweep as text: what moves the answer most, whether an assumption decides about the objective, and bars. */
import { join } from 'node:path';
import type { Sensitivity, SensitivityRow } from '../lab/sensitivity.ts';
import { numberWords, withUnit } from '../lab/words.ts';

const CONFIDENCE = { H: 'high', M: 'medium', L: 'low' } as const;

export function basisOf({ tag, confidence, source }: SensitivityRow): string {
  return `${tag === 'A' ? 'assumed' : 'from memory'}, ${CONFIDENCE[confidence]} confidence; ${source}`;
}

/** What a reader must take away: which assumptions move the answer, and whether one decides about the objective. */
export function sentencesOf(result: Sensitivity, words: string, unit: string): string[] {
  const { rows, base, allowedLatePercent, baseLatePercent } = result;
  const value = (number: number) => withUnit(numberWords(number), unit);
  const [widest, ...others] = rows.filter((row) => row.swing > 0);
  const sentences: string[] = [];
  if (widest === undefined) sentences.push(`No assumption moves ${words} from ${value(base)}.`);
  else {
    const next = others
      .slice(0, 2)
      .map(
        (row) => `${row.name} (${value(Math.min(row.atLow, row.atHigh))} to ${value(Math.max(row.atLow, row.atHigh))})`,
      );
    sentences.push(
      `${widest.name} moves ${words} most: ${value(widest.atLow)} at ${numberWords(widest.low)} and ${value(widest.atHigh)} at ` +
        `${rangeText(widest.high, widest.unit)}, against ${value(base)} in the plan (${basisOf(widest)}).` +
        (next.length === 0 ? '' : ` Next: ${next.join(', ')}.`),
    );
  }
  const kept = baseLatePercent <= allowedLatePercent;
  const state = `The plan ${kept ? 'keeps' : 'breaks'} the objective (${numberWords(baseLatePercent)} % late, ${numberWords(allowedLatePercent)} % allowed)`;
  const flipping = rows.filter((row) => row.flips.length > 0);
  if (flipping.length === 0) sentences.push(`${state}, and no single assumption within its range changes that.`);
  else {
    const names = flipping.map((row) => `${row.name} at its ${row.flips.join(' and ')} end`);
    sentences.push(
      `${state}; ${names.join(', ')} ${kept ? 'would break it' : 'would keep it'}. Measure these before relying on the answer.`,
    );
  }
  return sentences;
}

/** A value of a coefficient; a plain ratio has no unit to say. */
export function rangeText(value: number, unit: string): string {
  return withUnit(numberWords(value), unit === 'ratio' ? '' : unit);
}

const BAR = 40;

/** Bars around the base: `-` towards the low end of the coefficient, `+` towards its high end. */
export function sensitivityText(
  result: Sensitivity,
  shown: readonly SensitivityRow[],
  sentences: readonly string[],
  words: string,
  unit: string,
  out: string,
): string {
  const { base, seeds } = result;
  const least = Math.min(base, ...shown.flatMap((row) => [row.atLow, row.atHigh]));
  const most = Math.max(base, ...shown.flatMap((row) => [row.atLow, row.atHigh]));
  const place = (value: number) => (most > least ? Math.round(((value - least) / (most - least)) * (BAR - 1)) : 0);
  const width = Math.max(0, ...shown.map((row) => row.name.length));
  const lines = [
    `${words}: ${withUnit(numberWords(base), unit)} in the plan; ${seeds.length === 1 ? 'one seed' : `${seeds.length} seeds`}, ${result.runs} runs`,
    `${''.padEnd(width)}  ${numberWords(least).padEnd(BAR - numberWords(most).length)}${numberWords(most)}`,
  ];
  for (const row of shown) {
    const cells = new Array<string>(BAR).fill(' ');
    const paint = (to: number, mark: string) => {
      for (let at = Math.min(place(base), to); at <= Math.max(place(base), to); at++) cells[at] = mark;
    };
    const ends: readonly (readonly [number, string])[] = [
      [place(row.atLow), '-'],
      [place(row.atHigh), '+'],
    ];
    // The longer bar first, so that both are seen where they point the same way.
    for (const [to, mark] of [...ends].sort((a, b) => Math.abs(b[0] - place(base)) - Math.abs(a[0] - place(base))))
      paint(to, mark);
    cells[place(base)] = '|';
    const flips = row.flips.length === 0 ? '' : '  changes the objective';
    lines.push(
      `${row.name.padEnd(width)}  ${cells.join('')}  ${numberWords(row.atLow)} | ${numberWords(row.atHigh)}${flips}`,
    );
  }
  lines.push(`${''.padEnd(width)}  - coefficient at its low end, + at its high end, | the plan`);
  if (result.rows.length > shown.length)
    lines.push(`${result.rows.length - shown.length} more move it less; ${result.without.length} change nothing`);
  lines.push('', ...sentences, `report ${join(out, 'sensitivity.html')}`);
  return `${lines.join('\n')}\n`;
}
