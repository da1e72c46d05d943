// Installation tokens: what they open, until when.
import { randomBytes } from 'node:crypto';
import { refusal } from './answers.ts';
import type { Installation, Level, Permissions, Repository, World } from './world.ts';

export type Token = {
  value: string;
  installation: Installation;
  repositoryIds: ReadonlySet<number>;
  permissions: Permissions;
  expiresAt: number;
};

/** `issues:write` and the like; holding any one of a list is enough. */
export type Need = `${string}:${Level}`;

export type Tokens = ReturnType<typeof createTokens>;

const lifeMs = 60 * 60 * 1000;

export const createTokens = (world: World, appId: number) => {
  const tokens = new Map<string, Token>();

  const mint = (rights: Pick<Token, 'installation' | 'repositoryIds' | 'permissions'>): Token => {
    const token = { ...rights, value: tokenText(appId, world.now()), expiresAt: world.now() + lifeMs };
    tokens.set(token.value, token);
    return token;
  };

  /** The token behind a request; throws GitHub's 401 when there is none, or it is unknown, revoked or expired. */
  const check = (value: string | undefined): Token => {
    if (!value) throw refusal(401, 'Requires authentication');
    const token = tokens.get(value);
    const { installation } = token ?? {};
    if (
      !token ||
      !installation ||
      token.expiresAt <= world.now() ||
      !world.installations.has(installation.id)
    ) {
      throw refusal(401, 'Bad credentials');
    }
    if (installation.suspended) throw refusal(403, 'This installation has been suspended');
    return token;
  };

  /** Whose request it is, for the journal; the token may be anything. */
  const installationIdOf = (value: string | undefined): number | undefined =>
    value ? tokens.get(value)?.installation.id : undefined;

  /** Those that still open something. */
  const live = (): string[] =>
    [...tokens.values()].filter(({ expiresAt }) => expiresAt > world.now()).map(({ value }) => value);

  return { mint, check, live, revoke: (token: Token) => void tokens.delete(token.value), installationIdOf };
};

/** In the token's scope, and still in the installation's. */
export const covers = (token: Token, repository: Repository): boolean =>
  token.repositoryIds.has(repository.id) && token.installation.repositoryIds.has(repository.id);

export const holds = (token: Token, needs: readonly Need[]): boolean =>
  needs.some((need) => {
    const [name = '', level] = need.split(':');
    const held = token.permissions[name];
    return held === 'write' || (held === 'read' && level === 'read');
  });

/** GitHub's long form, ghs_<app id>_<jwt>, about 520 characters. Only GitHub reads it, so the signature here is noise. */
const tokenText = (appId: number, now: number): string => {
  const part = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url');
  const issuedAt = Math.floor(now / 1000);
  const payload = {
    iss: appId,
    iat: issuedAt,
    exp: issuedAt + lifeMs / 1000,
    jti: randomBytes(8).toString('hex'),
  };
  return `ghs_${appId}_${part({ alg: 'RS256', typ: 'JWT' })}.${part(payload)}.${randomBytes(256).toString('base64url')}`;
};
