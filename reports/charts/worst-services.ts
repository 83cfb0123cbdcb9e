/** The ten services with the largest share of late requests, split by cause. */
import type { RunFacts } from '../facts.ts';
import { percent, setPercent } from '../format.ts';
import type { Chart } from './theme.ts';
import { COLOURS, colourScale, HALF_WIDTH, ruleLayers } from './theme.ts';

const ALONE = 'late without best effort';
const ADDED = 'added by best effort';

export function worstServicesChart(facts: RunFacts): Chart {
  const values = facts.worst.flatMap((service, rank) => [
    {
      rank,
      service: service.name,
      cause: ALONE,
      order: 0,
      percent: service.latePercent - service.fromColocationPercent,
    },
    { rank, service: service.name, cause: ADDED, order: 1, percent: service.fromColocationPercent },
  ]);
  const allowed = 100 - facts.settings.objectivePercent;
  const over = facts.worst.filter((service) => service.latePercent > allowed).length;
  const [worst] = facts.worst;
  const label = `${setPercent(allowed)} allowed`;
  return {
    id: 'worst-services',
    title: 'Late requests of the worst ten services',
    subtitle: 'percent of the requests of the service, after warm-up',
    width: 'half',
    sentence:
      worst === undefined || worst.latePercent === 0
        ? 'No service had a late request.'
        : `${worst.name} is worst with ${percent(worst.latePercent)}; best effort adds ${percent(worst.fromColocationPercent)} of ` +
          `requests to it. ${over === facts.worst.length ? 'All of these' : over === 0 ? 'None of these' : `${over} of these`} ` +
          `${over === 1 ? 'passes' : 'pass'} the ${setPercent(allowed)} that the objective allows over the whole run.`,
    spec: {
      width: HALF_WIDTH - 115,
      height: 220,
      layer: [
        {
          data: { values },
          mark: { type: 'bar', height: { band: 0.75 } },
          encoding: {
            y: {
              field: 'service',
              type: 'nominal',
              sort: { field: 'rank', order: 'ascending' },
              title: null,
              axis: { labelLimit: 240 },
            },
            x: { field: 'percent', type: 'quantitative', title: 'late requests, %' },
            color: {
              field: 'cause',
              type: 'nominal',
              title: null,
              scale: colourScale([
                [ALONE, COLOURS.online],
                [ADDED, COLOURS.bestEffort],
              ]),
            },
            order: { field: 'order', type: 'quantitative' },
          },
        },
        ...verticalRule(allowed, label),
      ],
    },
  };
}

function verticalRule(value: number, label: string) {
  return ruleLayers(value, label, COLOURS.line).map((layer) => {
    const { x: _, y, ...rest } = layer.encoding as Readonly<Record<string, unknown>>;
    const mark = layer.mark as Readonly<Record<string, unknown>>;
    const text = mark.type === 'text';
    return {
      ...layer,
      mark: text ? { ...mark, align: 'center', baseline: 'bottom', dx: 0, dy: -3 } : mark,
      encoding: { ...rest, x: y, ...(text ? { y: { value: 0 } } : {}) },
    };
  });
}
