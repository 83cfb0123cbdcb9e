/** Rules of tasks that ask for GPUs under Mesos: `gpus` is a number of whole devices, and a framework must know it. */
import type { Report } from './checks.ts';
import type { PathKey } from './problems.ts';
import type { MesosSection } from './resolve-mesos.ts';
import type { Scenario } from './schema.ts';
import type { GpuFields } from './schema-gpu.ts';

/** Frameworks with no field for GPUs: a job of Chronos asks for CPU, memory and disk. */
const WITHOUT_GPUS = ['chronos'];

/** Checks what populations and services ask of GPUs against `mesos`. */
export function checkMesosGpus(mesos: MesosSection, { online, bestEffort }: Partial<Scenario>, report: Report): void {
  for (const [name, { gpu }] of Object.entries(online?.explicit ?? {})) {
    if (gpu === undefined) continue;
    const path = ['online', 'explicit', name, 'gpu'];
    checkRequest(gpu, mesos, path, report);
    checkServiceRunner(mesos, name, path, report);
  }
  for (const [name, { sizes }] of Object.entries(bestEffort?.populations ?? {}))
    (sizes ?? []).forEach(({ gpu }, index) => {
      if (gpu === undefined) return;
      const path = ['bestEffort', 'populations', name, 'sizes', index, 'gpu'];
      checkRequest(gpu, mesos, path, report);
      checkRunner(mesos, name, path, report);
    });
}

function checkRequest(gpu: GpuFields, mesos: MesosSection, path: readonly PathKey[], report: Report): void {
  if (mesos.variant === '0.2x')
    report.error(path, 'is given, but variant is 0.2x; GPUs came with Mesos 1.0', [['controlPlane', 'variant']]);
  if (gpu.percent < 100)
    report.error([...path, 'percent'], `is ${gpu.percent}; Mesos gives whole GPUs, so it must be 100`);
  if (gpu.models.length > 0)
    report.error([...path, 'models'], 'is given, but gpus of Mesos are a number without models; leave it empty');
}

/** The framework of a population, and those it may spill to. */
function checkRunner(mesos: MesosSection, population: string, path: readonly PathKey[], report: Report): void {
  const home = Object.entries(mesos.frameworks).find(([, { populations }]) => populations.includes(population));
  if (home === undefined) return;
  for (const name of [home[0], ...home[1].spillTo]) {
    const framework = mesos.frameworks[name];
    if (framework === undefined) continue;
    if (WITHOUT_GPUS.includes(framework.kind))
      report.error(path, `is given, but "${name}" is ${framework.kind}, whose jobs ask for no GPUs`, [
        ['controlPlane', 'frameworks', name, 'kind'],
      ]);
    else if (!framework.gpuCapable && mesos.filterGpuResources)
      report.error(path, `is given, but "${name}" is not gpuCapable, so it sees no agent with GPUs`, [
        ['controlPlane', 'frameworks', name, 'gpuCapable'],
        ['controlPlane', 'filterGpuResources'],
      ]);
  }
}

/** A Root Framework starts schedulers, which ask for no GPUs; a Marathon must see agents that have them. */
function checkServiceRunner(mesos: MesosSection, service: string, path: readonly PathKey[], report: Report): void {
  for (const [name, { kind, services, gpuCapable }] of Object.entries(mesos.frameworks)) {
    if (kind === 'root-framework' && services.includes(service))
      report.error(path, `is given, but "${name}" runs it, a root-framework, whose schedulers ask for no GPUs`);
    if (kind === 'marathon' && !gpuCapable && mesos.filterGpuResources)
      report.error(path, `is given, but "${name}" is not gpuCapable, so it sees no agent with GPUs`, [
        ['controlPlane', 'frameworks', name, 'gpuCapable'],
        ['controlPlane', 'filterGpuResources'],
      ]);
  }
}
