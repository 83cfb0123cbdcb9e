/** A few like hosts and pending tasks, for tests that work by hand. */
import { createDigest } from '../../kernel/digest.ts';
import { type Cluster, submit } from '../apply.ts';
import { createHostTable, TIER } from '../hosts.ts';
import { createTaskTable, TASK_KIND, takeRow } from '../tasks.ts';

const GIB = 1_073_741_824;

/** `count` hosts of 10 cores and 100 GiB, all of it sold natively and 5 cores and 50 GiB of it again as batch. */
export function smallCluster(count: number, pods = 0): Cluster {
  const hosts = createHostTable(count);
  hosts.capacityMilliCpu.fill(10_000);
  hosts.capacityMemBytes.fill(100 * GIB);
  for (let host = 0; host < count; host++) {
    hosts.soldMilliCpu[TIER.native * count + host] = 10_000;
    hosts.soldMemBytes[TIER.native * count + host] = 100 * GIB;
    hosts.soldMilliCpu[TIER.batch * count + host] = 5_000;
    hosts.soldMemBytes[TIER.batch * count + host] = 50 * GIB;
  }
  const tasks = createTaskTable(Math.max(4, pods), pods);
  for (let row = 0; row < pods; row++) {
    tasks.id[row] = row;
    tasks.requestMilliCpu[row] = 1_000;
    tasks.requestMemBytes[row] = GIB;
    tasks.usedMemBytes[row] = GIB / 2;
    tasks.priority[row] = 9_500;
  }
  return { hosts, tasks, digest: createDigest(86_400_000), sink: null };
}

/** A submitted best-effort task of `cores` cores and as many GiB, which uses half of its CPU. */
export function addTask(cluster: Cluster, cores: number, nowMs = 0, held = false): number {
  const { tasks } = cluster;
  const row = takeRow(tasks);
  tasks.kind[row] = TASK_KIND.bestEffort;
  tasks.tier[row] = TIER.batch;
  tasks.id[row] = 1_000 + row + tasks.generation[row] * 1_000;
  tasks.requestMilliCpu[row] = cores * 1_000;
  tasks.requestMemBytes[row] = cores * GIB;
  tasks.demandMilliCpu[row] = cores * 500;
  tasks.usedMemBytes[row] = cores * GIB;
  tasks.durationMs[row] = 60_000;
  tasks.leftMs[row] = 60_000;
  tasks.priority[row] = 5_500;
  submit(cluster, row, nowMs, held);
  return row;
}
