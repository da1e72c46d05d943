// What went wrong on the way to the ledger, in a line that says what to do.
import { Problem } from './answer.ts';

type Call = { name: string; away: string };

const noCredentials =
  'No AWS credentials that work: log in (for example "aws sso login"), or set AWS_PROFILE.';

const byName: Record<string, (call: Call) => string> = {
  ResourceNotFoundException: ({ name }) =>
    `There is no function ${name} in this account and region: the stack's output LedgerFunction names it.`,
  AccessDeniedException: ({ name }) =>
    `AWS does not let you call ${name}: your role needs lambda:InvokeFunction on it.`,
  CredentialsProviderError: () => noCredentials,
  UnrecognizedClientException: () => noCredentials,
  ExpiredTokenException: () => noCredentials,
  InvalidSignatureException: () => noCredentials,
  TimeoutError: ({ away }) => away,
};

export const toProblem = (error: unknown, call: Call): Problem => {
  const name = error instanceof Error ? error.name : '';
  const tell = Object.hasOwn(byName, name) ? byName[name] : undefined;
  if (tell) return new Problem(tell(call), { cause: error });
  if (isUnreachable(error)) return new Problem(call.away, { cause: error });
  const detail = error instanceof Error ? error.message : String(error);
  return new Problem(`${detail}. The log of ${call.name} says more.`, { cause: error });
};

/** The system's own codes: ECONNREFUSED, ENOTFOUND, … */
const isUnreachable = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^E[A-Z]+$/.test(String(error.code));
