/** Reads a secret's current JSON value. Throws when it cannot: nothing works on a guess. */
export type SecretReader = {
  /** With maxAgeMs not one that was asked for longer ago than that; without it the reader decides. */
  read: (secretId: string, options?: SecretAge) => Promise<unknown>;
};
export type SecretAge = { maxAgeMs?: number };
