type Answered = { status: number; headers: Record<string, unknown>; data: unknown };

/** What GitHub answered, when it did: an Octokit error without one is a time-out or a cut connection. */
const answerOf = (error: unknown): Answered | undefined => {
  if (!(error instanceof Error) || !('response' in error)) return undefined;
  // Octokit's RequestError; several copies of its class may be installed, so no instanceof
  return (error as { response?: Answered }).response;
};

/**
 * The 4xx with which GitHub says no for good. undefined for everything that may be different in a minute: 5xx, 408,
 * time-outs, and rate limits, which come as 429 or as 403.
 * https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
 */
export const refusalStatus = (error: unknown): number | undefined => {
  const answer = answerOf(error);
  if (!answer || answer.status < 400 || answer.status >= 500 || answer.status === 408) return undefined;
  return isRateLimit(answer) ? undefined : answer.status;
};

/** undefined where GitHub says no with one of these. */
export const unlessStatus = async <T>(
  statuses: readonly number[],
  act: () => Promise<T>,
): Promise<T | undefined> => {
  try {
    return await act();
  } catch (error) {
    const status = refusalStatus(error);
    if (status !== undefined && statuses.includes(status)) return undefined;
    throw error;
  }
};

export type Refused = { kind: 'refused'; status: number };

/** What it gives, or that GitHub says no for good. A 401 is thrown: another token may do. */
export const orRefused = async <T>(act: () => Promise<T>): Promise<T | Refused> => {
  try {
    return await act();
  } catch (error) {
    const status = refusalStatus(error);
    if (status === undefined || status === 401) throw error;
    return { kind: 'refused', status };
  }
};

/** A secondary limit may come without any header: then only the link to its documentation tells. */
const isRateLimit = ({ status, headers, data }: Answered): boolean => {
  if (status === 429) return true;
  if (status !== 403) return false;
  const { documentation_url: documentation = '' } = (data ?? {}) as { documentation_url?: unknown }; // any JSON
  return (
    headers['retry-after'] !== undefined ||
    headers['x-ratelimit-remaining'] === '0' ||
    String(documentation).includes('rate-limit')
  );
};
