import type { Log } from '#core/ports/log.ts';

type Facts = Record<string, unknown>;

/** A worker does one job: from when it is known, every line of whatever part of the worker names it. */
export const createJobLog = (log: Log) => {
  let job: Facts = {};
  const at =
    (level: keyof Log) =>
    (message: string, fields: Facts = {}) =>
      log[level](message, { ...job, ...fields });
  return {
    log: { info: at('info'), warn: at('warn'), error: at('error') } satisfies Log,
    about: (facts: Facts) => {
      job = facts;
    },
  };
};
