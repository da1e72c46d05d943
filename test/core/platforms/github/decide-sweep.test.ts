import { describe, expect, it } from 'vitest';
import { decideSweep } from '#core/platforms/github/decide-sweep.ts';
import type { HookDelivery } from '#core/platforms/github/hook-deliveries.ts';

const minutes = 60_000;
const hours = 60 * minutes;
const now = Date.UTC(2026, 0, 4);

type Attempt = [ago: number, statusCode?: number];

let lastId = 2n ** 53n;
/** One webhook: a first attempt, and more when it was asked for again. */
const aWebhook = (guid: string, ...attempts: Attempt[]): HookDelivery[] =>
  attempts.map(([ago, statusCode = 503], index) => ({
    id: String((lastId += 1n)),
    guid,
    at: now - ago,
    redelivery: index > 0,
    statusCode,
    event: 'issue_comment',
    installationId: '4711',
  }));
/** As GitHub lists them: newest first. */
const listed = (...webhooks: HookDelivery[][]) => webhooks.flat().toSorted((one, other) => other.at - one.at);
const guids = (deliveries: HookDelivery[]) => deliveries.map(({ guid }) => guid);

const judged = (...attempts: Attempt[]) => {
  const { redeliver, lost } = decideSweep(listed(aWebhook('g', ...attempts)), now);
  return [...guids(redeliver).map(() => 'redeliver'), ...guids(lost).map(() => 'lost')].join() || 'leave';
};

describe('a webhook', () => {
  it.each<[string, Attempt[], string]>([
    ['was delivered', [[5 * minutes, 202]], 'leave'],
    ['was delivered at last', [[2 * hours], [1 * hours, 200]], 'leave'],
    ['was delivered, and failed when somebody sent it again', [[2 * hours, 202], [1 * hours]], 'leave'],
    ['was delivered, and that long ago', [[71.5 * hours, 202]], 'leave'],
    ['failed a moment ago', [[59_000]], 'leave'],
    ['failed a minute ago', [[60_000]], 'redeliver'],
    ['failed while the sweeper was away', [[70 * hours]], 'redeliver'],
    ['met a redirect', [[5 * minutes, 302]], 'redeliver'],
    ['was refused', [[5 * minutes, 401]], 'redeliver'],
    ['was not answered in time', [[5 * minutes, 504]], 'redeliver'],
    ['got no status at all', [[5 * minutes, 0]], 'redeliver'],
    ['is just being tried again', [[6 * minutes], [3 * minutes]], 'leave'],
    ['failed again five minutes ago', [[6 * minutes], [5 * minutes]], 'redeliver'],
    [
      'failed again and has not rested as long as it had taken',
      [[50 * minutes], [30 * minutes], [24 * minutes]],
      'leave',
    ],
    [
      'failed again and has rested as long as it had taken',
      [[50 * minutes], [30 * minutes], [25 * minutes]],
      'redeliver',
    ],
    ['failed on for a day and rests for less than six hours', [[30 * hours], [5.9 * hours]], 'leave'],
    ['failed on for a day and has rested for six hours', [[30 * hours], [6 * hours]], 'redeliver'],
    ['failed for 71 hours', [[71 * hours], [10 * hours]], 'lost'],
    ['failed for 71 hours and was never tried again', [[71.5 * hours]], 'lost'],
  ])('that %s: %j → %s', (_, attempts, judgement) => {
    expect(judged(...attempts)).toBe(judgement);
  });

  it('whose first attempt GitHub has forgotten is left alone: it was named before', () => {
    const [, again] = aWebhook('g', [72 * hours], [66 * hours]);
    expect(decideSweep([again!], now)).toEqual({ redeliver: [], lost: [] });
  });

  it('is tried about twenty times in three days, ever more slowly, when it never goes through', () => {
    const triedAt = [0];
    for (let age = 5 * minutes; age < 72 * hours; age += 5 * minutes)
      if (judged(...triedAt.map((at): Attempt => [age - at])) === 'redeliver') triedAt.push(age);
    const inMinutes = triedAt.map((at) => at / minutes);
    expect(inMinutes.slice(0, 9)).toEqual([0, 5, 10, 20, 40, 80, 160, 320, 640]);
    expect(inMinutes.at(-1)).toBeGreaterThan(64 * 60);
    expect(inMinutes).toHaveLength(19);
  });
});

describe('a list', () => {
  it('is worked off from its oldest webhook on, each by its newest attempt', () => {
    const older = aWebhook('older', [50 * minutes], [25 * minutes]);
    const newer = aWebhook('newer', [40 * minutes]);
    const { redeliver } = decideSweep(listed(newer, older), now);
    expect(redeliver).toEqual([older[1], newer[0]]);
  });

  it('of other order, or with an entry twice, comes to the same', () => {
    const list = listed(
      aWebhook('a', [50 * minutes], [30 * minutes], [26 * minutes]),
      aWebhook('b', [2 * hours], [1 * hours, 202]),
      aWebhook('c', [71.5 * hours]),
    );
    const decision = decideSweep(list, now);
    expect([guids(decision.redeliver), guids(decision.lost)]).toEqual([['a'], ['c']]);
    expect(decideSweep(list.toReversed(), now)).toEqual(decision);
    expect(decideSweep([...list, ...list], now)).toEqual(decision);
  });

  it('that is empty asks for nothing', () => {
    expect(decideSweep([], now)).toEqual({ redeliver: [], lost: [] });
  });
});
