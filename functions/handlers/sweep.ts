import { describeError } from '#core/describe-error.ts';
import type { GithubApp } from '#core/platforms/github/app.ts';
import { decideSweep, keptMs } from '#core/platforms/github/decide-sweep.ts';
import { refusalStatus } from '#core/platforms/github/errors.ts';
import type { HookDelivery } from '#core/platforms/github/hook-deliveries.ts';
import { hookDeliveriesSince, requestRedelivery } from '#core/platforms/github/hook-deliveries.ts';
import type { Log } from '#core/ports/log.ts';

type Deps = { app: () => Promise<GithubApp>; log: Log; now?: () => number };
type AsApp = GithubApp['asApp'];
type End = 'requested' | 'refused' | 'unclear';

/** An alarm looks for this line. */
export const lostMessage = 'delivery lost';

/** Octokit lets a second pass between two writes, and the next sweep begins in five minutes. */
const mostRequests = 100;
/** GitHub is away or wants fewer calls: the rest is for the next sweep. */
const mostUnclear = 3;

/**
 * GitHub tries a webhook once. This finds the failed ones in its list and asks for them again; nothing is remembered but
 * which losses this process has named, so a sweep that dies or throws is made good by the next one.
 */
export const createSweep = ({ app, log, now = Date.now }: Deps) => {
  let named: ReadonlySet<string> = new Set();

  const sweep = async (): Promise<void> => {
    const { asApp } = await app();
    const { deliveries, isWhole } = await hookDeliveriesSince(asApp, now() - keptMs);
    if (!isWhole) log.warn('too many deliveries to read them all', { read: deliveries.length });
    const { redeliver, lost } = decideSweep(deliveries, now());
    for (const delivery of lost) if (!named.has(delivery.guid)) log.error(lostMessage, factsOf(delivery));
    named = new Set(lost.map(({ guid }) => guid));
    const counts = await request(redeliver.slice(0, mostRequests), { asApp, log });
    log.info('swept', { read: deliveries.length, due: redeliver.length, lost: lost.length, ...counts });
    if (counts.unclear > 0) throw new Error('some deliveries could not be asked for');
  };

  return async (): Promise<void> => {
    try {
      await sweep();
    } catch (error) {
      log.error('not swept', describeError(error));
      throw error;
    }
  };
};

type Asking = { asApp: AsApp; log: Log };

const request = async (deliveries: HookDelivery[], asking: Asking): Promise<Record<End, number>> => {
  const counts: Record<End, number> = { requested: 0, refused: 0, unclear: 0 };
  for (const delivery of deliveries) {
    if (counts.unclear >= mostUnclear) break;
    counts[await requestOne(delivery, asking)] += 1;
  }
  return counts;
};

const requestOne = async (delivery: HookDelivery, { asApp, log }: Asking): Promise<End> => {
  try {
    await requestRedelivery(asApp, delivery.id);
    log.info('redelivery requested', factsOf(delivery));
    return 'requested';
  } catch (error) {
    const isRefused = refusalStatus(error) !== undefined;
    log.warn(isRefused ? 'redelivery refused' : 'redelivery without a clear answer', {
      ...factsOf(delivery),
      ...describeError(error),
    });
    return isRefused ? 'refused' : 'unclear';
  }
};

const factsOf = ({ id, guid, event, installationId }: HookDelivery) => ({
  guid,
  hookDeliveryId: id,
  event,
  installationId,
});
