// The tokens of one job: minted when needed, replaced before they end or when GitHub took one back, revoked at its end.
import type { GithubApp, TokenInput } from '#core/platforms/github/app.ts';
import { refusalStatus } from '#core/platforms/github/errors.ts';
import type { GithubClient } from '#core/platforms/github/octokit.ts';
import type { Log } from '#core/ports/log.ts';

type Input = { app: GithubApp; scope: TokenInput; taskId: string; log: Log; now: () => number };
type Minted = { token: string; at: number; octokit: GithubClient };

/** Well before the hour that GitHub gives a token. https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app */
const useTokenForMs = 45 * 60_000;

/** Throws TokenRefusedError when the App is not let in any more. */
export const createGithubTokens = ({ app, scope, taskId, log, now }: Input) => {
  const minted: Minted[] = [];
  let isRefused = false;

  const current = async (): Promise<Minted> => {
    const last = minted.at(-1);
    if (last && !isRefused && now() - last.at < useTokenForMs) return last;
    const { token } = await app.tokenFor(scope);
    const next = { token, at: now(), octokit: app.octokitFor(token) };
    isRefused = false;
    minted.push(next);
    return next;
  };

  return {
    current,
    /** Another token from now on. */
    renew: async (): Promise<void> => {
      isRefused = true;
      await current();
    },
    /** GitHub answers 401 before it does anything, so the same write may be repeated once with a new token. */
    with: async <T>(act: (octokit: GithubClient) => Promise<T>): Promise<T> => {
      try {
        return await act((await current()).octokit);
      } catch (error) {
        if (refusalStatus(error) !== 401) throw error;
        isRefused = true;
        return await act((await current()).octokit);
      }
    },
    /** Revokes every token; one that GitHub does not take back now ends within the hour. */
    end: async (): Promise<void> => {
      const ends = await Promise.allSettled(minted.splice(0).map(({ token }) => app.revoke(token)));
      const failed = ends.filter(({ status }) => status === 'rejected').length;
      if (failed > 0) log.warn('tokens not revoked', { taskId, failed });
    },
  };
};
