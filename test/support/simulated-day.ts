// A day on simulated time: real reconcile, ledger and queries; threads that somebody asks in; who waits how long.
import type { Command } from '#core/task.ts';
import { ringBell } from '#core/ring.ts';
import { launchGraceMs } from '#core/worker-life.ts';
import { createTasks } from '#db/tasks.ts';
import { createWorkers } from '#db/workers.ts';
import { createReconcile } from '#functions/handlers/reconcile.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { aLog, aQueue } from '#test/support/fakes.ts';
import { ledgerOn } from '#test/support/reconcile-house.ts';
import { recordAndTell } from '#test/support/record-input.ts';
import { createClock, createDice } from './simulated-clock.ts';
import type { Fate } from './simulated-fleet.ts';
import { createFleet } from './simulated-fleet.ts';
import { createLanes } from './simulated-lanes.ts';

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const pulseMs = 30 * secondMs;
/** After the last event the ticks go on until all that was launched is known to be over. */
const quietMs = 10 * minuteMs;

type DayInput = {
  database: TestDatabase;
  seed: number;
  cap: number;
  fate: Fate;
  /** Of the pokes with which triage asks for a worker at once. */
  lostPokes: number;
  arrivals: (dice: ReturnType<typeof createDice>) => number[];
  endMs: number;
};

export const playDay = async ({ database, seed, cap, fate, lostPokes, arrivals, endMs }: DayInput) => {
  const clock = createClock();
  const dice = createDice(seed);
  const lanes = createLanes(clock.now);
  const tasks = createTasks(database.db);
  const sync = syncWith(database, clock.now);
  const watch = createWatch(clock.now);
  const fleet = createFleet({
    clock,
    dice,
    lanes,
    tasks,
    workers: createWorkers(database.db),
    fate,
    sync,
    watch,
  });
  const reconcile = createReconcile({
    ledger: ledgerOn(database),
    launcher: fleet.launcher,
    lanes: lanes.senders,
    inbox: aQueue().queue,
    cap,
    warm: 0,
    capacity: 'on_demand',
    log: aLog().log,
  });
  const reconcileNow = async () => {
    await sync();
    await reconcile();
  };

  let recorded = 0;
  const arrive = async () => {
    recorded += 1;
    // one of five writes where somebody has written before
    const number = dice.happens(0.2) ? Math.ceil(dice.between(0, recorded)) : recorded;
    const command = dice.oneOf<Command>(['fix', 'fix', 'fix', 'review', 'status', 'discover']);
    await sync();
    const { id, threadKey, lane, generation } = await recordAndTell(tasks, {
      thread: { number },
      request: { command },
    });
    watch.onRecorded(threadKey);
    await ringBell(lanes.senders, { lane, ring: { version: 1, threadKey, taskId: id, generation } });
    if (!dice.happens(lostPokes)) await reconcileNow();
  };
  const tick = async () => {
    clock.after(minuteMs, tick);
    if (watch.isBusy()) await reconcileNow();
  };
  const pulse = async () => {
    clock.after(pulseMs, pulse);
    const alive = fleet.inState('alive');
    if (alive.length === 0) return;
    for (const { held } of alive) if (held) lanes.extend(held);
    await sync();
    await beat(
      database,
      alive.map(({ id }) => id),
    );
  };

  for (const at of arrivals(dice)) clock.after(at, arrive);
  await tick();
  await pulse();
  await clock.run(endMs, () => watch.onOccupied(fleet.occupied(), cap));
  return { recorded, counts: fleet.counts, ...watch.seen() };
};

/** Everything that is stored becomes older by the time that has passed since it was last told. */
const syncWith = ({ query }: TestDatabase, now: () => number) => {
  let toldAt = 0;
  return async () => {
    const seconds = (now() - toldAt) / secondMs;
    toldAt = now();
    if (seconds === 0) return;
    await query(
      `with older as (
         update workers set launched_at = launched_at - make_interval(secs => $1),
           heartbeat_at = heartbeat_at - make_interval(secs => $1) where ended_at is null)
       update tasks set lease_until = lease_until - make_interval(secs => $1),
         rung_at = rung_at - make_interval(secs => $1) where finished_at is null`,
      [seconds],
    );
  };
};

/** Every worker that lives, in one statement: what `renew` and `beat` do for one. */
const beat = ({ query }: TestDatabase, ids: string[]) =>
  query(
    `with beating as (update workers set heartbeat_at = now() where id = any($1))
     update tasks set lease_until = now() + interval '90 seconds' where lease_owner = any($1)`,
    [ids],
  );

export type Watch = ReturnType<typeof createWatch>;

/** Who waits since when, and since when there is room. */
const createWatch = (now: () => number) => {
  const threads = new Map<string, { open: number; isHeld: boolean; freeAt: number }>();
  const waits: number[] = [];
  let fullUntil = 0;
  let mostOccupied = 0;
  let busyUntil = 0;
  const change = (threadKey: string, change: Partial<{ open: number; isHeld: boolean; freeAt: number }>) => {
    const thread = threads.get(threadKey) ?? { open: 0, isHeld: false, freeAt: now() };
    threads.set(threadKey, { ...thread, ...change });
    busyUntil = now() + quietMs;
  };
  const of = (threadKey: string) => threads.get(threadKey) ?? { open: 0, isHeld: false, freeAt: now() };
  return {
    isBusy: () => now() <= busyUntil || [...threads.values()].some(({ open }) => open > 0),
    onRecorded: (threadKey: string) => {
      const { open, freeAt } = of(threadKey);
      change(threadKey, { open: open + 1, freeAt: open === 0 ? now() : freeAt });
    },
    onClaim: (threadKey: string) => {
      const { open, isHeld, freeAt } = of(threadKey);
      if (isHeld || open === 0) throw new Error('two workers at one thread, or one at none');
      waits.push(Math.max(0, now() - Math.max(freeAt, fullUntil)));
      change(threadKey, { isHeld: true });
    },
    onDone: (threadKey: string) =>
      change(threadKey, { open: of(threadKey).open - 1, isHeld: false, freeAt: now() }),
    onKilled: (threadKey: string) => change(threadKey, { isHeld: false, freeAt: now() }),
    onNoRoom: () => {
      fullUntil = Math.max(fullUntil, now());
    },
    /** Nobody can know it before its time is over. */
    onNeverStarted: () => {
      fullUntil = Math.max(fullUntil, now() + launchGraceMs);
    },
    onOccupied: (occupied: number, cap: number) => {
      mostOccupied = Math.max(mostOccupied, occupied);
      if (occupied >= cap) fullUntil = Math.max(fullUntil, now());
    },
    seen: () => ({ waits, mostOccupied }),
  };
};
