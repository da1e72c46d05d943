// The environments of one function: made when needed, up to a maximum, kept warm, replaced when they died.
import type { Environment } from './function-environment.ts';

type Options = { max: number; create: () => Environment };
type Use = <T>(run: (environment: Environment, isCold: boolean) => Promise<T>) => Promise<T>;

export const createPool = ({ max, create }: Options) => {
  const all = new Set<Environment>();
  const idle: Environment[] = [];
  const waiting: (() => void)[] = [];
  let isClosed = false;

  const take = async () => {
    for (;;) {
      if (isClosed) throw new Error('the functions are closed');
      const warm = idle.pop();
      if (warm?.isAlive()) return { environment: warm, isCold: false };
      if (warm) all.delete(warm);
      else if (all.size < max) {
        const environment = create();
        all.add(environment);
        return { environment, isCold: true };
      } else await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  const giveBack = (environment: Environment) => {
    if (environment.isAlive()) idle.push(environment);
    else all.delete(environment);
    waiting.shift()?.();
  };
  const use: Use = async (run) => {
    const { environment, isCold } = await take();
    try {
      return await run(environment, isCold);
    } finally {
      giveBack(environment);
    }
  };
  return {
    use,
    /** Ends every environment where it is, also in the middle of a call. */
    crash: async () => {
      await Promise.all([...all].map((environment) => environment.stop()));
    },
    close: async () => {
      isClosed = true;
      for (const wake of waiting.splice(0)) wake();
      await Promise.all([...all].map((environment) => environment.stop()));
    },
  };
};
