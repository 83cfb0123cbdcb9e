/** The `lab` section: what commands of the lab ask of a scenario unless the command line says otherwise. No run depends on it. */
import { z } from 'zod';
import { count, duration, text } from './fields.ts';

const setting = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const varied = (description: string) =>
  z
    .record(
      z.string().min(1),
      z.union([z.array(setting).min(1).max(10_000), z.string().min(1)], {
        error: 'expected a list of values such as [60, 65, 70] or a range such as "60..70/5"',
      }),
    )
    .describe(description)
    .prefault({});

const between = (description: string) =>
  z
    .number()
    .gt(0)
    .lt(1)
    .nullable()
    .describe(`${description} Between 0 and 1; null = the default of the command.`)
    .prefault(null);

export const labSchema = z
  .strictObject({
    vary: varied('What `tidemark sweep` varies: values or ranges by path, as `--vary` takes them.'),
    design: z
      .enum(['factorial', 'paired', 'lhs'])
      .describe('Every combination, values side by side, or a latin hypercube of `points` points.')
      .prefault('factorial'),
    points: count('Points of a latin hypercube.', 1, 100_000).prefault(16),
    seeds: count('Seeds of a sweep; all points meet the same seeds.', 1, 100_000).prefault(1),
    warmUntil: duration('Simulated time to which every seed is warmed once before its points part.', 1)
      .nullable()
      .describe('Simulated time to which every seed is warmed once before its points part, as `24h`; null = not.')
      .prefault(null),
    outcomes: z
      .array(text('A figure of the summary.'))
      .max(100)
      .describe('Figures that `tidemark compare` judges; empty = all it knows.')
      .prefault([]),
    confidence: between('Confidence of comparisons over all figures, and of searches.'),
    lines: varied('Water-lines that `tidemark plan water-line` moves together, the safest value first.'),
    figure: text('A run of a search violates when this figure of its summary is above `budget`.').prefault(
      'violationServiceHourPercent',
    ),
    budget: z.number().min(0).describe('Budget of a search, in the unit of the figure.').prefault(1),
    epsilon: between('Share of runs of a search that may violate.'),
  })
  .describe('Questions for sweep, compare and plan; runs do not depend on it.');
