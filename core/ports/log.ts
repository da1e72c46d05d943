type Fields = Record<string, unknown>;

/** A constant short message, the facts as fields: ids, never bodies, tokens or signatures. */
export type Log = {
  info: (message: string, fields?: Fields) => void;
  warn: (message: string, fields?: Fields) => void;
  error: (message: string, fields?: Fields) => void;
};
