/** How many tasks each hour brings. */
import { createAliasTable, pickAlias, samplePoisson } from './samplers.ts';
import { createStream } from './streams.ts';

export const HOURS_PER_WEEK = 168;

/**
 * Tasks of one population in each hour of a run, whole weeks of exactly `tasksPerWeek`.
 *
 * Counts are Poisson with the hour's share of the week; the difference to the exact total (about its square root) is then added
 * to hours drawn by weight, or taken from hours drawn by count, so counts follow the multinomial closely. Shape: `hours` counts.
 */
export function drawHourCounts(
  tasksPerWeek: number,
  arrivalByHour: readonly number[],
  startHour: number,
  hours: number,
  seed: string,
  name: string,
): Int32Array {
  const counts = new Int32Array(hours);
  const weights = Array.from(
    { length: HOURS_PER_WEEK },
    (_, hour) => arrivalByHour[(((hour + startHour) % 24) + 24) % 24],
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const byWeight = createAliasTable(weights);
  for (let week = 0; week * HOURS_PER_WEEK < hours; week++) {
    const stream = createStream(seed, `batch/${name}/week/${week}/counts`);
    const drawn = weights.map((weight) => samplePoisson(stream, (tasksPerWeek * weight) / total));
    let missing = tasksPerWeek - drawn.reduce((sum, count) => sum + count, 0);
    for (; missing > 0; missing--) drawn[pickAlias(byWeight, stream.next())] += 1;
    if (missing < 0) {
      const byCount = createAliasTable(drawn);
      while (missing < 0) {
        const hour = pickAlias(byCount, stream.next());
        if (drawn[hour] === 0) continue;
        drawn[hour] -= 1;
        missing += 1;
      }
    }
    for (let hour = 0; hour < HOURS_PER_WEEK && week * HOURS_PER_WEEK + hour < hours; hour++)
      counts[week * HOURS_PER_WEEK + hour] = drawn[hour];
  }
  return counts;
}
