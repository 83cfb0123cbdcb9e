/**
 * Tells a lasting overload from a spike: a node counts as abnormal after enough consecutive marks, and only for a while.
 *
 * One row a node; the caller owns the columns, so that detectors survive from round to round and can be copied.
 */

/** Detectors of all nodes. */
export interface AnomalyDetectors {
  /** 1 while the node counts as abnormal. */
  readonly isAbnormal: Uint8Array;
  readonly consecutiveAbnormal: Int32Array;
  readonly consecutiveNormal: Int32Array;
  /** When the abnormal state ends. */
  readonly abnormalUntilMs: Float64Array;
}

/** When a node counts as abnormal. */
export interface AnomalyCondition {
  /** 1 acts at once; N > 1 acts on mark N + 1 (quirk K15) or on mark N. Production: 5. */
  readonly consecutiveAbnormalities: number;
  /** The state ends after more normal marks than this. Production: 3. */
  readonly consecutiveNormalities: number;
  /** How long the state lasts at most. Production: 60 s. */
  readonly timeoutMs: number;
  /** K15: the state is reached on mark N + 1. Off: on mark N. */
  readonly anomalyNeedsOneMoreMark: boolean;
}

export const DEFAULT_ANOMALY_CONDITION: AnomalyCondition = {
  consecutiveAbnormalities: 5,
  consecutiveNormalities: 3,
  timeoutMs: 60_000,
  anomalyNeedsOneMoreMark: true,
};

/** Detectors for `count` nodes, all of them normal. */
export function createAnomalyDetectors(count: number): AnomalyDetectors {
  return {
    isAbnormal: new Uint8Array(count),
    consecutiveAbnormal: new Int32Array(count),
    consecutiveNormal: new Int32Array(count),
    abnormalUntilMs: new Float64Array(count),
  };
}

/** Makes a node normal and starts counting anew. */
export function resetDetector(detectors: AnomalyDetectors, node: number): void {
  detectors.isAbnormal[node] = 0;
  detectors.consecutiveAbnormal[node] = 0;
  detectors.consecutiveNormal[node] = 0;
}

function expire(detectors: AnomalyDetectors, node: number, nowMs: number): void {
  if (detectors.isAbnormal[node] === 1 && detectors.abnormalUntilMs[node] < nowMs) resetDetector(detectors, node);
}

/**
 * Marks a node as over-used and tells whether it may be acted on now.
 *
 * Source: Koordinator descheduler, anomaly basic detector and LowNodeLoad filterRealAbnormalNodes.
 */
export function markAbnormal(
  detectors: AnomalyDetectors,
  node: number,
  nowMs: number,
  condition: AnomalyCondition,
): boolean {
  if (condition.consecutiveAbnormalities === 1) return true;
  expire(detectors, node, nowMs);
  if (detectors.isAbnormal[node] === 1) return true;
  detectors.consecutiveNormal[node] = 0;
  const marks = ++detectors.consecutiveAbnormal[node];
  const needed = condition.consecutiveAbnormalities + (condition.anomalyNeedsOneMoreMark ? 1 : 0);
  if (marks < needed) return false;
  resetDetector(detectors, node);
  detectors.isAbnormal[node] = 1;
  detectors.abnormalUntilMs[node] = nowMs + condition.timeoutMs;
  return true;
}

/** Marks a node as normal after it was acted on; enough such marks end the abnormal state. */
export function markNormal(
  detectors: AnomalyDetectors,
  node: number,
  nowMs: number,
  condition: AnomalyCondition,
): void {
  expire(detectors, node, nowMs);
  detectors.consecutiveAbnormal[node] = 0;
  const marks = ++detectors.consecutiveNormal[node];
  if (detectors.isAbnormal[node] === 1 && marks > condition.consecutiveNormalities) resetDetector(detectors, node);
}
