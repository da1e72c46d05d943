import type { HookDelivery } from './hook-deliveries.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** GitHub lists a delivery, and sends it again, for three days. */
export const keptMs = 72 * hourMs;
/** In its last hour it is named as lost, while a person can still have it sent again by hand. */
const givenUpMs = 71 * hourMs;

/** What GitHub has just sent may still be on its way into its own list. */
const firstRestMs = minuteMs;
/** A retry needs a moment to be made and to appear; less than the five minutes between two sweeps. */
const leastRestMs = 4 * minuteMs;
const mostRestMs = 6 * hourMs;

/** The newest attempt at each webhook, oldest webhook first. */
export type Sweep = { redeliver: HookDelivery[]; lost: HookDelivery[] };
type Judgement = 'delivered' | 'resting' | 'due' | 'lost' | 'past';

/**
 * What to do about a list of deliveries. It is all the state there is: an attempt that was asked for stands in the next list.
 * The waits double, so an outage is healed within as long again as it lasted, and a webhook that never goes through is
 * tried about twenty times.
 */
export const decideSweep = (deliveries: readonly HookDelivery[], now: number): Sweep => {
  // the list is newest first and knows whole seconds: what happened in one second keeps its order
  const webhooks = [...Map.groupBy(deliveries.toReversed(), ({ guid }) => guid).values()]
    .map(toWebhook)
    .toSorted((one, other) => one.first.at - other.first.at);
  const judged = (judgement: Judgement) =>
    webhooks.filter((webhook) => judge(webhook, now) === judgement).map(({ newest }) => newest);
  return { redeliver: judged('due'), lost: judged('lost') };
};

type Webhook = { first: HookDelivery; newest: HookDelivery; isDelivered: boolean };

const toWebhook = (attempts: readonly HookDelivery[]): Webhook => {
  const [first, ...later] = attempts.toSorted((one, other) => one.at - other.at) as [
    HookDelivery, // a group has at least one
    ...HookDelivery[],
  ];
  return {
    first,
    newest: later.at(-1) ?? first,
    isDelivered: attempts.some(({ statusCode }) => statusCode >= 200 && statusCode < 300),
  };
};

const judge = ({ first, newest, isDelivered }: Webhook, now: number): Judgement => {
  if (isDelivered) return 'delivered';
  // its first attempt is no longer in sight: it was named an hour ago
  if (first.redelivery) return 'past';
  if (now - first.at >= givenUpMs) return 'lost';
  return now - newest.at >= restMs(first, newest) ? 'due' : 'resting';
};

const restMs = (first: HookDelivery, newest: HookDelivery): number =>
  newest === first ? firstRestMs : Math.min(mostRestMs, Math.max(leastRestMs, newest.at - first.at));
