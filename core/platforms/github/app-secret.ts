import * as z from 'zod';
import type { SecretReader } from '#core/ports/secrets.ts';
import type { Redactor } from '#core/redact.ts';
import type { GithubApp } from './app.ts';
import { createGithubApp } from './app.ts';

/** The App's identity as it lies in the secret. Keys from GitHub are PKCS#1; a JSON editor may have left `\n` as two characters. */
export const githubAppSecretSchema = z.object({
  appId: z.union([z.string(), z.number().transform(String)]).pipe(z.string().regex(/^[A-Za-z0-9.]{1,40}$/)),
  privateKey: z
    .string()
    .transform((text) => text.replaceAll(String.raw`\n`, '\n').trim())
    .pipe(z.string().regex(/^-----BEGIN (?:RSA )?PRIVATE KEY-----\n/, 'privateKey is a PEM text')),
});

type Source = { reader: SecretReader; secretId: string; apiUrl: string; redactor?: Redactor };

/** Gives the App as the secret is now: a rotated key is taken up when the reader sees it. */
export const createGithubAppSource = ({ reader, secretId, ...app }: Source): (() => Promise<GithubApp>) => {
  let last: { secret: unknown; app: GithubApp } | undefined;
  return async () => {
    const secret = await reader.read(secretId);
    if (last && last.secret === secret) return last.app;
    last = { secret, app: createGithubApp({ ...githubAppSecretSchema.parse(secret), ...app }) };
    return last.app;
  };
};
