/** Everything Koordinator: which adapter runs a case file, by the file's `algorithm`. */
import type { ConformanceAdapter } from '../conformance.ts';
import { nodeResourceAdapters } from './conformance-node-resource.ts';
import { qosAdapters } from './conformance-qos.ts';
import { schedulerAdapters } from './scheduler-conformance.ts';

export const adapters: Readonly<Record<string, ConformanceAdapter>> = Object.freeze({
  ...nodeResourceAdapters,
  ...qosAdapters,
  ...schedulerAdapters,
});
