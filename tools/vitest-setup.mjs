import { build } from './build.mjs';

/** Tests load compiled code, so what they load is brought up to date first. */
export async function setup() {
  await build();
}
