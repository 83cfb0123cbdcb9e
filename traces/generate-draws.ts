/** Draws services and tasks from a fit: pure functions of fit, counts and seed. */
import { exp } from '../policies/base/exact-math.ts';
import { drawDag } from './dag-shape.ts';
import { profileAt } from './day-shape.ts';
import { drawPoint } from './distribution.ts';
import type { FittedBatch, FittedNoise, FittedServices } from './fit-trace.ts';
import type { TaskRow } from './import/canonical.ts';
import { sampleNormal, samplePoisson, sampleUniform } from './samplers.ts';
import { GRID_PER_DAY, GRID_PER_HOUR } from './series-set.ts';
import { createStream } from './streams.ts';

const SLOT_MINUTES = 5;
const MS_PER_HOUR = 3_600_000;

export interface DrawnService {
  readonly id: string;
  readonly className: string;
  readonly requestMilliCpu: number;
  readonly peakOverMean: number;
  readonly milliCpu: Float64Array;
}

/**
 * CPU of service s in slot t:  request x mean x profile(t) x factor(day) x max(0, 1 + noise), at most the request.
 *
 * The noise of all services shares a common part. `factorAt` gives growth and events by the day from the start.
 */
export function drawServices(
  fit: FittedServices,
  count: number,
  slots: number,
  seed: string,
  factorAt: (day: number) => number,
): DrawnService[] {
  const quiet: FittedNoise = { arShare: 0, tauMinutes: 60, cv: 0 };
  const common = drawNoise(fit.noises[Math.floor(fit.noises.length / 2)] ?? quiet, slots, seed, 'generate/common');
  return Array.from({ length: count }, (_, service) => {
    const traits = createStream(seed, `generate/${service}/traits`);
    const noise = fit.noises.length === 0 ? quiet : fit.noises[service % fit.noises.length];
    const own = drawNoise(noise, slots, seed, `generate/${service}/noise`);
    const commonWeight = noise.cv * Math.sqrt(fit.commonShare);
    const ownWeight = noise.cv * Math.sqrt(1 - fit.commonShare);
    // Stratified: service s of n stands for its share of the classes, of the noises and of the distribution of use.
    const place = (service + 0.5) / count;
    let at = 0;
    let below = fit.classes[0].share;
    const pick = (place * 0.618_033_988_749_895 * count) % 1;
    while (pick >= below && at < fit.classes.length - 1) {
      at += 1;
      below += fit.classes[at].share;
    }
    const { hourOfDay, name } = fit.classes[at];
    const mean = drawPoint(fit.cpuOverRequest, place);
    const requestMilliCpu = Math.max(1, Math.round(drawPoint(fit.requestMilliCpu, sampleUniform(traits, 0, 1))));
    const peak = fit.peakOverMean.length === 0 ? 1 : drawPoint(fit.peakOverMean, sampleUniform(traits, 0, 1));
    const milliCpu = new Float64Array(slots);
    for (let slot = 0; slot < slots; slot++) {
      const hour = (slot + 0.5) / GRID_PER_HOUR;
      const level = requestMilliCpu * mean * profileAt(hourOfDay, hour) * factorAt(hour / 24);
      milliCpu[slot] = Math.min(
        requestMilliCpu,
        level * Math.max(0, 1 + commonWeight * common[slot] + ownWeight * own[slot]),
      );
    }
    return { id: `service-${service}`, className: name, requestMilliCpu, peakOverMean: Math.max(1, peak), milliCpu };
  });
}

/** White noise plus AR(1) plus a burst of one slot an hour, variance 1 together. */
function drawNoise(noise: FittedNoise, slots: number, seed: string, name: string): Float64Array {
  const stream = createStream(seed, name);
  const phi = exp(-SLOT_MINUTES / noise.tauMinutes);
  const slow = Math.sqrt(noise.arShare);
  const hourly = noise.hourlyShare ?? 0;
  const fast = Math.sqrt(Math.max(0, 1 - noise.arShare - hourly));
  // One slot of n at height a, the others below: mean 0 and variance 1 for a = n / sqrt(n - 1).
  const burst = (Math.sqrt(hourly) * GRID_PER_HOUR) / Math.sqrt(GRID_PER_HOUR - 1);
  const minutes = hourly > 0 ? createStream(seed, `${name}/hourly`) : null;
  let burstAt = 0;
  const step = Math.sqrt(1 - phi * phi);
  let state = sampleNormal(stream, 0, 1);
  const values = new Float64Array(slots);
  for (let slot = 0; slot < slots; slot++) {
    state = phi * state + step * sampleNormal(stream, 0, 1);
    values[slot] = slow * state + fast * sampleNormal(stream, 0, 1);
    if (minutes === null) continue;
    if (slot % GRID_PER_DAY === 0) burstAt = Math.floor(sampleUniform(minutes, 0, GRID_PER_HOUR));
    values[slot] += burst * ((slot % GRID_PER_HOUR === burstAt ? 1 : 0) - 1 / GRID_PER_HOUR);
  }
  return values;
}

/** Jobs by the hour (Poisson), tasks, instances, durations and requests by their quantiles, dependencies by the fitted graphs. */
export function drawTasks(fit: FittedBatch, hours: number, seed: string, factorAt: (day: number) => number): TaskRow[] {
  return Array.from(drawTaskHours(fit, hours, seed, factorAt)).flat();
}

/** The same hour by hour: no job lasts into the next. */
export function* drawTaskHours(
  fit: FittedBatch,
  hours: number,
  seed: string,
  factorAt: (day: number) => number,
): Generator<TaskRow[]> {
  let job = 0;
  for (let hour = 0; hour < hours; hour++) {
    const rows: TaskRow[] = [];
    const stream = createStream(seed, `generate/batch/${hour}`);
    const graphs = createStream(seed, `generate/batch/${hour}/dag`);
    const jobs = samplePoisson(stream, fit.jobsPerHour * fit.hourOfDay[hour % 24] * factorAt(hour / 24));
    for (let index = 0; index < jobs; index++) {
      const name = `job-${job}`;
      const unit = () => sampleUniform(stream, 0, 1);
      const submitMs = Math.floor((hour + unit()) * MS_PER_HOUR);
      const tasks = Math.max(1, Math.round(drawPoint(fit.tasksPerJob, unit())));
      const dag = fit.dag === undefined ? null : drawDag(fit.dag, tasks, graphs);
      for (let task = 0; task < tasks; task++) {
        const instances = Math.max(1, Math.round(drawPoint(fit.instances, unit())));
        const requestMilliCpu = fit.requestMilliCpu.length === 0 ? 1000 : drawPoint(fit.requestMilliCpu, unit());
        const parents = dag === null ? (task > 0 && unit() < fit.chainedShare ? [task - 1] : []) : dag[task];
        rows.push({
          id: `${name}/${task}`,
          group: name,
          submitMs,
          durationMs: Math.max(1, Math.round(drawPoint(fit.durationS, unit()) * 1000)),
          instances,
          requestMilliCpu: requestMilliCpu * instances,
          requestMemMib:
            (fit.requestMemMib.length === 0 ? Number.NaN : drawPoint(fit.requestMemMib, unit())) * instances,
          usedMilliCpu: requestMilliCpu * instances * fit.cpuOverRequest,
          ...(parents.length > 0 ? { parents: parents.map((parent) => `${name}/${parent}`) } : {}),
        });
      }
      job += 1;
    }
    yield rows;
  }
}
