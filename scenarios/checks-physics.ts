/** Rules of the host physics that tie sections together. */
import type { Report } from './checks.ts';
import type { Scenario } from './schema.ts';

/** What acts on hosts once a window, and so has no place where hosts are shared again at every change. */
const BY_WINDOW = ['memoryRamp'] as const;

export function checkPhysics({ physics }: Partial<Scenario>, report: Report): void {
  if (physics?.accounting !== 'event') return;
  for (const key of BY_WINDOW)
    if (physics[key])
      report.error(['physics', key], 'is true; it needs the physics of windows', [['physics', 'accounting']]);
}
