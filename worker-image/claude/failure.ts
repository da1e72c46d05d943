// Which class of core/failure.ts a failed call of the model is in.
import type { FailureClass } from '#core/failure.ts';
import type { ClaudeError } from './stream.ts';

/**
 * The CLI's word for it. A used-up account is told with status 400, a provider that cannot be reached with none.
 * Without a class are the failures that lie in the request itself: a refusal, a conversation that is too long.
 */
export const failureOfError = ({ kind, status }: ClaudeError): FailureClass | undefined => {
  if (kind === 'billing_error') return 'billing';
  if (status !== null) return failureOfStatus(status);
  return kinds.get(kind);
};

/** https://docs.anthropic.com/en/api/errors */
export const failureOfStatus = (status: number): FailureClass | undefined => {
  if (status >= 500) return 'overloaded';
  return statuses.get(status);
};

const statuses = new Map<number, FailureClass>([
  [401, 'auth'],
  [402, 'billing'],
  [403, 'auth'],
  [404, 'model_gone'],
  [429, 'rate_limited'],
]);

const kinds = new Map<string, FailureClass>([
  ['authentication_failed', 'auth'],
  ['rate_limit', 'rate_limited'],
  ['model_not_found', 'model_gone'],
  ['overloaded', 'overloaded'],
  ['server_error', 'unreachable'],
]);
