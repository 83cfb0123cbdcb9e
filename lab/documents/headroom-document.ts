/** The document of a headroom search: how many more replicas fit, hour by hour, a line a seed. */
import type { LabArm, LabDocument } from '../../sim/results/lab-document.ts';
import { LAB_FORMAT } from '../../sim/results/lab-document.ts';
import type { Headroom } from '../headroom.ts';
import { hourWords, numberWords } from '../words.ts';

export interface HeadroomSource {
  readonly name: string;
  /** What is placed: `a pod of 4 cores and 8192 MiB`, or the name of a service. */
  readonly pod: string;
  readonly command: string;
  /** First hour counted. */
  readonly firstHour: number;
  readonly rooms: readonly (Headroom & { readonly seed: string })[];
}

export function headroomDocument({ name, pod, command, firstHour, rooms }: HeadroomSource): LabDocument {
  const least = rooms.reduce((worst, room) => (room.min < worst.min ? room : worst));
  const medians = rooms.map((room) => room.median).sort((a, b) => a - b);
  return {
    format: LAB_FORMAT,
    kind: 'headroom',
    title: `Headroom of ${name} for ${pod}`,
    subtitle: `replicas that the rules of placement still accept, at the end of every hour after warm-up; ${rooms.length} ${rooms.length === 1 ? 'seed' : 'seeds'}`,
    command,
    answer: [
      `At least ${numberWords(least.min)} more replicas fit at every hour (least at ${hourWords(least.minHour)}, seed ${least.seed}); ` +
        `in the median hour ${numberWords(medians[Math.floor((medians.length - 1) / 2)])}. ` +
        'Room is counted with the cluster as it stands in that hour, one kind of pod at a time; two kinds share it.',
    ],
    cards: [
      {
        name: 'Least over all hours',
        value: numberWords(least.min),
        detail: `${hourWords(least.minHour)}, seed ${least.seed}`,
      },
      {
        name: 'p5 of hours',
        value: numberWords(Math.min(...rooms.map((room) => room.p5))),
        detail: 'of the tightest seed',
      },
      {
        name: 'Median hour',
        value: numberWords(medians[Math.floor((medians.length - 1) / 2)]),
        detail: 'of the middle seed',
      },
    ],
    currency: '',
    arms: rooms.map(
      (room): LabArm => ({
        name: `seed ${room.seed}`,
        seeds: [room.seed],
        digests: [room.digest],
        estimates: {},
        pareto: null,
        at: [],
        hours: {
          n: 1,
          lines: null,
          fromHour: firstHour,
          columns: { fits: room.perHour },
          services: [],
          serviceSeed: room.seed,
        },
      }),
    ),
    figures: [],
    differences: [],
    risk: null,
    notes: [],
    tables: [
      {
        id: 'table',
        caption: 'Replicas that fit, over the hours after warm-up.',
        shown: true,
        columns: [
          { name: 'seed', type: 'string', unit: '', about: 'seed' },
          { name: 'least', type: 'float64', unit: '', about: 'least' },
          { name: 'leastHour', type: 'string', unit: '', about: 'when' },
          { name: 'p5', type: 'float64', unit: '', about: 'p5' },
          { name: 'median', type: 'float64', unit: '', about: 'median' },
          { name: 'p95', type: 'float64', unit: '', about: 'p95' },
          { name: 'digest', type: 'string', unit: '', about: 'digest of the run' },
        ],
        rows: rooms.map((room) => [
          room.seed,
          room.min,
          hourWords(room.minHour),
          room.p5,
          room.median,
          room.p95,
          room.digest,
        ]),
      },
    ],
  };
}
