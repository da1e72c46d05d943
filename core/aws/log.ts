import { Logger } from '@aws-lambda-powertools/logger';
import type { Log } from '#core/ports/log.ts';
import { redactLog } from '#core/redact-log.ts';
import type { Redactor } from '#core/redact.ts';

/** JSON lines on stdout, as CloudWatch reads them. */
export const createLog = (serviceName: string, redactor: Redactor): Log => {
  const logger = new Logger({ serviceName });
  const lines: Log = {
    info: (message, fields = {}) => logger.info(message, fields),
    warn: (message, fields = {}) => logger.warn(message, fields),
    error: (message, fields = {}) => logger.error(message, fields),
  };
  return redactLog(lines, redactor);
};
