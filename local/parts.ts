// Starts the parts of the house and ends them in the opposite order, whatever happened in between.
type Closable = { close: () => Promise<void> };
type Part = Closable & { name: string };

export type Started = { name: string; address: string; ms: number };

export type Parts = ReturnType<typeof createParts>;

export const createParts = (onStarted: (part: Started) => void) => {
  const running: Part[] = [];
  const starting = new Set<Promise<unknown>>();

  const begin = async <T extends Closable>(
    name: string,
    make: () => Promise<T>,
    address: (part: T) => string,
  ) => {
    const startedAt = performance.now();
    const part = await make().catch((error: unknown) => {
      throw new Error(`${name} did not start`, { cause: error });
    });
    running.push({ name, close: part.close });
    onStarted({ name, address: address(part), ms: Math.round(performance.now() - startedAt) });
    return part;
  };

  const start = <T extends Closable>(
    name: string,
    make: () => Promise<T>,
    address: (part: T) => string,
  ): Promise<T> => {
    const begun = begin(name, make, address);
    starting.add(begun);
    // whoever called start hears of the failure; here it only matters that it is over
    void begun.catch(() => {}).finally(() => starting.delete(begun));
    return begun;
  };

  /** Ends every part even when one of them cannot end; then throws what went wrong. */
  const close = async () => {
    await Promise.allSettled(starting); // a part that was on its way when another failed must end too
    const errors: unknown[] = [];
    for (const { name, close: end } of running.splice(0).reverse()) {
      await end().catch((error: unknown) => errors.push(new Error(`${name} did not end`, { cause: error })));
    }
    if (errors.length > 0) throw new AggregateError(errors, 'some parts did not end');
  };

  return { start, close };
};
