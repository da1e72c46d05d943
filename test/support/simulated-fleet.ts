// Fargate and the workers on it, on simulated time: what they tell Postgres is told by the real queries.
import type { Launcher, TaskState } from '#core/ports/launcher.ts';
import type { Lane } from '#core/task.ts';
import { ringBell } from '#core/ring.ts';
import type { Tasks } from '#db/tasks.ts';
import type { Workers } from '#db/workers.ts';
import type { Clock, createDice } from './simulated-clock.ts';
import type { Watch } from './simulated-day.ts';
import type { createLanes, Message } from './simulated-lanes.ts';

const secondMs = 1_000;

export type Fate = {
  startMs: readonly [number, number];
  jobMs: readonly [number, number];
  idleMs: number;
  /** Of RunTask: there is no room at this moment; or the task comes to nothing. */
  noRoom: number;
  neverStarts: number;
  /** Of a job: its worker is killed in the middle of it. */
  killed: number;
};
type Deps = {
  clock: Clock;
  dice: ReturnType<typeof createDice>;
  lanes: ReturnType<typeof createLanes>;
  tasks: Tasks;
  workers: Workers;
  fate: Fate;
  /** Before each query: the database learns how late it is. */
  sync: () => Promise<void>;
  watch: Pick<Watch, 'onNoRoom' | 'onNeverStarted' | 'onClaim' | 'onDone' | 'onKilled'>;
};
type Worker = {
  id: string;
  laneOrder: readonly Lane[];
  state: 'starting' | 'lost' | 'alive' | 'over';
  held?: Message;
};

export const createFleet = (deps: Deps) => {
  const { clock, dice, fate } = deps;
  const fleet = new Map<string, Worker>();
  const counts = { launches: 0, surplus: 0, killed: 0, neverStarted: 0 };

  const launcher: Launcher = {
    launch: async ({ workerId, laneOrder }) => {
      if (dice.happens(fate.noRoom)) {
        deps.watch.onNoRoom();
        return { kind: 'no_capacity', reason: 'RESOURCE:CPU' };
      }
      counts.launches += 1;
      const isLost = dice.happens(fate.neverStarts);
      const worker: Worker = { id: workerId, laneOrder, state: isLost ? 'lost' : 'starting' };
      fleet.set(workerId, worker);
      if (isLost) {
        counts.neverStarted += 1;
        deps.watch.onNeverStarted();
      } else clock.after(dice.between(...fate.startMs), () => live(deps, worker, counts));
      return { kind: 'started', taskArn: workerId };
    },
    look: async (taskArns) => new Map(taskArns.map((id) => [id, stateOf(fleet.get(id))])),
    stop: async (taskArn) => {
      throw new Error(`${taskArn} did nothing for which it would have to be stopped`);
    },
  };
  const inState = (state: Worker['state']) => [...fleet.values()].filter((worker) => worker.state === state);
  const occupied = () => inState('starting').length + inState('alive').length;
  return { launcher, counts, inState, occupied };
};

const stateOf = (worker: Worker | undefined): TaskState => {
  if (worker?.state === 'starting' || worker?.state === 'alive') return { kind: 'alive' };
  return { kind: 'stopped', reason: 'the simulation ended it' };
};

type Counts = ReturnType<typeof createFleet>['counts'];

const live = async (deps: Deps, worker: Worker, counts: Counts) => {
  const { clock, workers, sync, fate } = deps;
  worker.state = 'alive';
  await sync();
  await workers.beat(worker.id);
  const idleAt = clock.now() + fate.idleMs;
  const poll = async (): Promise<void> => {
    const message = receive(deps, worker);
    if (message && (await work(deps, { worker, counts, message }))) return;
    if (message) return await poll();
    if (clock.now() < idleAt) return clock.after(3 * secondMs, poll);
    counts.surplus += 1;
    await sync();
    await workers.ended({ workerId: worker.id, reason: 'idle' });
    worker.state = 'over';
  };
  await poll();
};

const receive = ({ lanes }: Deps, { laneOrder }: Worker): Message | undefined => {
  for (const lane of laneOrder) {
    const message = lanes.receive(lane);
    if (message) return message;
  }
  return undefined;
};

type Job = { worker: Worker; counts: Counts; message: Message };

/** False when the ring leads to no job. */
const work = async (deps: Deps, job: Job): Promise<boolean> => {
  const { clock, dice, lanes, tasks, fate, sync } = deps;
  const { worker, counts, message } = job;
  const { threadKey } = message.ring;
  await sync();
  const claim = await tasks.claim({ threadKey, workerId: worker.id });
  if (claim.kind !== 'claimed') {
    lanes.acknowledge(message);
    return false;
  }
  deps.watch.onClaim(threadKey);
  worker.held = message;
  const jobMs = dice.between(...fate.jobMs);
  if (dice.happens(fate.killed)) {
    clock.after(jobMs * dice.between(0, 1), () => {
      counts.killed += 1;
      worker.state = 'over'; // and nobody is told
      deps.watch.onKilled(threadKey);
    });
    return true;
  }
  clock.after(jobMs, () => finish(deps, job, { taskId: claim.job.task.id, fence: claim.job.fence }));
  return true;
};

const finish = async (deps: Deps, { worker, message }: Job, held: { taskId: string; fence: number }) => {
  const { lanes, tasks, workers, sync } = deps;
  const { threadKey } = message.ring;
  await sync();
  const isOurs = await tasks.finish({ ...held, outcome: { status: 'expired' } });
  if (!isOurs) throw new Error(`the lease of ${threadKey} was lost by a worker that lives`);
  deps.watch.onDone(threadKey);
  const bell = await tasks.nextOpen(threadKey);
  if (bell) await ringBell(lanes.senders, bell);
  lanes.acknowledge(message);
  await workers.ended({ workerId: worker.id, reason: 'done' });
  worker.state = 'over';
};
