import { DatabaseError } from 'pg';

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
        // no cause: loggers print causes
        // oxlint-disable-next-line eslint/preserve-caught-error
        throw new Error(`${noun}.${name} failed: ${describe(rootOf(error))}`);
      }
    },
  ]);
  // the same keys, each with a function of the same type
  return Object.fromEntries(wrapped) as V;
};

const rootOf = (error: unknown): unknown =>
  error instanceof Error && error.cause !== undefined ? rootOf(error.cause) : error;

const describe = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown error';
  if (!(error instanceof DatabaseError)) return `${error.name}: ${error.message.slice(0, 300)}`;
  // classes 22 (data) and 23 (constraints) quote the value. https://www.postgresql.org/docs/17/errcodes-appendix.html
  const quotesValue = /^2[23]/.test(error.code ?? '');
  return `${error.code} ${quotesValue ? (error.constraint ?? '') : error.message}`.trim();
};
