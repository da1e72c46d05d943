// What the case's senders saw of the door, and what becomes of somebody who has not the webhook's secret.
import { createHmac, randomInt, randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { HookDelivery } from '#local/github/hooks.ts';
import type { Evidence } from './evidence.ts';
import type { Trial } from './trial.ts';

/** How long the senders waited for a 202. Not of a door that began anew: a cold start is no promise. */
export const answerFacts = (trial: Trial, asked: readonly HookDelivery[]): Evidence['answers'] => {
  const cold = coldGuids(trial);
  const byGithub = asked.map(({ guid, statusCode, durationSeconds }) => ({
    guid,
    status: statusCode,
    ms: durationSeconds * 1_000,
  }));
  return [...byGithub, ...trial.answers]
    .filter(({ guid, status }) => status === 202 && !cold.has(guid))
    .map(({ guid, ms }) => ({ guid, ms: Math.round(ms) }));
};

const callSchema = z.object({ isCold: z.literal(true), payload: z.string() });
const eventSchema = z.object({ headers: z.record(z.string(), z.string()) });

const coldGuids = ({ house, from }: Trial): Set<string | undefined> =>
  new Set(
    house.journal
      .entries()
      .slice(from.journal)
      .filter(({ twin, call }) => twin === 'lambda' && call === 'github')
      .flatMap(({ detail }) => {
        const { data } = callSchema.safeParse(detail);
        return data ? [eventSchema.parse(JSON.parse(data.payload)).headers['x-github-delivery']] : [];
      }),
  );

/** Sends what would be a request of its own, three times without the right signature. */
export const forgeryFacts = async (
  { house }: Trial,
  { url, request }: HookDelivery,
): Promise<Evidence['forgeries']> => {
  const from = house.journal.entries().length;
  const body = anotherComment(request.body);
  const forgeries = Object.entries({
    'a wrong signature': `sha256=${'0'.repeat(64)}`,
    'no signature': undefined,
    "another secret's signature": `sha256=${createHmac('sha256', randomUUID()).update(body).digest('hex')}`,
  });
  const sent = await Promise.all(
    forgeries.map(async ([name, signature]) => {
      const guid = randomUUID();
      const { 'x-hub-signature-256': _, ...others } = request.headers;
      const headers = {
        ...others,
        'x-github-delivery': guid,
        ...(signature !== undefined && { 'x-hub-signature-256': signature }),
      };
      const { status } = await fetch(url, { method: 'POST', headers, body });
      return { name, guid, status };
    }),
  );
  await house.rest();
  const entries = house.journal.entries().slice(from);
  const rows = await house.query('select id from deliveries where id = any($1)', [
    sent.map(({ guid }) => guid),
  ]);
  return sent.map(({ name, guid, status }) => ({
    name,
    status,
    messages: entries.filter(({ call, detail }) => call === 'SendMessage' && isOf(guid, detail)).length,
    rows: rows.filter(({ id }) => id === guid).length,
  }));
};

const isOf = (guid: string, detail: unknown): boolean => JSON.stringify(detail).includes(guid);

const commentSchema = z.looseObject({ comment: z.looseObject({}) });

/** One that nobody knows yet: no key of Postgres could hide that it was taken. */
const anotherComment = (body: string): string => {
  const { comment, ...payload } = commentSchema.parse(JSON.parse(body));
  return JSON.stringify({ ...payload, comment: { ...comment, id: randomInt(2 ** 40, 2 ** 41) } });
};
