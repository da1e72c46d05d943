import { createHash } from 'node:crypto';
import type { DeliveryEvent, Inbound } from '#core/delivery.ts';
import { deliverySchema } from '#core/delivery.ts';
import { cutText } from '#core/cut-text.ts';
import { parseRequest } from '#core/grammar.ts';
import { hmacMatches } from '#core/signature.ts';
import type { SecretAge } from '#core/ports/secrets.ts';
import type { Installation } from '#core/task.ts';
import { markerPrefix } from './marker.ts';
import type { CommentPayload } from './payload.ts';
import { actionSchema, commentPayloadSchema, installationPayloadSchema, parsePayload } from './payload.ts';

export type WebhookRequest = {
  /** Names in lower case, as API Gateway gives them. */
  headers: Record<string, string | undefined>;
  body: Uint8Array;
};

type Deps = {
  /** Throws when there is none: then nobody is let in. */
  secrets: (age?: SecretAge) => Promise<readonly string[]>;
  mention: string;
  now?: () => Date;
};

/** Verifies the raw bytes, and only then reads them. https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries */
export const createGithubWebhook =
  ({ secrets, mention, now = () => new Date() }: Deps) =>
  async ({ headers, body }: WebhookRequest): Promise<Inbound> => {
    const signatureHex = /^sha256=(.*)$/.exec(headers['x-hub-signature-256'] ?? '')?.[1] ?? '';
    if (!(await isSigned({ body, signatureHex }, secrets))) return rejected(401, 'signature');

    const event = headers['x-github-event'];
    const id = headers['x-github-delivery'];
    // the id becomes an SQS deduplication id: at most 128 characters of a small alphabet
    if (!event || !id || !/^[A-Za-z0-9-]{1,128}$/.test(id)) return rejected(400, 'headers');

    const payload = tryParse(body);
    if (!payload) return rejected(400, 'not_json');
    const read = readEvent(event, payload.value, mention);
    if (read.kind !== 'event') return read;

    const bodySha256 = createHash('sha256').update(body).digest('hex');
    const delivery = deliverySchema.safeParse({
      version: 1,
      platform: 'github',
      id,
      bodySha256,
      receivedAt: now().toISOString(),
      event: read.event,
    });
    return delivery.success ? { kind: 'accepted', delivery: delivery.data } : rejected(400, 'payload');
  };

/** The sender may know a new secret before we do; but whoever guesses makes us ask once a minute at most. */
const signatureAge = { maxAgeMs: 60_000 };

const isSigned = async (
  signed: { body: Uint8Array; signatureHex: string },
  secrets: Deps['secrets'],
): Promise<boolean> =>
  hmacMatches({ ...signed, secrets: await secrets() }) ||
  hmacMatches({ ...signed, secrets: await secrets(signatureAge) });

type Refused = Exclude<Inbound, { kind: 'accepted' }>;
type Read = { kind: 'event'; event: DeliveryEvent } | Refused;
type Rejected = Extract<Inbound, { kind: 'rejected' }>;
type Ignored = Extract<Inbound, { kind: 'ignored' }>;

const rejected = (status: Rejected['status'], reason: Rejected['reason']): Refused => ({
  kind: 'rejected',
  status,
  reason,
});
const ignored = (reason: Ignored['reason']): Refused => ({ kind: 'ignored', reason });

const tryParse = (body: Uint8Array): { value: unknown } | undefined => {
  try {
    return { value: parsePayload(body) };
  } catch {
    return undefined; // not UTF-8, not JSON, or nested too deep to be a payload: the sender's fault in each case
  }
};

const readEvent = (event: string, payload: unknown, mention: string): Read => {
  switch (event) {
    case 'ping':
      return ignored('ping');
    case 'issue_comment':
      return readComment(payload, mention);
    case 'installation':
      return readInstallation(payload);
    default:
      return ignored('event_not_handled');
  }
};

const readComment = (payload: unknown, mention: string): Read => {
  const action = actionSchema.safeParse(payload).data?.action;
  if (action === undefined) return rejected(400, 'payload');
  if (action === 'edited') return ignored('edited');
  if (action !== 'created') return ignored('event_not_handled');

  const parsed = commentPayloadSchema.safeParse(payload);
  if (!parsed.success) return rejected(400, 'payload');
  const { comment, sender, installation } = parsed.data;
  if (comment.body.includes(markerPrefix)) return ignored('own_comment');
  const isBot =
    sender.type === 'Bot' ||
    comment.user.type === 'Bot' ||
    (comment.performed_via_github_app ?? null) !== null;
  if (isBot) return ignored('bot_sender');
  const text = cutText(comment.body, maxTextBytes, '\n\n[cut: the comment is longer]');
  if (!parseRequest(text, mention)) return ignored('no_mention');
  if (!installation) return rejected(400, 'payload');
  return { kind: 'event', event: toMention(parsed.data, installation.id, text) };
};

const maxTextBytes = 64 * 1024;
const maxSubjectBytes = 16 * 1024;
const maxTitleBytes = 1024;

const toMention = (payload: CommentPayload, tenantId: string, text: string): DeliveryEvent => {
  const { issue, comment, repository } = payload;
  return {
    kind: 'mention',
    thread: {
      platform: 'github',
      tenantId,
      repositoryId: repository.id,
      repository: repository.full_name,
      number: issue.number,
      isPullRequest: (issue.pull_request ?? null) !== null,
    },
    trigger: {
      key: `issue_comment:${comment.id}`,
      kind: 'issue_comment',
      commentId: comment.id,
      author: { id: comment.user.id, login: comment.user.login },
      text,
      url: comment.html_url,
      createdAt: comment.created_at,
      subject: {
        title: cutText(issue.title, maxTitleBytes, '[cut]'),
        body: cutText(issue.body ?? '', maxSubjectBytes, '\n\n[cut: it is longer]'),
        author: { login: issue.user?.login ?? 'ghost', role: issue.author_association ?? 'NONE' },
      },
    },
  };
};

type Status = Installation['status'];

/** The state that an action leaves behind; new permissions change nothing about it. */
const statusAfter = (action: string | undefined, isSuspended: boolean): Status | undefined => {
  switch (action) {
    case 'created':
    case 'unsuspend':
      return 'active';
    case 'suspend':
      return 'suspended';
    case 'deleted':
      return 'deleted';
    case 'new_permissions_accepted':
      return isSuspended ? 'suspended' : 'active';
    default:
      return undefined;
  }
};

const readInstallation = (payload: unknown): Read => {
  const parsed = installationPayloadSchema.safeParse(payload);
  if (!parsed.success) return rejected(400, 'payload');
  const { id, account, suspended_at } = parsed.data.installation;
  const status = statusAfter(actionSchema.safeParse(payload).data?.action, (suspended_at ?? null) !== null);
  if (!status) return ignored('event_not_handled');
  const name = 'login' in account ? account.login : account.slug;
  return {
    kind: 'event',
    event: {
      kind: 'installation',
      installation: { platform: 'github', tenantId: id, account: name, status },
    },
  };
};
