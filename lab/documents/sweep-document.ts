/** The document of a sweep: every point with its means, every run in the table. */
import type { LabColumn, LabDocument, LabTable } from '../../sim/results/lab-document.ts';
import { LAB_FORMAT } from '../../sim/results/lab-document.ts';
import type { RunHours } from '../../sim/results/run-hours.ts';
import type { RunSummary } from '../../sim/results/schema.ts';
import { marginOf, OUTCOMES } from '../outcomes.ts';
import { type SweepTable, summariesOf } from '../sweep-table.ts';
import { numberWords } from '../words.ts';
import { armsOf, type DocumentArm, settingValue, shortSetting, shownFigures } from './arms.ts';
import { figureTable } from './tables.ts';

/** `hoursOf`: the hours of a run by its plan hash, null where its cell has none. */
export function sweepDocument(
  table: SweepTable,
  command: string,
  hoursOf: (planHash: string) => RunHours | null,
): LabDocument {
  const { description, failures } = table;
  const given = description.points.map(
    (values, point): DocumentArm => ({
      name:
        values.length === 0
          ? 'as written'
          : values.map((value, at) => shortSetting(description.paths[at], value)).join(', '),
      at: values.map(settingValue),
      runs: summariesOf(table, point).map(({ seed, digest, summary, planHash }) => ({
        seed,
        digest,
        summary,
        hours: hoursOf(planHash),
      })),
    }),
  );
  const arms = armsOf(given);
  const figures = shownFigures(description.currency);
  const seeds = description.seeds.length;
  const without = arms.filter((arm) => arm.hours === null).length;
  return {
    format: LAB_FORMAT,
    kind: 'sweep',
    title: `Sweep of ${description.name}`,
    subtitle:
      `${description.paths.map((path, at) => `${path} = ${valuesWords(description.points.map((point) => point[at]))}`).join('; ')}; ` +
      `${arms.length} points x ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}, all points under the same seeds`,
    command,
    answer: answerOf(arms, figures, seeds),
    cards: [],
    currency: description.currency,
    arms,
    figures,
    differences: [],
    risk: null,
    notes: [
      ...failures.map(({ name, error, message }) => `Failed and not in any figure: ${name}: ${error}: ${message}`),
      ...(without === 0 ? [] : [`${without} points have no hours kept and are missing in charts over time.`]),
    ],
    tables: [runTable(table), figureTable('points', 'Means over seeds with half of the 95 % interval.', arms, figures)],
  };
}

function valuesWords(values: readonly string[]): string {
  const distinct = [...new Set(values)];
  return distinct.length <= 6
    ? distinct.join(', ')
    : `${distinct[0]} ... ${distinct[distinct.length - 1]} (${distinct.length} values)`;
}

/** What the points span, figure by figure: who is best, and how far the range goes. */
function answerOf(arms: LabDocument['arms'], figures: LabDocument['figures'], seeds: number): string[] {
  if (arms.length === 0) return ['No run has a result.'];
  const efficient = arms.filter((arm) => arm.pareto?.efficient === true).map((arm) => arm.name);
  const spans = figures.slice(0, 12).flatMap(({ figure, words, unit, better }) => {
    const means = arms.map((arm) => arm.estimates[figure].mean);
    const [least, most] = [Math.min(...means), Math.max(...means)];
    // Chance and rounding move every figure; what is smaller than its margin is not named.
    if (most - least <= marginFor(figure, means[0])) return [];
    const best = arms[means.indexOf(better === 'lower' ? least : most)].name;
    const of = unit === '' || unit === 'ms' ? '' : ` ${unit}`;
    const show = unit === 'ms' ? (value: number) => `${numberWords(value / 1000)} s` : numberWords;
    return [`${words} ${show(least)} to ${show(most)}${of} (best: ${best})`];
  });
  const moved =
    spans.length === 0
      ? 'No figure moves by more than the margin below which a difference does not matter.'
      : `What the points change by more than its margin: ${spans.slice(0, 5).join('; ')}.`;
  const choice =
    efficient.length === arms.length
      ? 'No point is beaten on utilisation, violations, wasted work and cost together: each is a choice.'
      : `Worth choosing between (not beaten on utilisation, violations, wasted work and cost together): ${efficient.slice(0, 8).join('; ')}${efficient.length > 8 ? ` and ${efficient.length - 8} more` : ''}.`;
  const doubt =
    seeds === 1
      ? 'One seed: nothing here says how far chance alone moves these figures. Repeat with --seeds 4 or more, then tidemark compare.'
      : `${seeds} seeds a point; whether a difference is real is for tidemark compare on this folder.`;
  return [moved, choice, doubt];
}

/** The margin of an outcome; 0 for a figure that is none. */
function marginFor(figure: string, baselineMean: number): number {
  const outcome = OUTCOMES.find((known) => known.figure === figure);
  return outcome === undefined ? 0 : marginOf(outcome.margin, baselineMean);
}

/** A row a run: settings, seed, hash, digest and every figure; the same columns as table.csv of the sweep. */
function runTable(table: SweepTable): LabTable {
  const { description, rows } = table;
  const figures = rows.length === 0 ? [] : (Object.keys(rows[0].summary) as (keyof RunSummary)[]);
  const text = (name: string, about: string): LabColumn => ({ name, type: 'string', unit: '', about });
  return {
    id: 'table',
    caption: 'Every run.',
    shown: false,
    columns: [
      { name: 'point', type: 'int32', unit: '', about: 'number of the point' },
      ...description.paths.map((path) => text(path, 'setting')),
      text('seed', 'seed of the run'),
      text('planHash', 'hash of the plan'),
      text('digest', 'digest of the run'),
      { name: 'events', type: 'float64', unit: '', about: 'events of the run' },
      ...figures.map((name): LabColumn => ({ name, type: 'float64', unit: '', about: 'figure of RunSummary' })),
    ],
    rows: rows.map((row) => [
      row.point,
      ...description.points[row.point],
      row.seed,
      row.planHash,
      row.digest,
      row.events,
      ...figures.map((figure) => row.summary[figure]),
    ]),
  };
}
