/** Rules of what pods ask of GPUs. */
import type { Report } from './checks.ts';
import type { PathKey } from './problems.ts';
import type { Scenario } from './schema.ts';
import type { GpuFields } from './schema-gpu.ts';
import { knownText } from './suggest.ts';

/** A request that no host could ever meet is a mistake. */
export function checkGpu(
  scenario: Partial<Scenario>,
  gpu: GpuFields | undefined,
  path: readonly PathKey[],
  report: Report,
): void {
  if (gpu === undefined) return;
  if (gpu.percent < 100 && gpu.cards > 1)
    report.error([...path, 'percent'], `is ${gpu.percent} % of ${gpu.cards} GPUs; a share is of one`, [
      [...path, 'cards'],
    ]);
  if (gpu.memory !== undefined && gpu.memoryPercent !== undefined)
    report.error([...path, 'memory'], 'stands beside memoryPercent; give one of them', [[...path, 'memoryPercent']]);
  if (scenario.cluster === undefined) return;
  const hosts = Object.values(scenario.cluster.hosts).filter((host) => host.count > 0 && host.gpus > 0);
  const models = hosts.map((host) => host.gpuModel);
  gpu.models.forEach((model, index) => {
    if (!models.includes(model))
      report.error([...path, 'models', index], `is "${model}"; known: ${knownText(model, [...new Set(models)])}`, [
        ['cluster', 'hosts', '*', 'gpuModel'],
      ]);
  });
  const fits = hosts.some(
    (host) =>
      host.gpus >= gpu.cards &&
      (gpu.models.length === 0 || gpu.models.includes(host.gpuModel)) &&
      host.gpuMemory >= (gpu.memory ?? 0),
  );
  if (!fits)
    report.error(path, `asks for ${gpu.cards} GPU(s) that no host has together`, [
      ['cluster', 'hosts', '*', 'gpus'],
      [...path, 'cards'],
    ]);
}
