/** The openb table: published figures beside those of one run. */
import published from './expected/openb.json' with { type: 'json' };
import { contentSha256 } from './inputs.ts';
import { type OpenbOptions, type OpenbResult, placementsSha256, runOpenb } from './openb.ts';
import { readOpenb } from './openb-inputs.ts';
import type { Table, TableRow } from './table.ts';

export interface OpenbRequest {
  readonly nodes: string;
  readonly pods: string;
  /** Order and rank per seed; without it both are drawn here. */
  readonly arrivals?: string;
  readonly policy: OpenbOptions['policy'];
  readonly seed: number;
  readonly tune: number;
  readonly departures?: OpenbOptions['departures'];
  readonly onProgress?: OpenbOptions['onProgress'];
}

type PublishedTrace = (typeof published.traces)['default'];
type PublishedCurves = PublishedTrace['policies']['fgd'];

/** Curve points are means of values rounded to two places: a tie of rounding moves them by 0.01. */
const ROUNDING_TIE = 0.0101;

/** Runs one policy on one pod list and compares where the inputs are the published ones. Throws TraceError. */
export async function openbTable(request: OpenbRequest): Promise<Table> {
  const { policy, seed, tune } = request;
  const { trace, arrivals, drawn } = await readOpenb(request.nodes, request.pods, request.arrivals, seed, tune);
  const departures = request.departures ?? 'ignored';
  const result = runOpenb(trace, arrivals, { policy, seed, tune, departures, onProgress: request.onProgress });
  const known = tune === 1.3 && departures === 'ignored' ? await knownTrace(request) : undefined;
  const curves = known && (known.trace.policies as Readonly<Record<string, PublishedCurves>>)[policy];
  const rows = policy === 'random' ? randomRows(result, curves) : curveRows(result, seed, curves);
  const exact = known?.name === 'default' && policy === 'best-fit' && seed === 42;
  rows.push(...totalRows(result, exact ? published.bestFitDefaultSeed42 : undefined));
  if (exact)
    rows.push({
      name: 'placements, sha256',
      expected: published.bestFitDefaultSeed42.placementsSha256,
      got: placementsSha256(trace, arrivals, result),
      tolerance: 0,
    });
  rows.push({ name: 'digest', expected: null, got: result.digest, tolerance: 0 });
  return {
    name: 'openb',
    about: `${trace.hosts.ids.length} nodes, ${result.capacityMilliGpu / 1000} GPUs, ${result.pods} pods, ${policy}, seed ${seed}, tune ${tune}, departures ${departures}`,
    rows,
    notes: [
      ...(drawn ? ['no arrivals given: order and ranks are drawn from our own stream'] : []),
      ...(policy === 'random' && curves !== undefined
        ? ['random draws from our own stream: compared with the mean of the ten published seeds, 4 standard deviations']
        : []),
    ],
  };
}

async function knownTrace(request: OpenbRequest) {
  if (request.arrivals === undefined || (await contentSha256(request.nodes)) !== published.nodesSha256)
    return undefined;
  const [pods, arrivals] = await Promise.all([contentSha256(request.pods), contentSha256(request.arrivals)]);
  const found = Object.entries(published.traces).find(
    ([, trace]) => trace.podsSha256 === pods && trace.arrivalsSha256 === arrivals,
  );
  return found && { name: found[0], trace: found[1] };
}

function curveRows(result: OpenbResult, seed: number, curves: PublishedCurves | undefined): TableRow[] {
  const of = (table: Readonly<Record<string, readonly number[]>> | undefined, i: number) =>
    table?.[String(seed)]?.[i] ?? null;
  return published.arrivedPercent.flatMap((percent, i) => [
    {
      name: `allocated % at ${percent} % arrived`,
      expected: of(curves?.allocated, i),
      got: result.allocatedPercent[percent] ?? Number.NaN,
      tolerance: percent === 130 ? 0 : ROUNDING_TIE,
    },
    {
      name: `fragmented % at ${percent} % arrived`,
      expected: of(curves?.fragmented, i),
      got: result.fragmentedPercent[percent] ?? Number.NaN,
      tolerance: ROUNDING_TIE,
    },
  ]);
}

function randomRows(result: OpenbResult, curves: PublishedCurves | undefined): TableRow[] {
  const row = (
    name: string,
    i: number,
    got: number,
    table: Readonly<Record<string, readonly number[]>> | undefined,
  ) => {
    const values = Object.values(table ?? {}).map((points) => points[i]);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / (values.length - 1);
    const expected = table === undefined ? null : Math.round(mean * 100) / 100;
    return { name, expected, got, tolerance: 4 * Math.sqrt(variance) };
  };
  return published.arrivedPercent.flatMap((percent, i) => [
    row(`allocated % at ${percent} % arrived`, i, result.allocatedPercent[percent] ?? Number.NaN, curves?.allocated),
    row(`fragmented % at ${percent} % arrived`, i, result.fragmentedPercent[percent] ?? Number.NaN, curves?.fragmented),
  ]);
}

function totalRows(result: OpenbResult, expected: typeof published.bestFitDefaultSeed42 | undefined): TableRow[] {
  const row = (name: string, want: number | undefined, got: number, tolerance = 0) => ({
    name,
    expected: want ?? null,
    got,
    tolerance,
  });
  const round = (x: number) => Math.round(x * 1000) / 1000;
  return [
    row('pods', expected?.pods, result.pods),
    row('not scheduled', expected?.unscheduled, result.unscheduled),
    row('allocated milli-GPU', expected?.allocatedMilliGpu, result.allocatedMilliGpu),
    row('allocated CPU %', expected?.cpuPercent, round(result.allocatedCpuPercent), 0.05),
    row('allocated memory %', expected?.memPercent, round(result.allocatedMemPercent), 0.05),
  ];
}
