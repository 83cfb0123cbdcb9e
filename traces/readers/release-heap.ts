/** Memory that JavaScript no longer needs, given back at once. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** For the moment before something large is asked for: V8 would keep the room until it wants it itself, and the large thing would come on top. */
export function releaseHeap(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
