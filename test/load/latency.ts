// How long answers took.
export type Latency = { p50: number; p99: number; p999: number; max: number };

export const latencyOf = (answersMs: readonly number[]): Latency => {
  const sorted = answersMs.toSorted((one, other) => one - other);
  /** The smallest that so large a part of all does not exceed. */
  const at = (part: number) => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
};
