/**
 * Two published tables on the public files, reading included: GPU packing of openb with FGD, and OpenDC's SURF week on 279 hosts.
 *
 * Both want TIDEMARK_DATA. Smoke sizes read public files too: openb to 2 % of its arrivals, and a workflow of four tasks.
 */

import { replayFragments } from '../lab/replicate/fragment-replay.ts';
import { inputPath } from '../lab/replicate/inputs.ts';
import { runOpenb } from '../lab/replicate/openb.ts';
import { readOpenb } from '../lab/replicate/openb-inputs.ts';
import { readOpendcWorkload, readTopology } from '../lab/replicate/opendc-inputs.ts';
import { MS_PER_HOUR } from '../policies/base/units.ts';
import type { BenchCase } from './harness.ts';

/** Why the cases cannot run, null when they can. */
function withoutData(): string | null {
  return (process.env.TIDEMARK_DATA ?? '') === ''
    ? 'TIDEMARK_DATA is not set; it names the folder with the public traces'
    : null;
}

const publicFile = (name: string) => inputPath(undefined, name, name);

/** The default pod list on 1,213 GPU nodes, seed 42, arrivals to 130 % of the GPUs. Operations are pods tried. */
export function openbCase(): BenchCase {
  return {
    name: 'openb-fgd',
    about: 'openb default trace, FGD: 1,213 nodes, 10,866 pods (at most 10 CPU-s)',
    missing: withoutData,
    async run(size) {
      const tune = size === 'full' ? 1.3 : 0.02;
      const { trace, arrivals } = await readOpenb(
        publicFile('openb/openb_node_list_gpu_node.csv'),
        publicFile('openb/openb_pod_list_default.csv'),
        // Published arrivals run to 130 %; a shorter list is drawn.
        size === 'full' ? publicFile('openb/expected/arrival_default.json.gz') : undefined,
        42,
        tune,
      );
      const result = runOpenb(trace, arrivals, { policy: 'fgd', seed: 42, tune, departures: 'ignored' });
      return { resultHash: result.digest, operations: result.pods };
    },
  };
}

/** The published week on 279 hosts of linear power, in samples of an hour. Operations are fragments. */
export function surfWeekCase(): BenchCase {
  return {
    name: 'opendc-surf-week',
    about: 'SURF week: 6,295 tasks of 2.3 M fragments, 279 hosts (at most 5 CPU-s)',
    missing: withoutData,
    async run(size) {
      const folder = size === 'full' ? 'opendc/workload_traces/surf_week' : 'opendc/workloadTraces/workflow_example';
      const workload = await readOpendcWorkload(
        publicFile(`${folder}/tasks.parquet`),
        publicFile(`${folder}/fragments.parquet`),
        'duckdb',
      );
      const { hosts } = await readTopology(publicFile('opendc/topologies/surfsara_linear_NL_279.json'));
      const result = replayFragments(workload, hosts, {
        progress: 'no-delay',
        failures: [],
        carbon: null,
        sampleMs: MS_PER_HOUR,
        probesMs: [],
      });
      return {
        resultHash: result.digest,
        operations: workload.fragmentMs.length,
        figures: { 'energy, J': result.energyJ },
      };
    },
  };
}
