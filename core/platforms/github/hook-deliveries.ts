import * as z from 'zod';
import type { GithubClient } from './octokit.ts';
import { numberFor } from './reactions.ts';

/** One attempt of GitHub to hand us a webhook; all attempts at one webhook share its guid. */
export type HookDelivery = {
  /** Beyond 2^53: text, and never a number. */
  id: string;
  guid: string;
  at: number;
  redelivery: boolean;
  statusCode: number;
  event: string;
  installationId: string | null;
};

/** Octokit parses what a number cannot hold as bigint; should it ever stop, z.int() refuses an id that lost digits. */
const idSchema = z.union([z.int(), z.bigint()]).transform(String);

const pageSchema = z.array(
  z
    .object({
      id: idSchema,
      guid: z.string().min(1),
      delivered_at: z.iso.datetime({ offset: true }),
      redelivery: z.boolean(),
      status_code: z.number(),
      event: z.string(),
      installation_id: idSchema.nullable(),
    })
    .transform(
      ({ id, guid, delivered_at, redelivery, status_code, event, installation_id }): HookDelivery => ({
        id,
        guid,
        at: Date.parse(delivered_at),
        redelivery,
        statusCode: status_code,
        event,
        installationId: installation_id,
      }),
    ),
);

const perPage = 100;
/** Ten thousand deliveries: a sweep takes them in half a minute and stays far below the App's 5,000 calls an hour. */
const mostPages = 100;

/**
 * GitHub's own list, newest first, as far back as asked. Where it is too long to be read to its end, `isWhole` is false:
 * of every delivery that is in sight all later attempts are, too.
 * https://docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook
 */
export const hookDeliveriesSince = async (
  asApp: GithubClient,
  since: number,
): Promise<{ deliveries: HookDelivery[]; isWhole: boolean }> => {
  const deliveries: HookDelivery[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const { data, headers } = await asApp.request('GET /app/hook/deliveries', {
      per_page: perPage,
      ...(cursor !== undefined && { cursor }),
    });
    const found = pageSchema.parse(data);
    deliveries.push(...found.filter(({ at }) => at > since));
    cursor = nextCursor(headers.link);
    if (cursor === undefined || found.some(({ at }) => at <= since)) return { deliveries, isWhole: true };
  }
  return { deliveries, isWhole: false };
};

/** Only the cursor is taken of the link: where to ask is ours to say. */
const nextCursor = (link: string | undefined): string | undefined => {
  const [, next] = /<([^>]+)>;\s*rel="next"/.exec(link ?? '') ?? [];
  return next === undefined ? undefined : (new URL(next).searchParams.get('cursor') ?? undefined);
};

/**
 * Asks for one more attempt; GitHub makes it a moment later, under the same guid. A write: never repeated here, for the
 * next list tells whether it came to pass.
 * https://docs.github.com/en/rest/apps/webhooks#redeliver-a-delivery-for-an-app-webhook
 */
export const requestRedelivery = async (asApp: GithubClient, id: string): Promise<void> => {
  await asApp.request('POST /app/hook/deliveries/{delivery_id}/attempts', { delivery_id: numberFor(id) });
};
