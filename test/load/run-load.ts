// One run: the house, the deliveries, the disasters, the end, and what is wrong with it.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startDisasters } from './disasters.ts';
import type { End } from './ends.ts';
import { endsOf } from './ends.ts';
import { gather } from './gather.ts';
import type { Check } from './judge.ts';
import { judge } from './judge.ts';
import type { Latency } from './latency.ts';
import { latencyOf } from './latency.ts';
import type { LoadHouse } from './load-house.ts';
import { startLoadHouse } from './load-house.ts';
import { makePlan } from './plan.ts';
import { prepare } from './requests.ts';
import type { Sent } from './send.ts';
import { send } from './send.ts';
import { settle } from './settle.ts';
import type { Size } from './size.ts';

export type Report = {
  size: Size;
  sent: readonly Sent[];
  ends: readonly End[];
  latency: Latency;
  checks: readonly Check[];
  kills: number;
  restarts: number;
  tasks: number;
  rounds: number;
  sendingSeconds: number;
  seconds: number;
  logs: readonly string[];
};

export type Progress = { phase: 'starting' | 'sending' | 'working' | 'late' | 'looking'; done: number };

type Options = {
  onProgress: (progress: Progress) => void;
  onProcess?: (pid: number) => void;
  signal: AbortSignal;
};

export const runLoad = async (size: Size, options: Options): Promise<Report> => {
  const stateDir = mkdtempSync(join(tmpdir(), 'load-')); // short: a socket's path has about a hundred bytes
  chmodSync(stateDir, 0o755); // Postgres's and the agent's uid pass through
  const capped = AbortSignal.any([options.signal, AbortSignal.timeout(size.capMs)]);
  options.onProgress({ phase: 'starting', done: 0 });
  const house = await startLoadHouse({ stateDir, onProcess: options.onProcess ?? (() => {}) });
  try {
    return await Promise.race([play(house, size, { ...options, signal: capped }), over(capped, size)]);
  } finally {
    await house.close();
    rmSync(stateDir, { recursive: true, force: true });
  }
};

const over = async (signal: AbortSignal, { capMs }: Size): Promise<never> => {
  await new Promise((resolve) => {
    if (signal.aborted) return resolve(undefined);
    signal.addEventListener('abort', resolve, { once: true });
  });
  throw new Error(`the run was ended: interrupted, or longer than ${capMs / 60_000} minutes`);
};

/** What SQS deduplicates within, and some more. */
const sqsForgetsSeconds = 330;

const play = async (house: LoadHouse, size: Size, { onProgress, signal }: Options): Promise<Report> => {
  const startedAt = performance.now();
  const { numbers, soon, late } = await prepare(house, makePlan(size), size.threads);
  await warmUp(house);
  const counts = { soon: 0, late: 0 };
  const sending = { url: house.github.hook.url ?? '', perSecond: size.perSecond, signal };
  const halfMs = (soon.length / size.perSecond) * 500;
  const disasters = startDisasters(house, { ...size, cutDownAfterMs: halfMs });
  const sendingAt = performance.now();
  const sentSoon = await send(soon, {
    ...sending,
    onSent: () => onProgress({ phase: 'sending', done: (counts.soon += 1) }),
  });
  const sendingSeconds = (performance.now() - sendingAt) / 1_000;
  const working = {
    signal,
    onWait: () => onProgress({ phase: 'working', done: house.workers.endedTasks() }),
  };
  const { rounds } = await settle(house, working).finally(disasters.end);
  await house.pass(sqsForgetsSeconds);
  const sentLate = await send(late, {
    ...sending,
    onSent: () => onProgress({ phase: 'late', done: (counts.late += 1) }),
  });
  await settle(house, working);
  onProgress({ phase: 'looking', done: 0 });
  const sent = [...sentSoon, ...sentLate];
  const { kills, restarts } = disasters.counts;
  const leftoverTokens = disasters.leftoverTokens().length;
  const { evidence, rows, tasks } = await gather({
    house,
    sent,
    threads: numbers,
    kills,
    rounds,
    leftoverTokens,
  });
  const ends = endsOf(sent, { rows, tasks });
  const latency = latencyOf(sent.map(({ latencyMs }) => latencyMs));
  const asked = sent.filter(({ planned }) => planned.kind === 'ask' && planned.by === 'writer').length;
  return {
    size,
    sent,
    ends,
    latency,
    kills,
    restarts,
    rounds,
    sendingSeconds,
    logs: house.logs,
    checks: judge({ evidence, ends, latency, asked, size }),
    tasks: tasks.length,
    seconds: (performance.now() - startedAt) / 1_000,
  };
};

/** The first call of an environment is slow and measured by nobody here; the house has two for each function. */
const warmUp = async ({ github }: LoadHouse) => {
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(Array.from({ length: 4 }, () => fetch(github.hook.url ?? '', { method: 'POST' })));
    await wait(0);
  }
};
