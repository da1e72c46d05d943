// How much may be spent: the caps of the house, and what comes of asking for money before a run.
export const capNames = ['task', 'thread_day', 'user_day', 'installation_month', 'all_month'] as const;
export type CapName = (typeof capNames)[number];

/** Dollars at most: for a task in all its runs, for a thread and for a person per UTC day, for a tenant and for all per UTC month. */
export type SpendCaps = { [C in CapName]: number };

export type Reservation =
  | { kind: 'granted'; usd: number }
  /** The cap that leaves nothing, and when it begins anew; a task's cap never does. */
  | { kind: 'refused'; cap: CapName; until: Date | null };
