// The parts of GitHub's payloads that we read: https://docs.github.com/en/webhooks/webhook-events-and-payloads
import * as z from 'zod';

/** Exact text: parsePayload keeps ids as they were written. */
const idSchema = z.string();

export const actionSchema = z.object({ action: z.string() });

const accountTypeSchema = z.object({ type: z.string() });

export const commentPayloadSchema = z.object({
  issue: z.object({
    number: z.number(),
    pull_request: z.unknown().optional(),
    title: z.string(),
    body: z.string().nullish(),
    /** null when the account is gone. */
    user: z.object({ login: z.string() }).nullish(),
    author_association: z.string().nullish(),
  }),
  comment: z.object({
    id: idSchema,
    body: z.string(),
    html_url: z.string(),
    created_at: z.string(),
    user: z.object({ id: idSchema, login: z.string(), type: z.string() }),
    performed_via_github_app: z.unknown().optional(),
  }),
  repository: z.object({ id: idSchema, full_name: z.string() }),
  sender: accountTypeSchema,
  /** Only in what an App receives: a repository's own webhook has none. */
  installation: z.object({ id: idSchema }).optional(),
});
export type CommentPayload = z.infer<typeof commentPayloadSchema>;

export const installationPayloadSchema = z.object({
  installation: z.object({
    id: idSchema,
    /** An enterprise has a slug and no login. */
    account: z.union([z.object({ login: z.string() }), z.object({ slug: z.string() })]),
    suspended_at: z.string().nullish(),
  }),
});

/** JSON with each numeric id as the exact text that was sent: GitHub's ids may pass 2^53. Throws on anything else. */
export const parsePayload = (body: Uint8Array): unknown => {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  // V8 hands the source text to the reviver as a third parameter (ES2026); the library's type has not followed
  const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;
  return parse(text, (key, value, { source }) =>
    key === 'id' && typeof value === 'number' ? (source ?? String(value)) : value,
  );
};

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;
