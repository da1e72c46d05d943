import type { Redactor } from './redact.ts';

/** The port, whose verbs are given what they are given without the secrets in it. */
export const redactPort = <P extends object>(port: P, redactor: Redactor): P =>
  // the same verbs under the same names
  Object.fromEntries(
    Object.entries(port).map(([name, verb]: [string, unknown]) => [
      name,
      typeof verb === 'function'
        ? (...input: unknown[]): unknown => Reflect.apply(verb, port, redactor.value(input))
        : verb,
    ]),
  ) as P;
