// The house in which workers are killed: strict queues on a clock that jumps, a mortal Postgres, workers on the harness's line.
import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ECSClient } from '@aws-sdk/client-ecs';
import { createLauncher } from '#core/aws/ecs.ts';
import { credentials, region } from '#local/aws/names.ts';
import { startStrictQueues } from '#local/aws/strict-queues.ts';
import { createClock } from '#local/clock.ts';
import { createFaults } from '#local/faults.ts';
import type { House } from '#local/house.ts';
import { startHouse } from '#local/house.ts';
import type { Journal } from '#local/journal.ts';
import { workerContainer, workerTaskDefinition } from '#local/house-worker.ts';
import { createJournal } from '#local/journal.ts';
import { folderInReach, programInReach } from '#local/reach.ts';
import { sweep } from '#local/sweep.ts';
import { localClaudeBinary } from '#worker/claude/binary.ts';
import { bundleWorker } from './bundle.ts';
import { startLine } from './line-server.ts';
import { startMortalPostgres } from './mortal-postgres.ts';
import { createPass, createQuery } from './passing-time.ts';
import { createRest, isKilled } from './rest.ts';
import { readModelKey } from './secrets.ts';

export type CrashHouse = Awaited<ReturnType<typeof startCrashHouse>>;

/** Longer than visibility (120 s; 180 s in the inbox), lease (90 s), heartbeat (2 min) and launch (3 min) last. */
export const enoughSeconds = 185;

type Options = { stateDir: string; onProcess?: (pid: number) => void };

export const startCrashHouse = async ({ stateDir, onProcess = () => {} }: Options) => {
  const place = folderInReach(stateDir);
  const cli = installCli(join(place, 'cli'), programInReach(localClaudeBinary(), place));
  const line = await startLine(join(place, 'harness.sock'));
  const worker = await bundleWorker(place);
  const mortal = await startMortalPostgres(stateDir, onProcess);
  const clock = createClock();
  const journal = createJournal();
  const faults = createFaults();
  const logs: string[] = [];
  const house = await startHouse({
    stateDir,
    startPostgres: () => Promise.resolve(mortal.postgres),
    journal,
    faults,
    onStarted: () => {},
    onProcess,
    onLog: (source, text) => logs.push(`${source} | ${text}`),
    instead: {
      startQueues: (options) => startStrictQueues({ ...options, clock }),
      claudeBinary: cli.binary,
      worker: { program: [worker], environment: { CRASH_HARNESS: line.path, IDLE_SECONDS: '3' } },
      isTimeless: true,
    },
  });
  const query = createQuery({ ...house.postgres });
  const { rest, looked, stop } = createRest({
    journal,
    depths: house.queues.depths,
    bury: () => sweep(house.place),
  });
  const jump = createPass(clock, query);
  const ecs = new ECSClient({ endpoint: house.ecs.url, region, credentials });
  const launcher = createLauncher(ecs, {
    cluster: house.ecs.clusterArn,
    taskDefinition: workerTaskDefinition,
    container: workerContainer,
    subnets: ['subnet-local'],
    securityGroups: [],
  });
  return {
    ...house,
    journal,
    faults,
    line,
    logs,
    cli,
    query,
    mortal,
    stateDir,
    modelKey: await readModelKey(house.surroundings),
    tokens: watchTokens(house.github, journal),
    rest,
    pass: async (seconds: number) => {
      await jump(seconds);
      for (const delivery of house.github.deliveries())
        delivery.deliveredAt = new Date(Date.parse(delivery.deliveredAt) - seconds * 1_000).toISOString();
    },
    /** A worker that nobody planned, as a warm one would be. */
    launchWorker: () =>
      launcher.launch({
        workerId: crypto.randomUUID(),
        laneOrder: ['normal', 'high', 'low'],
        capacity: 'on_demand',
      }),
    /** Ends every long poll. */
    endPolls: () => clock.advance(20_000),
    /** As the schedule would, every minute. */
    tick: async () => {
      const end = await house.functions.invoke('reconcile', {});
      if (end.kind === 'answered') looked();
      return end;
    },
    close: async () => {
      stop();
      ecs.destroy();
      await house.close();
      await line.close();
    },
  };
};

/** Every token that was minted, and those whose holder was struck down: they end within the hour. */
const watchTokens = ({ liveTokens }: House['github'], journal: Journal) => {
  const minted = new Set<string>();
  const orphans = new Set<string>();
  const orphan = () => {
    for (const token of liveTokens()) orphans.add(token);
  };
  journal.listen((entry) => {
    if (entry.call.endsWith('/access_tokens')) for (const token of liveTokens()) minted.add(token);
    if (isKilled(entry)) orphan();
  });
  return {
    minted: () => [...minted],
    orphan,
    /** Those that live although their holder ended by itself. */
    leftover: () => liveTokens().filter((token) => !orphans.has(token)),
  };
};

/** The stand-in for the CLI, the real one beside it, and where each run is written down. */
const installCli = (folder: string, real: string) => {
  const notes = join(folder, 'notes');
  mkdirSync(notes, { recursive: true });
  chmodSync(notes, 0o777); // whatever the umask: it runs under the agent's uid
  const binary = join(folder, 'claude');
  copyFileSync(new URL('claude.sh', import.meta.url), binary);
  chmodSync(binary, 0o755);
  symlinkSync(real, join(folder, 'real'));
  const runs = join(notes, 'runs');
  writeFileSync(runs, '');
  chmodSync(runs, 0o666);
  return {
    binary,
    notes,
    /** The process ids of the CLI's runs for a case. */
    runsOf: (id: string): string[] =>
      readFileSync(runs, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith(`${id} `))
        .map((line) => line.slice(id.length + 1)),
  };
};
