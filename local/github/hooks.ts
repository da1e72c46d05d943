// The App's webhook: signs, sends once, remembers every delivery, sends again only when asked.
import { randomUUID } from 'node:crypto';
import type { Journal } from '#local/journal.ts';
import { notFound } from './answers.ts';
import { hookHeaders, post } from './hook-post.ts';
import type { Site } from './site.ts';
import { isoTime } from './site.ts';
import type { Installation, Repository, World } from './world.ts';

export type HookEvent = {
  event: string;
  action: string | null;
  /** Where it goes: an event of a repository whose installation is gone goes nowhere. */
  installation: Installation | undefined;
  repository?: Repository;
  payload: Record<string, unknown>;
};

export type HookDelivery = {
  /** Above 2^53, as GitHub's are. */
  id: bigint;
  guid: string;
  deliveredAt: string;
  redelivery: boolean;
  durationSeconds: number;
  status: string;
  statusCode: number;
  event: string;
  action: string | null;
  installationId: number | null;
  repositoryId: number | null;
  url: string;
  request: { headers: Record<string, string>; body: string };
  response: { headers: Record<string, string>; body: string };
};

type Hook = { url: string | undefined; timeoutMs: number };
type Deps = { world: World; site: Site; secret: string; journal: Journal };
type Outgoing = Pick<
  HookDelivery,
  'guid' | 'redelivery' | 'event' | 'action' | 'installationId' | 'repositoryId'
> & {
  body: string;
};

export type Hooks = ReturnType<typeof createHooks>;

/** https://docs.github.com/webhooks/using-webhooks/handling-webhook-deliveries: an answer later than this is none. */
const answerWithinMs = 10_000;
/** https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks/viewing-webhook-deliveries: the past three days. */
const rememberedMs = 3 * 24 * 60 * 60_000;

export const createHooks = (deps: Deps) => {
  const outbox = createOutbox(deps);

  /** Sends the event if the App subscribed to it; installation events come to every App. Never tries twice. */
  const fire = ({ event, action, installation, repository, payload }: HookEvent) => {
    const isSubscribed = event.startsWith('installation') || installation?.events.includes(event);
    if (!isSubscribed || !installation || (installation.suspended && event !== 'installation')) {
      return Promise.resolve(undefined);
    }
    return outbox.start({
      guid: randomUUID(),
      redelivery: false,
      event,
      action,
      installationId: installation.id,
      repositoryId: repository?.id ?? null,
      body: JSON.stringify(payload),
    });
  };

  /** The same GUID and the same bytes under a new delivery id. */
  const redeliver = (id: string) => {
    const { request, ...delivery } = find(id);
    return outbox.start({ ...delivery, redelivery: true, body: request.body });
  };

  const find = (id: string): HookDelivery => {
    const delivery = remembered().find((candidate) => String(candidate.id) === id);
    if (!delivery) throw notFound();
    return delivery;
  };

  /** What the API still knows. */
  const remembered = (): readonly HookDelivery[] =>
    outbox.deliveries.filter(({ deliveredAt }) => deps.world.now() - Date.parse(deliveredAt) < rememberedMs);

  const deliveries = (): readonly HookDelivery[] => outbox.deliveries;

  return { hook: outbox.hook, fire, redeliver, find, remembered, deliveries, close: outbox.close };
};

const createOutbox = ({ world, site, secret, journal }: Deps) => {
  const hook: Hook = { url: undefined, timeoutMs: answerWithinMs };
  const deliveries: HookDelivery[] = [];
  const underWay = new Set<Promise<unknown>>();
  const closing = new AbortController();
  let lastId = 2n ** 53n + BigInt(Date.now()) * 1000n;

  const deliver = async ({ body, ...facts }: Outgoing, url: string): Promise<HookDelivery> => {
    const id = (lastId += 1n);
    const headers = hookHeaders(site, secret, { ...facts, body });
    const startedAt = performance.now();
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(hook.timeoutMs)]);
    const answer = await post(url, { headers, body, signal });
    const durationSeconds = Math.round(performance.now() - startedAt) / 1000;
    const deliveredAt = isoTime(world.now());
    const delivery = {
      ...facts,
      ...answer,
      id,
      deliveredAt,
      durationSeconds,
      url,
      request: { headers, body },
    };
    deliveries.push(delivery);
    const { guid, redelivery, event, action } = facts;
    const call = action ? `${event}.${action}` : event;
    const detail = { guid, id: String(id), url, redelivery, answer: answer.status };
    journal.record({ twin: 'hook', call, status: answer.statusCode, detail });
    return delivery;
  };

  const start = (outgoing: Outgoing): Promise<HookDelivery | undefined> => {
    if (!hook.url) return Promise.resolve(undefined);
    const delivery = deliver(outgoing, hook.url);
    underWay.add(delivery);
    void delivery.finally(() => underWay.delete(delivery));
    return delivery;
  };

  const close = async () => {
    closing.abort();
    await Promise.allSettled(underWay);
  };

  return { hook, deliveries, start, close };
};
