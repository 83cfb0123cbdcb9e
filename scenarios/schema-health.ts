/** The health check of a service: Marathon's, or a kubelet's liveness probe. */
import { z } from 'zod';
import { DEFAULT_HEALTH_CHECK as D } from '../policies/marathon/health-check.ts';
import { count, duration } from './fields.ts';

export const healthCheckSchema = z
  .strictObject({
    gracePeriod: duration(
      'Failures so soon after the start do not count, until the first success (Kubernetes: a startup probe).',
    ).prefault(D.gracePeriodMs / 1000 + 's'),
    interval: duration('Time between checks (periodSeconds).', 1).prefault(D.intervalMs / 1000 + 's'),
    timeout: duration('An answer later than this is a failure (timeoutSeconds).', 1).prefault(D.timeoutMs / 1000 + 's'),
    maxConsecutiveFailures: count(
      'Failures in a row after which it is killed: by the next one under Marathon, by the last of them under Kubernetes (failureThreshold); 0 = never.',
      0,
      1000,
    ).prefault(D.maxConsecutiveFailures),
    delay: duration('First check after the start (initialDelaySeconds); under Marathon of the app.').prefault(
      D.delayMs / 1000 + 's',
    ),
  })
  .describe('Health check by which its orchestrator kills replicas that answer too late; null = none.');

/** In the units of the plan. */
export function resolveHealthCheck(check: z.output<typeof healthCheckSchema> | null) {
  if (check === null) return {};
  const { gracePeriod, interval, timeout, maxConsecutiveFailures, delay } = check;
  return {
    healthCheck: {
      gracePeriodMs: gracePeriod,
      intervalMs: interval,
      timeoutMs: timeout,
      maxConsecutiveFailures,
      delayMs: delay,
    },
  };
}
