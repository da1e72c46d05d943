import { DatabaseError } from 'pg';

/** Postgres could not be asked, or gave up for a reason that passes: the same call may succeed in a second. */
export class DatabaseAwayError extends Error {
  override name = 'DatabaseAwayError';
}

type Verbs = Record<string, (...args: never[]) => Promise<unknown>>;

/**
 * The verbs under their noun: what fails says which verb it was. drizzle's own error carries the statement's
 * parameters, and Postgres's the row, that is what people wrote; neither may reach a log.
 */
export const named = <V extends Verbs>(noun: string, verbs: V): V => {
  const wrapped = Object.entries(verbs).map(([name, verb]) => [
    name,
    async (...args: never[]) => {
      try {
        return await verb(...args);
      } catch (error) {
        const root = rootOf(error);
        const Failure = isPassing(root) ? DatabaseAwayError : Error;
        // no cause: loggers print causes
        // oxlint-disable-next-line eslint/preserve-caught-error
        throw new Failure(`${noun}.${name} failed: ${describe(root)}`);
      }
    },
  ]);
  // the same keys, each with a function of the same type
  return Object.fromEntries(wrapped) as V;
};

const rootOf = (error: unknown): unknown =>
  error instanceof Error && error.cause !== undefined ? rootOf(error.cause) : error;

/**
 * Connection lost (08), serialization and deadlock (40), too many connections and a full disk (53), a lock or a
 * time-out (55, 57), and whatever is no answer of Postgres at all: a refused, cut or silent connection.
 * https://www.postgresql.org/docs/17/errcodes-appendix.html
 */
const isPassing = (error: unknown): boolean => {
  if (error instanceof DatabaseError) return /^(?:08|40|53|55|57|25006)/.test(error.code ?? '');
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string') return /^E[A-Z]+$/.test(error.code);
  // pg's own errors have no code
  return /^(?:Connection terminated|Query read timeout|timeout e|Client (?:was closed|has encountered))/.test(
    error.message,
  );
};

const describe = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown error';
  if (!(error instanceof DatabaseError)) return `${error.name}: ${error.message.slice(0, 300)}`;
  // classes 22 (data) and 23 (constraints) quote the value. https://www.postgresql.org/docs/17/errcodes-appendix.html
  const quotesValue = /^2[23]/.test(error.code ?? '');
  return `${error.code} ${quotesValue ? (error.constraint ?? '') : error.message}`.trim();
};
