/** Every policy by name: the one list. To add a policy, add its line here; to delete one, delete its line and its file. */
import { batchResource } from './koordinator/policy-batch-resource.ts';
import { cpuEvict } from './koordinator/policy-cpu-evict.ts';
import { cpuSuppress } from './koordinator/policy-cpu-suppress.ts';
import { memoryEvict } from './koordinator/policy-memory-evict.ts';
import type { Policy } from './ports.ts';

export const POLICIES: Readonly<Record<string, Policy>> = Object.freeze({
  'batch-resource': batchResource,
  'cpu-evict': cpuEvict,
  'cpu-suppress': cpuSuppress,
  'memory-evict': memoryEvict,
});
