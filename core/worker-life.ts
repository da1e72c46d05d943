// How long nothing may be heard of a worker before what.

const minuteMs = 60_000;

/** A launch counts as a worker for so long without a heartbeat: Fargate takes a minute or two. */
export const launchGraceMs = 3 * minuteMs;

/** And one that has beaten for so long after its last beat; it beats every 30 s. */
export const beatGraceMs = 2 * minuteMs;

/** A launch without an answer is repeated after so long: whoever planned it (within 50 s) has ended by then. */
export const answerGraceMs = minuteMs;
