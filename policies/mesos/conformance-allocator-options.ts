/** Allocator options as the vectors write them: seconds, resource maps and resource names. */
import type { AllocatorOptions } from './allocator-state.ts';
import { readQuantities } from './conformance-resources.ts';
import type { Step } from './conformance-steps.ts';
import type { ResourceCatalog } from './resource-catalog.ts';

const MS_PER_SECOND = 1_000;

/** Options as vectors write them. */
export function readAllocatorOptions(catalog: ResourceCatalog, options: Step): AllocatorOptions {
  const sets = options.minAllocatable === null ? [] : (options.minAllocatable ?? [{ cpus: 0.01 }, { mem: 32 }]);
  const excluded = options.fairnessExclude;
  return {
    allocationIntervalMs: Number(options.allocationInterval ?? 1) * MS_PER_SECOND,
    minAllocatable: (Array.isArray(sets) ? sets : [sets]).map((set) => readQuantities(catalog, set)),
    fairnessExcludedNames: Array.isArray(excluded)
      ? excluded.map(String)
      : excluded === undefined
        ? []
        : [String(excluded)],
    filterGpuResources: options.filterGpu !== false,
    masterRegion: typeof options.masterRegion === 'string' ? options.masterRegion : null,
    roleSorter: options.roleSorter === 'random' ? 'random' : 'drf',
    frameworkSorter: options.frameworkSorter === 'random' ? 'random' : 'drf',
  };
}
