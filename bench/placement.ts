/** Placement of pods on 2,000 hosts, one by one, through the index and by full scan: the same hosts, other cost. */
import { createHostTable, noteChange, TIER } from '../sim/cluster/hosts.ts';
import { keyedWord } from '../sim/kernel/random.ts';
import { bestHostByScan, PlacementIndex, type PlacementView } from '../sim/planes/kubernetes/placement.ts';
import { addPodShape, createPodShapes } from '../sim/planes/kubernetes/pod-shapes.ts';
import type { BenchCase } from './harness.ts';

const GIB = 1_073_741_824;

/** Ten shapes in turn; every placement takes its request, every fourth frees an earlier one. */
export function placementCase(how: 'index' | 'scan'): BenchCase {
  return {
    name: `placement-${how}`,
    about: 'place pods of ten shapes on 2,000 hosts',
    run(size) {
      const hosts = createHostTable(2_000);
      const view = viewOf(hosts);
      const index = new PlacementIndex(view);
      const operations = size === 'full' ? (how === 'index' ? 400_000 : 20_000) : 1_000;
      const placed: { host: number; shape: number }[] = [];
      let hash = 0;
      for (let i = 0; i < operations; i++) {
        const shape = (keyedWord(3, i) >>> 0) % 10;
        const host = how === 'index' ? index.bestHost(shape) : bestHostByScan(view, shape);
        // The two cases run different numbers of placements; the hash covers those that both do.
        if (i < 20_000) hash = (Math.imul(hash, 31) + host) | 0;
        if (host >= 0) {
          take(view, host, shape, 1);
          placed.push({ host, shape });
        }
        if ((i & 3) === 3 || host < 0) {
          const gone = placed.splice((keyedWord(4, i) >>> 0) % placed.length, 1)[0];
          take(view, gone.host, gone.shape, -1);
        }
      }
      return { resultHash: (hash >>> 0).toString(16).padStart(8, '0'), operations };
    },
  };
}

function viewOf(hosts: ReturnType<typeof createHostTable>): PlacementView {
  const n = hosts.count;
  for (let host = 0; host < n; host++) {
    hosts.capacityMilliCpu[host] = 64_000 + 32_000 * (host & 1);
    hosts.capacityMemBytes[host] = 512 * GIB;
    hosts.soldMilliCpu[TIER.batch * n + host] = hosts.capacityMilliCpu[host] / 2;
    hosts.soldMemBytes[TIER.batch * n + host] = 96 * GIB;
  }
  const shapes = createPodShapes(16);
  const eligible = new Uint8Array(n).fill(1);
  for (let s = 0; s < 10; s++)
    addPodShape(shapes, {
      tier: TIER.batch,
      requestMilliCpu: 500 * (1 + s),
      requestMemBytes: GIB * (1 + (s % 4)),
      estimateMilliCpu: 425 * (1 + s),
      estimateMemBytes: GIB,
      service: -1,
      maxPerHost: 0,
      eligible,
    });
  return {
    hosts,
    shapes,
    estimatedMilliCpu: new Float64Array(n),
    estimatedMemBytes: new Float64Array(n),
    reportExpired: new Uint8Array(n),
    replicasOnHost: new Uint16Array(0),
    rules: {
      fitWeight: 1,
      loadAwareWeight: 1,
      spreadWeight: 0,
      packTier: [0, 0],
      cpuThresholdPercent: 65,
      memThresholdPercent: 95,
    },
  };
}

function take(view: PlacementView, host: number, shape: number, sign: 1 | -1): void {
  const at = TIER.batch * view.hosts.count + host;
  view.hosts.allocatedMilliCpu[at] += sign * view.shapes.requestMilliCpu[shape];
  view.hosts.allocatedMemBytes[at] += sign * view.shapes.requestMemBytes[shape];
  noteChange(view.hosts.changes, host);
}
