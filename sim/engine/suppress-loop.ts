/** The suppress loop runs once a second; a longer window hides its ramp and its delay, which closed forms put back. */
export const SUPPRESS_LOOP_MS = 1_000;
