import { createAppAuth } from '@octokit/auth-app';
import type { Refusal } from '#core/ledger.ts';
import type { Installation } from '#core/task.ts';
import type { Redactor } from '#core/redact.ts';
import { createRedactor } from '#core/redact.ts';
import { refusalStatus } from './errors.ts';
import { markerKeyOf } from './marker.ts';
import type { GithubClient } from './octokit.ts';
import { createOctokit } from './octokit.ts';
import { numberFor } from './reactions.ts';

type AppKey = {
  appId: string;
  privateKey: string;
  apiUrl: string;
  /** Learns the key and every token; what the App writes goes through it. */
  redactor?: Redactor;
};

type Level = 'read' | 'write';
export type TokenInput = {
  tenantId: string;
  repository: string;
  /** Stays the same when the repository is renamed, and does not pass to whoever takes the name. */
  repositoryId?: string;
  permissions: { contents?: Level; issues?: Level; pull_requests?: Level; metadata?: Level };
};
export type InstallationToken = { token: string; expiresAt: string };

/** GitHub gives no token for this installation and repository, and will not in a minute either. */
export class TokenRefusedError extends Error {
  override name = 'TokenRefusedError';
  readonly reason: Exclude<Refusal, 'no_permission'>;
  constructor(reason: TokenRefusedError['reason'], options: ErrorOptions) {
    super(`GitHub refuses a token: ${reason}`, options);
    this.reason = reason;
  }
}

export type GithubApp = ReturnType<typeof createGithubApp>;

/**
 * Acts as the App: mints a token per task (one repository, the rights that were asked for, one hour) and revokes it.
 * Never a token from a cache: another task might revoke it. https://docs.github.com/en/rest/apps/apps
 */
export const createGithubApp = ({ appId, privateKey, apiUrl, redactor = createRedactor() }: AppKey) => {
  const baseUrl = apiUrl.replace(/\/+$/, '');
  const auth = { appId, privateKey };
  const paceId = `app ${appId}`;
  const asApp = createOctokit({ baseUrl, authStrategy: createAppAuth, auth, paceId, redactor });

  const octokitFor = (token: string): GithubClient =>
    createOctokit({ baseUrl, auth: token, paceId: crypto.randomUUID(), redactor });

  const tokenFor = async (input: TokenInput): Promise<InstallationToken> => {
    try {
      const { data } = await asApp.request('POST /app/installations/{installation_id}/access_tokens', {
        installation_id: numberFor(input.tenantId),
        permissions: input.permissions,
        ...scopeOf(input),
      });
      redactor.register('github-token', data.token);
      return { token: data.token, expiresAt: data.expires_at };
    } catch (error) {
      throw toRefused(error) ?? error;
    }
  };

  const revoke = async (token: string): Promise<void> => {
    try {
      await octokitFor(token).request('DELETE /installation/token');
    } catch (error) {
      if (refusalStatus(error) !== 401) throw error; // 401: it has ended already
    }
  };

  /** What GitHub knows of an installation now; undefined when there is none. */
  const installation = async (tenantId: string): Promise<Installation | undefined> => {
    try {
      const { data } = await asApp.request('GET /app/installations/{installation_id}', {
        installation_id: numberFor(tenantId),
      });
      const account = data.account && ('login' in data.account ? data.account.login : data.account.slug);
      const status = data.suspended_at ? 'suspended' : 'active';
      return { platform: 'github', tenantId, account: account ?? 'unknown', status };
    } catch (error) {
      if (refusalStatus(error) === 404) return undefined;
      throw error;
    }
  };

  /** The login under which the App writes. */
  const botLogin = async (): Promise<string> => {
    const { data } = await asApp.request('GET /app');
    return `${data?.slug ?? ''}[bot]`;
  };

  const markerKey = markerKeyOf(privateKey);
  redactor.register('private-key', privateKey);
  redactor.register('marker-key', markerKey);
  return { appId, markerKey, asApp, tokenFor, octokitFor, revoke, installation, botLogin };
};

/** GitHub's JSON takes ids as numbers only, so one beyond 2^53 has to go by name. */
const scopeOf = ({ repository, repositoryId }: TokenInput) =>
  repositoryId !== undefined && Number.isSafeInteger(Number(repositoryId))
    ? { repository_ids: [Number(repositoryId)] }
    : { repositories: [repository.split('/')[1] ?? ''] };

/** https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app--status-codes */
const toRefused = (error: unknown): TokenRefusedError | undefined => {
  switch (refusalStatus(error)) {
    case 403:
      return new TokenRefusedError('suspended', { cause: error });
    case 404:
      return new TokenRefusedError('not_installed', { cause: error });
    case 422:
      return new TokenRefusedError('repository_not_covered', { cause: error });
    default:
      return undefined;
  }
};
