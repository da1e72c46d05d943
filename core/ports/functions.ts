/** Calls other functions of the house. */
export type Functions = {
  /** Waits for the answer. Throws when the function failed. */
  call: (name: string, payload: unknown) => Promise<unknown>;
  /** Returns once the call is queued. */
  poke: (name: string, payload: unknown) => Promise<void>;
};
