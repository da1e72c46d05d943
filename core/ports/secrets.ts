/** Reads a secret's current JSON value. Throws when it cannot: nothing works on a guess. */
export type SecretReader = { read: (secretId: string) => Promise<unknown> };
