import { mapTexts } from './map-texts.ts';
import type { Log } from './ports/log.ts';
import type { Redactor } from './redact.ts';
import { printable } from './text.ts';

type Fields = Record<string, unknown>;

/** The log, which gets no secret and nothing that a terminal would obey or not show: in no message and no field. */
export const redactLog = (log: Log, redactor: Redactor): Log => {
  const clean = (text: string) => printable(redactor.text(text));
  const at =
    (level: keyof Log) =>
    (message: string, fields: Fields = {}) =>
      log[level](clean(message), mapTexts(fields, clean));
  return { info: at('info'), warn: at('warn'), error: at('error') };
};
