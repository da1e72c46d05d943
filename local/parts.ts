// Starts the parts of the house and ends them in the opposite order, whatever happened in between.
type Part = { name: string; close: () => Promise<void> };

export type Started = { name: string; address: string; ms: number };

export type Parts = ReturnType<typeof createParts>;

export const createParts = (onStarted: (part: Started) => void) => {
  const running: Part[] = [];

  const start = async <T extends { close: () => Promise<void> }>(
    name: string,
    begin: () => Promise<T>,
    address: (part: T) => string,
  ): Promise<T> => {
    const startedAt = performance.now();
    const part = await begin().catch((error: unknown) => {
      throw new Error(`${name} did not start`, { cause: error });
    });
    running.push({ name, close: part.close });
    onStarted({ name, address: address(part), ms: Math.round(performance.now() - startedAt) });
    return part;
  };

  /** Ends every part even when one of them cannot end; then throws what went wrong. */
  const close = async () => {
    const errors: unknown[] = [];
    for (const { name, close: end } of running.splice(0).reverse()) {
      await end().catch((error: unknown) => errors.push(new Error(`${name} did not end`, { cause: error })));
    }
    if (errors.length > 0) throw new AggregateError(errors, 'some parts did not end');
  };

  return { start, close };
};
