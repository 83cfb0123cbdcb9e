/**
 * Latency surfaces that the worker threads of a process tell each other of, so that each kind of service is worked out once.
 *
 * A thread is deaf while it runs, so it listens and tells between runs. What it hears equals what it would build, to the last bit: a
 * surface follows from its key.
 */
import { BroadcastChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { type Built, createSurfaceStore, keepBuilt, type SurfaceStore } from '../sim/engine/latency-model.ts';

export interface SharedSurfaces {
  readonly store: SurfaceStore;
  /** Before a run: keeps what other threads have told. */
  hear(): void;
  /** After it: tells them what was built in it. Nothing where the store grew full and started anew: they build for themselves. */
  tell(): void;
}

type Told = readonly (readonly [key: string, built: Built])[];

/** A store shared over the channel `name`; the channel keeps no thread alive. */
export function shareSurfaces(name: string): SharedSurfaces {
  const store = createSurfaceStore();
  const channel = new BroadcastChannel(name);
  channel.unref();
  // Node takes a channel here as it takes a port; its types name the port alone.
  const next = () => receiveMessageOnPort(channel as unknown as MessagePort);
  /** The first entries of the store: other threads have them too. */
  let common = 0;
  return {
    store,
    hear() {
      for (let got = next(); got !== undefined; got = next())
        for (const [key, built] of got.message as Told) if (!store.built.has(key)) keepBuilt(store, key, built);
      common = store.built.size;
    },
    tell() {
      const fresh: Told = [...store.built].slice(common);
      common = store.built.size;
      if (fresh.length > 0) channel.postMessage(fresh);
    },
  };
}
