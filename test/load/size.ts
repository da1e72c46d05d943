// How much is sent, and what happens meanwhile.
export type Size = {
  deliveries: number;
  /** Of the deliveries: new comments that ask for work. */
  asks: number;
  threads: number;
  perSecond: number;
  kills: number;
  killEveryMs: number;
  /** The whole run, the house's start and end included. */
  capMs: number;
  /** Whether a slow answer fails the run: only with enough answers for a p99.9. */
  isPromiseKept: boolean;
};

const minuteMs = 60_000;

export const sizes = {
  full: {
    deliveries: 2_000,
    asks: 300,
    threads: 60,
    perSecond: 50,
    kills: 12,
    killEveryMs: 5_000,
    capMs: 15 * minuteMs,
    isPromiseKept: true,
  },
  quick: {
    deliveries: 200,
    asks: 30,
    threads: 6,
    perSecond: 50,
    kills: 1,
    killEveryMs: 5_000,
    capMs: 4 * minuteMs,
    isPromiseKept: false,
  },
  smallest: {
    deliveries: 60,
    asks: 8,
    threads: 3,
    perSecond: 50,
    kills: 1,
    killEveryMs: 2_000,
    capMs: 1.5 * minuteMs,
    isPromiseKept: false,
  },
} as const satisfies Record<string, Size>;
