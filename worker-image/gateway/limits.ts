// How often and how much at once a run may ask: more than the CLI ever does.

export type Limits = {
  burst: number;
  perSecond: number;
  atOnce: number;
  /** Until a request is here whole: a client on the same machine sends at once what it has to say. */
  requestMs: number;
};

export const gatewayLimits: Limits = { burst: 60, perSecond: 1, atOnce: 2, requestMs: 30_000 };

/** A bucket of tokens; `take` gives the seconds until there is one, 0 when it took one. */
export const createRate = ({ burst, perSecond }: Pick<Limits, 'burst' | 'perSecond'>, now: () => number) => {
  let [tokens, filledAt] = [burst, now()];
  return {
    take: (): number => {
      const at = now();
      tokens = Math.min(burst, tokens + ((at - filledAt) / 1_000) * perSecond);
      filledAt = at;
      if (tokens < 1) return (1 - tokens) / perSecond;
      tokens -= 1;
      return 0;
    },
  };
};
