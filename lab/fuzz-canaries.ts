/**
 * Two policies that break the rules on purpose. The fuzz suite must catch both: if it does not, it is the suite that is broken.
 */
import { DECISION, decide, type Policy } from '../policies/ports.ts';

function sellShare(share: () => number, name: string, about: string): Policy {
  return {
    name,
    about,
    moment: 'report',
    periodMs: 60_000,
    defaults: {},
    configure: (config) => config,
    createState: () => ({}),
    decide(signals, _config, _state, out) {
      for (let host = 0; host < signals.count; host++) {
        const sold = share();
        const milliCpu = Math.floor(signals.capacityMilliCpu[host] * sold);
        const memBytes = Math.floor(signals.capacityMemBytes[host] * sold);
        if (signals.up[host] === 1) decide(out, DECISION.publishBatch, host, -1, milliCpu, memBytes);
      }
    },
  };
}

/** Draws from a source that no seed governs. */
export const randomCanary: Policy = sellShare(Math.random, 'canary-random', 'sells a share drawn from Math.random');

let calls = 0;

/** Keeps a count in its module, so a second run in the same process goes on where the first ended. */
export const moduleStateCanary: Policy = sellShare(
  () => {
    calls++;
    return (calls % 97) / 97;
  },
  'canary-module-state',
  'sells a share that depends on how often it was called before',
);
